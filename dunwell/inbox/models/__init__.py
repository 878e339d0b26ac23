"""Tables of the inbox floor."""

from dunwell.inbox.models.conversation import Conversation, Message
from dunwell.inbox.models.delivery import Delivery

__all__ = ["Conversation", "Delivery", "Message"]
