"""The stages, in the order in which an article passes them: dedup, normalize, address, link, enrich, route.

Importing this is cheap: parsers, detectors and tables come with the first record. `warm` brings them at once, for a worker that
must not spend a record's time limit on them.
"""

from pipeline.records import Stage
from pipeline.stages import address, dedup, enrich, link, normalize, route

DEDUP = Stage(name="dedup", function=dedup.dedup, version=dedup.VERSION, stateful=True)
NORMALIZE = Stage(name="normalize", function=normalize.normalize, version=normalize.VERSION)
ADDRESS = Stage(name="address", function=address.address, version=address.VERSION, stateful=True)
LINK = Stage(name="link", function=link.link, version=link.VERSION, stateful=True)
ENRICH = Stage(name="enrich", function=enrich.enrich, version=enrich.VERSION)
ROUTE = Stage(name="route", function=route.route, version=route.VERSION, stateful=True)


def warm() -> None:
    """Loads what the first records would load: 0.3 s and 90 MB for a moment. To be called once, before the CPU timer is set."""
    from pipeline.formats import syndication, text  # noqa: F401
    from pipeline.wire.language import guess
    from pipeline.wire.places import find_places

    guess("warm")
    next(find_places("warm"), None)
    normalize.code_version()
