"""Probes: requests that mean harm, and what no answer may hold."""
