"""Replies from an IMAP mailbox."""

from dunwell.providers.mail_imap.mailbox import ImapMailbox

__all__ = ["ImapMailbox"]
