"""A seeded wire with ground truth: `grammar.py` writes stories, `wire.py` says which feed shows what when, `server.py` serves it."""
