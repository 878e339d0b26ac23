"""Kills the sender at random while mails go out: `./run proof kills`."""

from bench.house import prove

if __name__ == "__main__":
    prove("kills")
