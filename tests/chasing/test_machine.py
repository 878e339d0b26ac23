"""Whatever is done to invoices in whatever order, the rules hold after each step."""

from bench import sizes
from bench.proving import machine


def test_the_rules_hold_whatever_happens_in_whatever_order(house: None) -> None:
    figures = machine.run(size=sizes.SMALL.machine)
    assert figures["violations"] == {"stories that break a rule": 0}
