"""newswire: news feeds in, a provable log of enriched news events out.

The route of one article, file by file:

`poll/poller.py` (when) → `poll/fetch.py` (HTTP) → `poll/slice.py` (items) → `poll/decide.py` (what is new) → newswire.raw →
`stages/dedup.py` → `stages/normalize/` with `formats/` and `wire/` → `stages/address.py` → newswire.normalized →
`stages/link/` → newswire.linked → `stages/enrich.py` → newswire.enriched → `stages/route.py` (public topics) and
`sinks/objects.py` (object storage).

What carries it: `topology.py` (the map), `hop.py` (stages over records), `intake.py` (a group), `lane.py` (a transaction),
`state.py` (what stages remember), `records.py` (what everything is made of).
"""
