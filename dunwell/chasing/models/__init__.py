"""Tables of the chasing floor."""

from dunwell.chasing.models.account import (
    AccountChasing,
    AccountCycle,
    AccountItem,
    AccountStep,
    CustomerCadence,
    Task,
)
from dunwell.chasing.models.cadence import Cadence, MessageTemplate
from dunwell.chasing.models.schedule import Batch, FirstSend, Pause, PlannedSend, Schedule
from dunwell.chasing.models.tray import TrayLetter

__all__ = [
    "AccountChasing",
    "AccountCycle",
    "AccountItem",
    "AccountStep",
    "Batch",
    "Cadence",
    "CustomerCadence",
    "FirstSend",
    "MessageTemplate",
    "Pause",
    "PlannedSend",
    "Schedule",
    "Task",
    "TrayLetter",
]
