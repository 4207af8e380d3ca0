"""`app` is what `faust -A pipeline.app worker` needs, no more. Settings: ./newswire.toml, environment."""

from pipeline.cli.context import connected
from pipeline.config import load
from pipeline.topology import create_app

app = create_app(connected(load()))
