"""Looks for what is wrong with an installation and its board, and repairs what can be repaired."""

from app.upkeep.doctor.examination import examine
from app.upkeep.doctor.finding import Finding

__all__ = ["Finding", "examine"]
