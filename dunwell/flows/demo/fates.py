"""How the drawn invoices were paid, and what was said on the way."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Final

from dunwell.flows.demo.acts import TODAY, Act, Invoice, Job, Logged, Paid, Promised, Time
from dunwell.flows.demo.firms import Habit
from dunwell.flows.demo.work import desk_day, phone_day, workday

_NEVER: Final = date.max
BOOKKEEPER: Final = "jonas"
_CALLS: Final = (
    ("no answer", "Rang twice, left a message with the invoice number."),
    ("left a message", "Line busy, asked to be called back."),
    ("reached", "Invoice is approved and sits in the next payment run."),
    ("reached", "They could not find the invoice; sent it again by hand."),
    ("reached", "The person who signs is on holiday until the end of the week."),
    ("reached", "Asked for a bank statement line; they will look into it today."),
)
_PROMISES: Final = (
    "Payment run on Friday, ours is in it.",
    "Waiting for one signature, then it goes out.",
    "Will pay as soon as the grant has arrived.",
    "Said sorry and named the day without being asked.",
)


def fate(job: Job, rng: Random) -> Iterator[Act]:
    """Draw what became of a job: invoiced, perhaps talked about, paid or not."""
    yield from _written(job, rng)
    paid = _paid_on(job, rng)
    if (paid - job.due).days > 7 and job.due < TODAY:
        yield from _talk(job, rng, until=min(paid, TODAY), paid=paid)
    booked = desk_day(paid)
    if booked >= TODAY:
        return
    if rng.random() < 0.05 and (TODAY - paid).days > 24:
        share = Fraction(1, 2)
        yield Paid(day=booked, job=job.key, by=BOOKKEEPER, share=share, received=paid)
        paid = workday(paid + timedelta(days=rng.randint(9, 20)))
    method = "Card" if job.firm.currency == "USD" and rng.random() < 0.3 else "Bank transfer"
    yield Paid(day=desk_day(paid), job=job.key, by=BOOKKEEPER, method=method, received=paid)


def _written(job: Job, rng: Random) -> Iterator[Act]:
    by = BOOKKEEPER
    if rng.random() < 0.04:
        yield Invoice(day=job.day, job=job.key, by=by, marked_sent=True)
    else:
        yield Invoice(day=job.day, job=job.key, by=by)


def _paid_on(job: Job, rng: Random) -> date:
    if job.firm.habit is Habit.HARD and rng.random() < 0.2:
        return _NEVER
    earliest, usual, latest = job.firm.habit.value
    late = round(rng.triangular(earliest, latest, usual))
    soonest = job.day + timedelta(days=2)
    return workday(max(job.due + timedelta(days=late), soonest))


def _talk(job: Job, rng: Random, *, until: date, paid: date) -> Iterator[Act]:
    """Draw a call about a late invoice, and a promise that is then kept."""
    day = phone_day(job.due + timedelta(days=rng.randint(4, 8)))
    if day >= until or rng.random() < 0.35:
        return
    outcome, text = rng.choice(_CALLS)
    yield Logged(
        day=day,
        job=job.key,
        by=job.firm.owner,
        time=Time.AFTERNOON,
        kind="call",
        outcome=outcome,
        text=text,
    )
    said = phone_day(day + timedelta(days=rng.randint(1, 8)))
    if said < until and paid < TODAY and rng.random() < 0.45:
        note = rng.choice(_PROMISES)
        yield Promised(
            day=said,
            job=job.key,
            by=job.firm.owner,
            time=Time.AFTERNOON,
            on=paid + timedelta(days=rng.randint(0, 2)),
            note=note,
        )
