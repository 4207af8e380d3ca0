"""The language of wires: dates, headlines, datelines, names, links, places. Pure text in, small values out; no records here."""
