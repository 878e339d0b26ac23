"""Reads of the inbox floor."""
