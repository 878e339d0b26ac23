"""Tables of the inbox floor."""

from dunwell.inbox.models.conversation import Conversation, Message
from dunwell.inbox.models.delivery import Delivery
from dunwell.inbox.models.received import MailboxState, ReceivedFile, Reply, ReplyHold

__all__ = [
    "Conversation",
    "Delivery",
    "MailboxState",
    "Message",
    "ReceivedFile",
    "Reply",
    "ReplyHold",
]
