"""The query language: one text that says which tickets are wanted, as in `is:ready label:ui`."""
