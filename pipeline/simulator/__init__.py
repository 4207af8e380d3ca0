"""A seeded wire with ground truth.

`phrasebook.py` compiles the word lists in `phrases/`, `grammar.py` writes stories from them, `feeds.py` is the table of
publishers, `wire.py` says which feed shows what when, `render.py` makes the bytes, `server.py` serves them; `bulk.py` yields
items without feeds, for benchmarks.
"""
