"""How much is read at most for what takes a look at each run or ticket."""

RUNS = 2_500
"""Of all projects up to so many runs are all read."""
SOME_RUNS = 1_000
"""Of more, an even sample of so many. What is told as the median of 100 lies within ten percentile
points of that of all, of 400 within five (19 times of 20). The page says so, and of how many."""
TICKETS = 1_000
"""Of one project, or of what a query finds, all runs of up to so many tickets are read."""
SOME_TICKETS = 300
"""Of more, all runs of an even sample of so many."""
CLOSED = 2_000
"""So many completed tickets are told; of more, those that closed in a run that was read."""
BEGUN = 4_000
"""With more tickets open in a span it isn't told how many of them were begun: that takes a look at
the first run of each."""
ANSWERS = 2_000
"""So many answers of people are told, the latest."""
