"""Other trackers of the same kind, with the same tickets: Roundup and Trac, as pip brings them."""
