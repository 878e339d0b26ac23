"""Tables of the chasing floor."""

from dunwell.chasing.models.cadence import Cadence, MessageTemplate
from dunwell.chasing.models.schedule import Batch, FirstSend, Pause, PlannedSend, Schedule

__all__ = ["Batch", "Cadence", "FirstSend", "MessageTemplate", "Pause", "PlannedSend", "Schedule"]
