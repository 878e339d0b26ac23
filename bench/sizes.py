"""How large every proof is: `SMALL` for the tests, `FULL` for `./run proof NAME`."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Replay:
    """A made-up book where no file is given; every zone sees the same book."""

    invoices: int
    customers: int
    first: date
    last: date
    zones: tuple[str, ...] = ("Europe/Berlin", "Pacific/Auckland")
    seed: int = 1


@dataclass(frozen=True)
class Kills:
    mails: int
    kills: int
    seed: int = 1


@dataclass(frozen=True)
class Race:
    trials: int
    workers: int
    seed: int = 1


@dataclass(frozen=True)
class Machine:
    runs: int
    steps: int
    fixed: bool  # the same runs every time


@dataclass(frozen=True)
class Planning:
    schedules: int
    invoices: int


@dataclass(frozen=True)
class Troubles:
    """A life with all channels and everything that goes wrong; `kills` of player or PostgreSQL."""

    invoices: int
    customers: int
    first: date
    last: date
    kills: int = 0
    between_kills: tuple[float, float] = (2.0, 8.0)  # seconds
    zone: str = "Europe/Berlin"
    seed: int = 1


@dataclass(frozen=True)
class Sizes:
    replay: Replay
    kills: Kills
    race: Race
    machine: Machine
    planning: Planning
    troubles: Troubles
    kills_of_all: Troubles


SMALL = Sizes(
    replay=Replay(invoices=40, customers=6, first=date(2012, 2, 20), last=date(2012, 4, 10)),
    kills=Kills(mails=300, kills=3),
    race=Race(trials=30, workers=2),
    machine=Machine(runs=5, steps=16, fixed=True),
    planning=Planning(schedules=2_000, invoices=200),
    troubles=Troubles(invoices=60, customers=8, first=date(2012, 2, 20), last=date(2012, 4, 10)),
    kills_of_all=Troubles(
        invoices=60, customers=8, first=date(2012, 2, 20), last=date(2012, 4, 10), kills=3
    ),
)
FULL = Sizes(
    replay=Replay(invoices=2466, customers=100, first=date(2012, 1, 3), last=date(2013, 12, 2)),
    kills=Kills(mails=5_000, kills=50),
    race=Race(trials=1_000, workers=4),
    machine=Machine(runs=80, steps=40, fixed=False),
    planning=Planning(schedules=100_000, invoices=50_000),
    troubles=Troubles(invoices=2466, customers=100, first=date(2012, 1, 3), last=date(2013, 12, 2)),
    kills_of_all=Troubles(
        invoices=2466, customers=100, first=date(2012, 1, 3), last=date(2013, 12, 2), kills=30
    ),
)
