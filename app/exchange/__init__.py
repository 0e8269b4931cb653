"""Formats that can be imported."""
