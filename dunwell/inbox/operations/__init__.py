"""Writes of the inbox floor."""
