"""Formats that come in."""
