"""Reports that nobody wrote, for the golden cases: a strike on a mill, told by made-up agencies in made-up towns."""

FIRST = (
    "Drones struck a grain mill on the southern edge of Varnholt early on Sunday and killed 12 people, the regional"
    " governor said."
    "\n\nFirefighters fought the blaze for six hours while rescuers searched the ruins of the main storehouse, Governor Ilse"
    " Brandvik told reporters. At least 22 people were wounded and 3 were still missing by noon."
    "\n\nThe mill feeds about 40,000 people in the valley and had reopened only in May after a flood. Its owner, Halden Korn,"
    " said that 180 workers were on the night shift when the first drone hit."
    "\n\n“We heard a whistle and then the roof was gone,” said Marek Osvald, a miller who carried two colleagues to the gate."
)
GROWN = FIRST + (
    "\n\nThe transport ministry closed the river road between Varnholt and Esk until Monday evening and sent 14 "
    "buses for those who"
    " had to leave their homes."
)
CORRECTED = FIRST.replace("killed 12 people", "killed 11 people")
REFILED = FIRST.replace("rescuers searched", "rescue workers searched")
REWRITTEN = (
    "Rescuers pulled two survivors from the ruins of a Varnholt grain mill on Sunday as the toll of a drone attack rose to 14."
    "\n\nFirefighters fought the blaze for six hours while rescuers searched the ruins of the main storehouse, Governor Ilse"
    " Brandvik told reporters. At least 22 people were wounded and 3 were still missing by noon."
    "\n\nThe mill feeds about 40,000 people in the valley and had reopened only in May after a flood. Its owner, Halden Korn,"
    " said that 180 workers were on the night shift when the first drone hit."
)
TWIN = (
    FIRST.replace("a grain mill on the southern edge of Varnholt", "a grain mill on the southern edge of Ostby")
    .replace("Ilse Brandvik", "Jon Tveit")
    .replace("Halden Korn", "Ostby Mills")
    .replace("Marek Osvald", "Petra Lund")
)
BANK = (
    "The central bank of Norland kept its main rate at 4.5 percent on Tuesday and said that prices would rise by "
    "2.1 percent in the"
    " coming year, less than it had thought in spring.\n\nGovernor Hanne Moltke said that the board had voted 6 to "
    "3 against a cut."
    " The crown gained 0.4 percent against the euro.\n\nMarkets had expected no change, a survey of 19 economists had shown."
)
ROUNDUP = (
    FIRST.split("\n\n")[0]
    + "\n\n"
    + FIRST.split("\n\n")[1]
    + "\n\n"
    + BANK
    + "\n\nElsewhere in the region, ferries stayed in port."
)
HEADLINE = "Drones strike grain mill in Varnholt, 12 dead"
