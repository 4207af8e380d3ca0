"""A seeded wire with ground truth.

`phrasebook.py` compiles the word lists in `phrases/`, `grammar.py` writes stories from them. `families.py` is the table of
special cases, each a *script* of a few messages with the truth about them (`script.py`): one story through its life
(`chains.py`), stories that look alike (`lookalikes.py`). `feeds.py` is the table of publishers, `wire.py` says which feed shows
what when, `render.py` and `newsml.py` make the bytes, `server.py` serves them; `bulk.py` yields items without feeds, for
benchmarks and for those who judge links.
"""
