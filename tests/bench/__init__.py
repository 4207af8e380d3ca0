"""`make bench`: ratios against a baseline measured in the same run, on a broker of its own. No figure is asserted.

__main__.py    chooses, starts, prints, writes var/bench.json
ground.py      the broker, the processes, their CPU
load.py        items and records into Kafka, and when they come out at the other end
chain.py       a, b, d: raw → enriched, ours beside an idiomatic Faust agent chain
  three_hops.py  faust_chain.py   what runs in the processes
keyed.py       c: one hop with keyed state, ours beside Quix Streams
  keyed_ours.py  keyed_quix.py    what runs in the processes
normalize.py   e: normalize alone, beside feedparser
segment.py     f: sealing segments, and a stalled store
gone.py        g: kills through two workers, until readers and the store are without the text
compact.py     k: an hour of segments as Parquet, beside pyarrow alone
link.py        l: link alone with a large state
minhash.py     m: link beside MinHash LSH, speed and quality
restore.py     r: the state of link from its changelog, beside reading it
contract.py    s: an event against its schema, beside reading its JSON
verify.py      v: a million records on disk, proved, beside expanding and hashing them
table.py       rows, goals and how they are shown
"""
