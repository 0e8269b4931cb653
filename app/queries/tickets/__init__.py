"""Tickets: lists, one ticket whole, and the conditions that say where one stands."""
