"""What the parts of a dateline can be: countries, regions, cities that stand alone, words that are no place. Data, no grammar.

Names are compared case-folded. A part after the city that is in neither list is a region: the list of countries is complete.
"""


def _folded(*tables: str) -> frozenset[str]:
    return frozenset(name.strip().casefold() for table in tables for name in table.replace("\n", " ").split(",") if name.strip())


# English short names of ISO 3166 with the forms wires use, then German, French, Spanish and Italian names that differ from them.
COUNTRIES = _folded(
    """Afghanistan, Albania, Algeria, Andorra, Angola, Antigua and Barbuda, Argentina, Armenia, Aruba, Australia, Austria,
    Azerbaijan, Bahamas, The Bahamas, Bahrain, Bangladesh, Barbados, Belarus, Belgium, Belize, Benin, Bermuda, Bhutan,
    Bolivia, Bosnia, Bosnia-Herzegovina, Bosnia and Herzegovina, Botswana, Brazil, Britain, Brunei, Bulgaria,
    Burkina Faso, Burma, Burundi, Cambodia, Cameroon, Canada, Cape Verde, Cayman Islands, Central African Republic, Chad,
    Chile, China, Colombia, Comoros, Congo, Republic of Congo, Democratic Republic of Congo, DR Congo, Costa Rica,
    Croatia, Cuba, Curacao, Cyprus, Czech Republic, Czechia, Denmark, Djibouti, Dominica, Dominican Republic, East Timor,
    Timor-Leste, Ecuador, Egypt, El Salvador, Equatorial Guinea, Eritrea, Estonia, Eswatini, Swaziland, Ethiopia,
    Faroe Islands, Fiji, Finland, France, French Guiana, French Polynesia, Gabon, Gambia, Georgia, Germany, Ghana,
    Gibraltar, Greece, Greenland, Grenada, Guadeloupe, Guatemala, Guinea, Guinea-Bissau, Guyana, Haiti, Honduras,
    Hong Kong, Hungary, Iceland, India, Indonesia, Iran, Iraq, Ireland, Israel, Italy, Ivory Coast, Jamaica, Japan,
    Jordan, Kazakhstan, Kenya, Kiribati, Kosovo, Kuwait, Kyrgyzstan, Laos, Latvia, Lebanon, Lesotho, Liberia, Libya,
    Liechtenstein, Lithuania, Luxembourg, Macau, Macao, Madagascar, Malawi, Malaysia, Maldives, Mali, Malta,
    Marshall Islands, Martinique, Mauritania, Mauritius, Mexico, Micronesia, Moldova, Monaco, Mongolia, Montenegro,
    Morocco, Mozambique, Myanmar, Namibia, Nauru, Nepal, Netherlands, The Netherlands, New Caledonia, New Zealand,
    Nicaragua, Niger, Nigeria, North Korea, North Macedonia, Macedonia, Norway, Oman, Pakistan, Palau, Palestine,
    Palestinian Territories, Panama, Papua New Guinea, Paraguay, Peru, Philippines, the Philippines, Poland, Portugal,
    Qatar, Reunion, Romania, Russia, Rwanda, Samoa, San Marino, Saudi Arabia, Senegal, Serbia, Seychelles, Sierra Leone,
    Singapore, Slovakia, Slovenia, Solomon Islands, Somalia, South Africa, South Korea, South Sudan, Spain, Sri Lanka,
    St. Lucia, St. Vincent, Sudan, Suriname, Sweden, Switzerland, Syria, Taiwan, Tajikistan, Tanzania, Thailand, Togo,
    Tonga, Trinidad and Tobago, Trinidad, Tunisia, Turkey, Turkiye, Türkiye, Turkmenistan, Tuvalu, Uganda, Ukraine,
    United Arab Emirates, UAE, U.A.E., United Kingdom, UK, U.K., Uruguay, United States, US, U.S., USA, Uzbekistan,
    Vanuatu, Vatican City, Venezuela, Vietnam, Western Sahara, Yemen, Zambia, Zimbabwe""",
    """Ägypten, Äthiopien, Algerien, Argentinien, Armenien, Aserbaidschan, Australien, Belgien, Bosnien, Brasilien,
    Bulgarien, Dänemark, Deutschland, Estland, Finnland, Frankreich, Georgien, Griechenland, Großbritannien, Indien,
    Indonesien, Irak, Irland, Island, Italien, Japan, Jordanien, Kanada, Kasachstan, Kenia, Kolumbien, Kroatien,
    Lettland, Libanon, Libyen, Litauen, Luxemburg, Marokko, Mexiko, Moldau, Mongolei, Neuseeland, Niederlande, Nordkorea,
    Norwegen, Österreich, Philippinen, Polen, Rumänien, Russland, Saudi-Arabien, Schweden, Schweiz, Serbien, Slowakei,
    Slowenien, Spanien, Südafrika, Südkorea, Syrien, Tschechien, Tunesien, Türkei, Ungarn, Usbekistan,
    Vereinigte Arabische Emirate, Weißrussland, Zypern""",
    """Afrique du Sud, Algérie, Allemagne, Angleterre, Arabie saoudite, Argentine, Arménie, Australie, Autriche, Belgique,
    Brésil, Bulgarie, Cameroun, Chili, Chine, Chypre, Colombie, Corée du Sud, Corée du Nord, Côte d'Ivoire, Croatie,
    Danemark, Égypte, Egypte, Émirats arabes unis, Espagne, États-Unis, Etats-Unis, Éthiopie, Finlande, Géorgie, Grèce,
    Haïti, Hongrie, Inde, Indonésie, Irlande, Islande, Israël, Italie, Japon, Jordanie, Liban, Libye, Lituanie, Maroc,
    Mauritanie, Mexique, Norvège, Nouvelle-Zélande, Pays-Bas, Pérou, Pologne, République tchèque, Roumanie, Royaume-Uni,
    Russie, Sénégal, Serbie, Slovaquie, Slovénie, Soudan, Suède, Suisse, Syrie, Tchad, Thaïlande, Tunisie, Turquie""",
    """Alemania, Arabia Saudí, Argelia, Bélgica, Brasil, Camerún, Canadá, Corea del Sur, Corea del Norte, Costa de Marfil,
    Croacia, Dinamarca, Egipto, Emiratos Árabes Unidos, España, Estados Unidos, EE.UU., Etiopía, Filipinas, Finlandia,
    Francia, Grecia, Haití, Hungría, Irán, Irlanda, Italia, Japón, Jordania, Líbano, Libia, Marruecos, México, Noruega,
    Nueva Zelanda, Países Bajos, Pakistán, Panamá, Perú, Polonia, Reino Unido, República Checa, República Dominicana,
    Rumanía, Rusia, Sudáfrica, Suecia, Suiza, Túnez, Turquía, Ucrania, Germania, Spagna, Inghilterra, Gran Bretagna,
    Svizzera, Stati Uniti, Regno Unito, Ucraina, Polonia, Украина, Украина, Россия, Україна, Росія, Польша, Польща,
    Беларусь, Білорусь""",
)

# First-level divisions and territories as wires print them: AP and postal abbreviations, Canada, Australia, others often seen.
REGIONS = _folded(
    """Ala., Ariz., Ark., Calif., Colo., Conn., Del., Fla., Ga., Ill., Ind., Kan., Ky., La., Md., Mass., Mich., Minn.,
    Miss., Mo., Mont., Neb., Nev., N.H., N.J., N.M., N.Y., N.C., N.D., Okla., Ore., Pa., R.I., S.C., S.D., Tenn., Vt.,
    Va., Wash., W.Va., W. Va., Wis., Wyo., D.C., DC, Alabama, Alaska, Arizona, Arkansas, California, Colorado,
    Connecticut, Delaware, Florida, Hawaii, Idaho, Illinois, Indiana, Iowa, Kansas, Kentucky, Louisiana, Maine, Maryland,
    Massachusetts, Michigan, Minnesota, Mississippi, Missouri, Montana, Nebraska, Nevada, New Hampshire, New Jersey,
    New Mexico, New York, North Carolina, North Dakota, Ohio, Oklahoma, Oregon, Pennsylvania, Rhode Island,
    South Carolina, South Dakota, Tennessee, Texas, Utah, Vermont, Virginia, Washington, West Virginia, Wisconsin,
    Wyoming, Puerto Rico, Guam, American Samoa, U.S. Virgin Islands""",
    """AL, AK, AZ, AR, CA, CO, CT, DE, FL, GA, HI, ID, IL, IN, IA, KS, KY, LA, ME, MD, MA, MI, MN, MS, MO, MT, NE, NV, NH,
    NJ, NM, NY""",
    """NC, ND, OH, OK, OR, PA, RI, SC, SD, TN, TX, UT, VT, VA, WA, WV, WI, WY, AB, BC, MB, NB, NL, NS, NT, NU, ON, PE, QC,
    SK, YT""",
    """Alberta, British Columbia, Manitoba, New Brunswick, Newfoundland, Nova Scotia, Ontario, Quebec, Québec, Saskatchewan,
    Yukon, Nunavut, B.C., Ont., Alta., Que., N.S., N.B., Sask., Man., New South Wales, Queensland, Victoria, Tasmania,
    South Australia, Western Australia, Northern Territory, England, Scotland, Wales, Northern Ireland, West Bank,
    Gaza Strip, Crimea, Kashmir, Punjab, Xinjiang, Tibet, Chechnya, Dagestan, Siberia, Bavaria, Saxony, Sicily,
    Catalonia, Andalusia, Hokkaido, Okinawa, Bali""",
)

# Cities that wires print without a country or a source, in English and, where they differ, in their own language. A city whose
# name is also a person's or a word (SYDNEY, AUSTIN, SOFIA, NICE) is not here: it needs a source, a region or a date beside it.
CITIES = _folded(
    """Abidjan, Abu Dhabi, Abuja, Accra, Addis Ababa, Aden, Algiers, Amman, Amsterdam, Ankara, Antananarivo, Asuncion,
    Athens, Atlanta, Baghdad, Baku, Baltimore, Bamako, Bangkok, Barcelona, Beijing, Beirut, Belfast, Belgrade, Berlin,
    Bogota, Boston, Brasilia, Bratislava, Brussels, Bucharest, Budapest, Buenos Aires, Cairo, Canberra, Cape Town,
    Caracas, Chicago, Chisinau, Cincinnati, Cleveland, Cologne, Colombo, Copenhagen, Dakar, Damascus, Dar es Salaam,
    Denver, Detroit, Dhaka, Doha, Dubai, Dublin, Edinburgh, Frankfurt, Gaza, Gaza City, Geneva, Guatemala City, Hamburg,
    Hanoi, Harare, Havana, Helsinki, Hong Kong, Honolulu, Houston, Indianapolis, Islamabad, Istanbul, Jakarta, Jerusalem,
    Johannesburg, Kabul, Kampala, Karachi, Kathmandu, Kharkiv, Khartoum, Kherson, Kiev, Kigali, Kinshasa, Kramatorsk,
    Kuala Lumpur, Kyiv, Lagos, La Paz, Las Vegas, Lisbon, Ljubljana, London, Los Angeles, Luanda, Lviv, Madrid, Managua,
    Manila, Mexico City, Miami, Milan, Milwaukee, Minneapolis, Minsk, Mogadishu, Monrovia, Montevideo, Montreal, Moscow,
    Mumbai, Munich, Nairobi, New Delhi, New Orleans, New York, Niamey, Nicosia, Odesa, Oklahoma City, Oslo, Ottawa,
    Ouagadougou, Paris, Philadelphia, Phnom Penh, Pittsburgh, Podgorica, Port-au-Prince, Prague, Pretoria, Pristina,
    Pyongyang, Quito, Rabat, Ramallah, Reykjavik, Riga, Rio de Janeiro, Riyadh, Rome, Salt Lake City, San Antonio,
    San Diego, San Francisco, San Salvador, Sanaa, Santo Domingo, Sao Paulo, Sarajevo, Seattle, Seoul, Shanghai,
    Singapore, Skopje, St. Louis, St. Petersburg, Stockholm, Taipei, Tallinn, Tashkent, Tbilisi, Tegucigalpa, Tehran,
    Tel Aviv, The Hague, Tirana, Tokyo, Toronto, Tripoli, Tunis, Ulaanbaatar, United Nations, Vancouver, Vatican City,
    Vienna, Vientiane, Vilnius, Warsaw, Washington, Wellington, Windhoek, Yangon, Yaounde, Yerevan, Zagreb, Zaporizhzhia,
    Zurich""",
    """Wien, Köln, München, Genf, Zürich, Brüssel, Rom, Moskau, Kiew, Warschau, Prag, Den Haag, Genève, Bruxelles, Moscou,
    Londres, Lisbonne, Le Caire, Alger, Pékin, Varsovie, Vienne, Athènes, Moscú, Roma, Milano, Ginebra, Bruselas, Berlín,
    París, Bogotá, Ciudad de México, La Habana, Lisboa, São Paulo, Brasília, Pekín, Tokio, Nueva York, Oslo, København,
    Stockholm, Helsinki, Москва, Київ, Киев, Санкт-Петербург, Минск""",
)

# In Georgia the state, not the country.
GEORGIAN_CITIES = _folded("Atlanta, Augusta, Savannah, Macon, Athens, Columbus, Marietta, Albany, Brunswick")

# May stand in lower case inside a place name.
PARTICLES = _folded(
    """am, an, auf, au, aux, bei, das, d, da, dalla, de, dei, del, della, den, der, des, di, do, dos, du, e, el, en, im, in,
    la, las, le, les, lès,"""
    """los, na, nad, of, on, ob, sur, sous, upon, van, von, y, zu, zum, zur, the, al, es, ez, od, den, and, und, et, near,
    aan"""
)

# Function words of a headline: in no place name. Can (Tho), As (Suwayda), Is and No are in some.
NOT_PLACE_WORDS = _folded(
    """a, about, after, against, amid, are, at-large, be, before, but, could, for, from, has, have, he, how, his,
    into, it, its, over, says, say, said, she, so, than, that, these, they, this, to, was, we, were, what, when,
    where, who, whose, why, will, with, would, you, your, vs, not, more, by, or""",
)
# Labels, organisations, titles, days: in a place name only where a known region or country follows (LIVE OAK, Fla.;
# UNIVERSITY PARK, Pa.).
DOUBTFUL_WORDS = _folded(
    """advisory, alert, analysis, brief, breaking, bild, caption, copyright, correction, credit, crédit, exclusive,
    explainer, file, foto, fotos, fuente, graphic, image, interview, live, media, news, note, opinion, photo, photos,
    picture, pictures, poll, quelle, review, scoreboard, source, story, update, updated, urgent, video, videos, watch,
    result, results, summary, text, table""",
    """agency, agencia, agence, agentur, alliance, army, association, authority, bank, committee, company, congress, corp,
    council, department, federation, foundation, group, hospital, inc, institute, league, ltd, ministry, minister,
    movement, nachrichten, office, organisation, organization, party, partei, parti, partido, police, presse, press,
    programme, protection, project, school, senate, service, society, trust, union, university""",
    """mr, mrs, ms, dr, gen, sen, rep, gov, president, präsident, chancellor, senator, mayor, capt,
    col, sgt, monday, tuesday, wednesday, thursday, friday, saturday, sunday, today, yesterday, tomorrow""",
)
# Names in capitals that are organisations.
NOT_PLACES = _folded(
    """nato, who, fifa, uefa, opec, opec+, eu, un, u.n., imf, wto, iaea, unesco, unicef, fbi, cia, nsa, nasa, esa, ioc, fia,
    nba, nfl, nhl, mlb, gop, fed, ecb, boe, boj, idf, irs, sec, fda, epa, cdc, oecd, asean, brics, g7, g20, hamas,
    hezbollah, isis, who, icc, icj, unhcr, unrwa, wfp, fao, cdu, csu, spd, fdp, afd, bbc, cnn, nbc, abc, cbs, fox, trump,
    biden, harris, obama, putin, zelensky, zelenskiy, macron, scholz, merz, netanyahu, modi, xi, sunak, starmer"""
)
