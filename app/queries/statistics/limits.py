"""How much is read at most for what takes a look at each run or ticket."""

RUNS = 2_500
"""Of all projects so many runs are told."""
TICKETS = 1_000
"""Of one project, or of what a query finds, all runs of so many tickets."""
CLOSED = 2_000
"""So many completed tickets are told; of more, those that closed in a run that was read."""
BEGUN = 4_000
"""With more tickets open in a span it isn't told how many of them were begun: that takes a look at
the first run of each."""
ANSWERS = 2_000
"""So many answers of people are told, the latest."""
