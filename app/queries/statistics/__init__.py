"""How work flows: what was done in a span of time, how long it took, and what was done twice.

Numbers of tickets are exact on any board. What needs each run (times, rework) is read of all runs
up to a limit, and beyond it of an even sample, which its answer says.
"""
