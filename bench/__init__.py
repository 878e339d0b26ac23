"""Measurements, one file per claim; `python -m bench.NAME` prints a table and writes results."""
