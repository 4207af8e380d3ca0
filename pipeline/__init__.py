"""newswire: news feeds in, a provable log of enriched news events out."""
