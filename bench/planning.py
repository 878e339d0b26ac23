"""Schedules planned per second: `./run proof planning`."""

from bench.house import prove

if __name__ == "__main__":
    prove("planning")
