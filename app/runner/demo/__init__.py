"""`callboard demo`: a board of its own with a crew at work, for someone who sees it for the first
time.

`scene.py` says what there is to do, `agent.py` is the crew's agent, `stage_door.py` starts and ends
the processes, and `show.py` lets it all happen.
"""
