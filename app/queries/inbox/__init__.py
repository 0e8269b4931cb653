"""The inbox: what waits for a person, and how many there are."""
