"""Dunwell: self-hosted receivables. See docs/why for the shape of the house."""

__version__ = "0.1.0"
