"""`make bench`: ratios against a baseline measured in the same run, on a broker of the bench's own. Nothing is asserted in here.

__main__.py    chooses, starts, prints, writes var/bench.json
ground.py      the broker, the processes, their CPU
load.py        items and records into Kafka, and when they come out at the other end
chain.py       a, b, d: raw → enriched, ours beside an idiomatic Faust agent chain
  three_hops.py  faust_chain.py   what runs in the processes
keyed.py       c: one hop with keyed state, ours beside Quix Streams
  keyed_ours.py  keyed_quix.py    what runs in the processes
verify.py      v: a million records on disk, proved, beside expanding and hashing them
table.py       rows, goals and how they are shown
"""
