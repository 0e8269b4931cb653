"""The rules that choose among rows or change many: claims, leases, plans, people's accounts.

None of them commits: the interface that called does, once.
"""

from app.pipeline.claims import Claim, Claimant, claim_for, claim_next
from app.pipeline.inbox import Marked, mark_dealt_with, process_events
from app.pipeline.leases import expire_leases, is_sweep_due
from app.pipeline.newcomers import Account, clean_name, welcome, welcome_invited
from app.pipeline.people import change_password, disable_person, reset_password
from app.pipeline.worker_types import delete_worker_type, rename_worker_type, tickets_needing
from app.pipeline.workers import (
    Instruction,
    declare_dead,
    finish_worker,
    heartbeat,
    register_worker,
)

__all__ = [
    "Account",
    "Claim",
    "Claimant",
    "Instruction",
    "Marked",
    "change_password",
    "claim_for",
    "claim_next",
    "clean_name",
    "declare_dead",
    "delete_worker_type",
    "disable_person",
    "expire_leases",
    "finish_worker",
    "heartbeat",
    "is_sweep_due",
    "mark_dealt_with",
    "process_events",
    "register_worker",
    "rename_worker_type",
    "reset_password",
    "tickets_needing",
    "welcome",
    "welcome_invited",
]
