"""The words dates are written with: names of zones and months. Tables only; `dates.py` reads with them."""

# Minutes east of Greenwich. A name with several meanings has the one that newsrooms use: IST India (not Ireland, not Israel), BST
# Britain (not Bangladesh), CST, EST, MST and PST America (not China, Australia, Malaysia, the Philippines), AST the Atlantic (not
# Arabia), GST the Gulf. A name is taken at its word: CET in July is an hour behind CEST.
ZONES: dict[str, int] = {
    name: int(hours * 60)
    for hours, names in {
        0: "z ut utc gmt wet",
        1: "bst cet met mez wat west",
        2: "cest mest mesz eet cat sast",
        3: "eest msk eat trt idt",
        3.5: "irst",
        4: "gst msd",
        5: "pkt uzt",
        5.5: "ist slst",
        5.75: "npt",
        6: "bdt",
        6.5: "mmt",
        7: "ict wib",
        8: "hkt sgt myt pht awst wita",
        9: "jst kst wit",
        9.5: "acst",
        10: "aest chst",
        10.5: "acdt",
        11: "aedt",
        12: "nzst",
        13: "nzdt",
        -2.5: "ndt",
        -3: "brt art uyt adt",
        -3.5: "nst",
        -4: "edt ast clt",
        -5: "est cdt pet cot",
        -6: "cst mdt",
        -7: "mst pdt",
        -8: "pst akdt",
        -9: "akst",
        -10: "hst",
    }.items()
    for name in names.split()
}

# What Americans write all year, in daylight saving time too; the minutes are those of standard time.
WALL_CLOCKS = {"et": -300, "ct": -360, "mt": -420, "pt": -480}

# In the languages feeds are most often localised into; the first three letters of each count too where they mean one month.
MONTH_NAMES = (
    "january januar jänner janvier enero gennaio janeiro januari",
    "february februar février fevrier febrero febbraio fevereiro februari",
    "march märz maerz mars marzo março marco maart mrz",
    "april avril abril aprile",
    "may mai mayo maggio maio mei",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august août aout agosto augustus",
    "september septembre septiembre settembre setembro sept",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember décembre decembre diciembre dicembre dezembro",
)


def _months() -> dict[str, int]:
    table: dict[str, int] = {}
    for number, names in enumerate(MONTH_NAMES, 1):
        for name in names.split():
            table[name] = number
            table.setdefault(name[:3], number)
    # "jui" and "juil" are June or July in French; "mar", "mai" are settled by the order above.
    table.pop("jui")
    return table | {"juil": 7, "janv": 1, "févr": 2, "avr": 4, "déc": 12}


MONTHS = _months()

# Greek, Hungarian, Polish, Russian, Ukrainian: as in dates (genitive), alone, abbreviated. "listopad" is November, as in Poland
# and Ukraine; Croatian, where it is October, is not read. Apart from MONTHS: datelines and telegraph forms are not written so.
MORE_NAMES = (
    "ιανουαρίου ιαν január stycznia styczeń sty января январь янв січня січень січ",
    "φεβρουαρίου φεβ február lutego luty lut февраля февраль фев февр лютого лютий лют",
    "μαρτίου μάρ μαρ március marca marzec марта март мар березня березень бер",
    "απριλίου απρ április kwietnia kwiecień kwi апреля апрель апр квітня квітень кві квіт",
    "μαΐου μάι μαι május maja maj мая май травня травень тра трав",
    "ιουνίου ιούν ιουν június czerwca czerwiec cze czer июня июнь июн червня червень чер черв",
    "ιουλίου ιούλ ιουλ július lipca lipiec lip июля июль июл липня липень лип",
    "αυγούστου αύγ αυγ augusztus sierpnia sierpień sie sier августа август авг серпня серпень сер серп",
    "σεπτεμβρίου σεπ szeptember września wrzesień wrz wrzes сентября сентябрь сен сент вересня вересень вер",
    "οκτωβρίου οκτ október października październik paź paźdz октября октябрь окт жовтня жовтень жов жовт",
    "νοεμβρίου νοέ νοε listopada listopad lis ноября ноябрь ноя нояб листопада листопад лис лист",
    "δεκεμβρίου δεκ grudnia grudzień gru декабря декабрь дек грудня грудень гру груд",
)
FEED_MONTHS = (
    MONTHS | {name.casefold(): number for number, names in enumerate(MORE_NAMES, 1) for name in names.split()} | {"mrt": 3}
)
