"""The rules that choose among rows or change many: claims, leases, and what plans still need.

None of them commits: the door that called does, once.
"""

from app.pipeline.claims import Claim, claim_next
from app.pipeline.inbox import process_events
from app.pipeline.leases import expire_leases, is_sweep_due
from app.pipeline.worker_types import delete_worker_type, rename_worker_type, tickets_needing
from app.pipeline.workers import Instruction, declare_dead, finish_worker, heartbeat

__all__ = [
    "Claim",
    "Instruction",
    "claim_next",
    "declare_dead",
    "delete_worker_type",
    "expire_leases",
    "finish_worker",
    "heartbeat",
    "is_sweep_due",
    "process_events",
    "rename_worker_type",
    "tickets_needing",
]
