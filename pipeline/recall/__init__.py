"""Recall: what was killed loses its content wherever the service keeps it for good, and anybody can have that proved.

`service.py` obeys `newswire.retractions` in the worker, `barrier.py` tells when all that was known at the kill is stored,
`haste.py` asks all workers to seal for that. `patrol.py` and `rounds.py` see to what comes into the store later, `watch.py` tells
which kills are in force, `account.py` is what is committed about it. `prove.py` looks for what is left. How content leaves a
store is in `sinks/` (`targets.py`, `returning.py`, `sweep.py`, `redact.py`); public topics are the business of `stages/route.py`.
"""
