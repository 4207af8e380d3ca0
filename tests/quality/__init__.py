"""Quality of the rules over generated and hand-written sets: figures with pinned floors, never lowered silently."""
