"""Invoices: what programs send, what they read, and the addresses."""

from dunwell.api.resources.invoices.answers import InvoiceOut, one, present, require
from dunwell.api.resources.invoices.views import router

__all__ = ["InvoiceOut", "one", "present", "require", "router"]
