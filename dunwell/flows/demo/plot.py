"""The demo's story from its first day to this morning; pure, and the same every time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from dunwell.flows.demo.acts import TODAY, Act, Invoice, Job
from dunwell.flows.demo.europe import EUROPE
from dunwell.flows.demo.fates import BOOKKEEPER, fate
from dunwell.flows.demo.firms import Firm, Work
from dunwell.flows.demo.germany import GERMANY
from dunwell.flows.demo.overseas import OVERSEAS
from dunwell.flows.demo.stories import STORIES
from dunwell.flows.demo.work import drawn, retainers, workday

FIRMS: Final[Sequence[Firm]] = (*GERMANY, *EUROPE, *OVERSEAS)
INVOICES: Final = 300
_DRAFTS: Final = 11
_SEED: Final = 20_261_123
# The one is insolvent, the other gets letters: what is told of them by hand is all.
_ONLY_TOLD: Final = frozenset({"zitterstrom", "tauberblick"})


@dataclass(frozen=True, slots=True)
class Plot:
    """All jobs by key, and all acts in the order in which they happen."""

    jobs: dict[str, Job]
    acts: tuple[Act, ...]


def plot(*, invoices: int = INVOICES) -> Plot:
    """Make up the story with about so many invoices; stories told by hand are always in it."""
    rng = Random(_SEED)  # noqa: S311 - not a secret: the same company every time
    jobs: dict[str, Job] = {}
    acts: list[Act] = []
    for firm in FIRMS:
        for tell in STORIES.get(firm.site, ()):
            job, told = tell(firm)
            jobs[job.key] = job
            acts += told
    for job in _drawn(rng, invoices - len(jobs) - _DRAFTS):
        jobs[job.key] = job
        acts += fate(job, rng)
    for job in _drafts(rng):
        jobs[job.key] = job
        acts.append(Invoice(day=job.day, job=job.key, by=BOOKKEEPER, issue=False))
    return Plot(jobs, tuple(sorted(acts, key=lambda act: (act.day, act.time, act.job))))


def _drawn(rng: Random, count: int) -> Iterator[Job]:
    """Draw jobs: each month's retainers, the rest evenly over the other customers."""
    regular = [job for firm in FIRMS if firm.work is Work.RETAINER for job in retainers(firm)]
    if count < len(regular):
        regular = regular[: count // 2]
    yield from regular
    others = [firm for firm in FIRMS if firm.site not in _ONLY_TOLD]
    weights = [1 if firm.work is Work.RETAINER else 5 for firm in others]
    numbers = dict.fromkeys(others, 0)
    for firm in rng.choices(others, weights, k=count - len(regular)):
        numbers[firm] += 1
        yield drawn(firm, rng, number=numbers[firm])


def _drafts(rng: Random) -> Iterator[Job]:
    """Draw what was written last week and waits to be sent."""
    firms = [firm for firm in FIRMS if firm.work is Work.PROJECT and firm.site not in _ONLY_TOLD]
    for firm in rng.sample(firms, _DRAFTS):
        job = drawn(firm, rng, number=99)
        day = workday(TODAY - timedelta(days=rng.randint(3, 6)))
        yield Job(
            key=job.key,
            firm=firm,
            day=day,
            engagement=job.engagement,
            lines=job.lines,
            due=job.due,
            order=job.order,
            note=job.note,
        )
