"""Tables of the inbox floor."""

from dunwell.inbox.models.conversation import Conversation, Message
from dunwell.inbox.models.delivery import Delivery
from dunwell.inbox.models.received import MailboxState, ReceivedFile, Reply, ReplyHold
from dunwell.inbox.models.report import HookCall, ReceivedReport

__all__ = [
    "Conversation",
    "Delivery",
    "HookCall",
    "MailboxState",
    "Message",
    "ReceivedFile",
    "ReceivedReport",
    "Reply",
    "ReplyHold",
]
