"""The public contract: what stands on topics and in manifests, as JSON Schema in `schemas/`, and how it may change.

`subjects.py` (the table) and `words.toml` → `generate.py` (records to schemas) → `schemas/` ← `library.py` (reads it, guards
what was published) ← `check.py` (is this record as promised?). `compatibility.py` and `write.py` are for changing the contract.
"""
