"""`python -m pipeline` is `newswire`."""

from pipeline.cli import main

main()
