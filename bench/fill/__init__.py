"""Boards to measure on: what is on them, and the databases that hold them."""
