"""Feeds: when to poll, how to fetch safely, how to cut a body into items, what is new. Parsing comes later, in `formats/`."""
