"""The process that runs agents' commands: a client of the board that talks HTTP only.

`runner.py` starts a slot for each agent that may run at once. A slot (`slot.py`) registers as a
worker, claims a stage, lets an agent do it (`agent.py`, under `supervisor.py`), and reports what
the agent's output says (`outcome.py`, `unavailable.py`, `report.py`), or rests (`rest.py`). It
sends heartbeats meanwhile (`heartbeats.py`).
"""
