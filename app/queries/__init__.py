"""Read models for the pages: each function is one or a few `select()`s, and gives plain values."""
