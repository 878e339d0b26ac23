"""Payments against working senders: `./run proof race`."""

from bench.house import prove

if __name__ == "__main__":
    prove("race")
