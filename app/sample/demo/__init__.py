"""`callboard demo`: a scratch board on which a crew works on the sample project's tickets.

`scene.py` makes the project and its tickets, `agent.py` is the crew's agent, `processes.py` starts
and ends the processes, and `show.py` runs all of it.
"""
