"""What the studio invoices: projects by phase, milestones on delivery, monthly retainers."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from babel.dates import format_date

from dunwell.core.terms import Terms, due_date
from dunwell.flows.demo.acts import START, TODAY, Job, Line
from dunwell.flows.demo.firms import Firm, Work

STUDIO_TERMS: Final = Terms(30)
_REVERSE_CHARGE: Final = frozenset({"AT", "FR", "ES", "NL", "SE", "IT", "PL", "DK"})
_TITLES: Final = {
    "hospitality": ("Order portal", "Brand refresh"),
    "industry": ("Control panel interface", "Sensor housing"),
    "publishing": ("Reader app", "Shop relaunch"),
    "logistics": ("Yard dashboard", "Driver app"),
    "health": ("Patient wayfinding", "Lab software interface"),
    "mobility": ("Fleet app", "Charging station"),
    "culture": ("Exhibition graphics", "Ticket shop"),
    "retail": ("Packaging line", "Shop relaunch"),
    "public sector": ("Citizen portal", "Meter app"),
    "energy": ("Charging station", "Customer portal"),
    "travel": ("Booking app", "Brand refresh"),
    "real estate": ("District guide", "Tenant app"),
    "design": ("Design system", "Showroom"),
    "software": ("Design system", "Accessibility audit"),
    "non-profit": ("Catalogue search", "Annual report"),
}
_PHASES: Final = {
    "en": ("Workshops", "Concept", "Interface design", "Prototype", "Engineering", "User tests"),
    "de": ("Workshops", "Konzept", "Interface-Design", "Prototyp", "Entwicklung", "Nutzertests"),
    "fr": ("Ateliers", "Concept", "Design d’interface", "Prototype", "Développement", "Tests"),
    "es": ("Talleres", "Concepto", "Diseño de interfaz", "Prototipo", "Desarrollo", "Pruebas"),
}
_DAYS: Final = (2, 4, 8, 6, 12, 3)
_WORDS: Final = {
    "en": ("Design retainer", "Milestone", "Travel expenses"),
    "de": ("Design-Betreuung", "Meilenstein", "Reisekosten"),
    "fr": ("Forfait design", "Jalon", "Frais de déplacement"),
    "es": ("Iguala de diseño", "Hito", "Gastos de viaje"),
}
_NOTES: Final = {
    "reverse": "Reverse charge: VAT is owed by the recipient.",
    "abroad": "Not taxable in Germany (place of supply: the recipient).",
}


def tax(firm: Firm) -> str:
    """Return the rate of German VAT for a customer, in percent."""
    return "19" if firm.country == "DE" else "0"


def tax_note(firm: Firm) -> str:
    """Return what the invoice must say where no German VAT is charged."""
    if firm.country == "DE":
        return ""
    return _NOTES["reverse" if firm.country in _REVERSE_CHARGE else "abroad"]


def workday(day: date) -> date:
    """Return the day, or the Monday after it where it falls on a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def desk_day(day: date) -> date:
    """Return the Tuesday or Friday from a day on: invoices are written, the bank is booked."""
    while day.weekday() not in (1, 4):
        day += timedelta(days=1)
    return day


def phone_day(day: date) -> date:
    """Return the Thursday from a day on: late payers are called on Thursday afternoon."""
    return day + timedelta(days=(3 - day.weekday()) % 7)


def job(
    *,
    key: str,
    firm: Firm,
    day: date,
    engagement: str,
    lines: Sequence[Line],
    delivered: date | None = None,
    terms: Terms | None = None,
    contacts: Sequence[str] = (),
) -> Job:
    """Put a job together with its due date, order number and tax note."""
    found = due_date(
        invoice_date=day,
        delivery_date=delivered,
        explicit=None,
        invoice_terms=terms,
        customer_terms=firm.terms,
        organization_terms=STUDIO_TERMS,
    )
    if found.date is None:
        raise ValueError(f"{key} has no due date")
    order = f"PO-{45000 + sum(map(ord, key)) * 7 % 4999}" if firm.orders else ""
    return Job(
        key=key,
        firm=firm,
        day=day,
        engagement=engagement,
        lines=lines,
        due=found.date,
        delivered=delivered,
        order=order,
        note=tax_note(firm),
        terms=terms,
        contacts=contacts,
    )


def title(firm: Firm, second: int) -> str:
    """Return the name of one of the customer's projects."""
    return _TITLES[firm.tags[0]][second % 2]


def project_lines(firm: Firm, rng: Random, *, named: str) -> list[Line]:
    """Draw one to three phases of a project, by the day."""
    phases = _PHASES[firm.language]
    first = rng.randrange(len(phases))
    chosen = [(first + n) % len(phases) for n in range(rng.choice((1, 1, 2, 2, 3)))]
    lines = [
        Line(
            f"{named}: {phases[at]}",
            f"{max(1, _DAYS[at] + rng.randint(-1, 3)) - rng.choice((0, 0, 0.5))}",
            str(firm.rate),
            tax(firm),
        )
        for at in chosen
    ]
    if rng.random() < 0.12:
        cost = f"{rng.randrange(8900, 61000) / 100:.2f}"
        lines.append(Line(_WORDS[firm.language][2], "1", cost, tax(firm)))
    return lines


def milestone_line(firm: Firm, rng: Random, *, named: str, number: int, of: int) -> Line:
    """Draw a milestone at a fixed price."""
    phase = _PHASES[firm.language][min(number, 5)]
    price = firm.rate * rng.randint(9, 27)
    return Line(
        f"{named}: {_WORDS[firm.language][1]} {number}/{of}, {phase}", "1", str(price), tax(firm)
    )


def retainers(firm: Firm) -> Iterator[Job]:
    """List a retainer's invoices, on the first working day of each month."""
    for month in range(START.month + 1, TODAY.month + 1):
        day = workday(date(START.year, month, 1))
        name = format_date(day, "LLLL yyyy", locale=firm.language)
        text = f"{_WORDS[firm.language][0]}, {name}"
        line = Line(text, "1", str(firm.rate * 4), tax(firm))
        yield job(
            key=f"{firm.site}-r{month}", firm=firm, day=day, engagement="Retainer", lines=[line]
        )


def drawn(firm: Firm, rng: Random, *, number: int) -> Job:
    """Draw one more job of a customer on some working day."""
    span = (TODAY - START).days - 8
    day = desk_day(START + timedelta(days=rng.randrange(span)))
    key = f"{firm.site}-{number}"
    named = title(firm, number // 4)
    if firm.work is Work.MILESTONE:
        line = milestone_line(firm, rng, named=named, number=number % 5 + 1, of=5)
        done = day - timedelta(days=rng.randint(1, 9))
        return job(
            key=key, firm=firm, day=day, engagement="Milestone", lines=[line], delivered=done
        )
    lines = project_lines(firm, rng, named=named)
    return job(key=key, firm=firm, day=day, engagement="Project", lines=lines)
