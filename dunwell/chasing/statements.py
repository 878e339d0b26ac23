"""Statements of account on paper, and the notes beside their open items.

    statement_pdf(organization=…, customer_id=…, kind="open_items", today=…, now=…)

gives what messages and letters attach, pages download and the API answers. It runs inside the
organization's scope. Rule: chasing, Customer chasing (the statement lists all open items, with
notes).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from django.db import connection

from dunwell.chasing.holds import all_holds
from dunwell.chasing.sender.facts import OrganizationFacts, address_lines, load_organizations
from dunwell.chasing.sender.values import banks
from dunwell.chasing.wording import language_for, statement_labels
from dunwell.core.aging import Bucket, aging
from dunwell.core.holds import Hold, HoldKind, free_on, standing
from dunwell.core.mime import Attachment
from dunwell.core.money import Money
from dunwell.ledger import queries
from dunwell.ledger.models import Customer
from dunwell.ledger.queries import Statement, StatementEntry
from dunwell.ledger.queries.payment_plans import live_plans
from dunwell.ports.documents import Party, StatementDocument, StatementLine, StatementSection
from dunwell.ports.registry import document_renderer
from dunwell.tenancy import locale as words
from dunwell.tenancy.models import Organization

type Kind = Literal["open_items", "balance_forward"]

_LETTER_COUNTRIES: Final = ("US", "CA", "MX")
_BUCKETS: Final = {
    Bucket.UP_TO_30: "1–30",
    Bucket.UP_TO_60: "31–60",
    Bucket.UP_TO_90: "61–90",
    Bucket.OVER_90: "90+",
}


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be known of an open item.

    `kind`: disputed, promised, held, pending, claimed, plan. `on`: the promised day, the day a
    hold ends or the next installment is due; `amount`: the disputed part or what is left of that
    installment. None where there is no such thing.
    """

    kind: str
    on: date | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The days a balance forward tells of, both included."""

    since: date
    until: date


def this_month(today: date) -> Period:
    """Return the month of a day, as far as it has come to an end or not."""
    first = today.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def statement_pdf(
    *,
    organization: Organization,
    customer_id: UUID,
    kind: Kind,
    today: date,
    now: datetime,
    language: str = "",
    period: Period | None = None,
) -> Attachment:
    """Draw a customer's statement, by default in their language and for this month.

    Raises NotFound, and DocumentError where it cannot be drawn.
    """
    customer = queries.get_customer(customer_id=customer_id)
    language = language or customer.language or organization.locale
    drawn = document_renderer(name="pdf_typst").render_statement(
        statement_document(
            organization=organization,
            customer=customer,
            kind=kind,
            today=today,
            now=now,
            language=language,
            period=period or this_month(today),
        )
    )
    name = statement_labels(language=language)["file"]
    return Attachment(f"{name}-{today.isoformat()}.pdf", "application/pdf", drawn)


def statement_document(
    *,
    organization: Organization,
    customer: Customer,
    kind: Kind,
    today: date,
    now: datetime,
    language: str,
    period: Period,
) -> StatementDocument:
    """Set a customer's account into a document, in the words of a language."""
    labels = statement_labels(language=language)
    with connection.cursor() as cursor:
        facts = load_organizations(cursor, [organization.pk])[organization.pk]
    put = _Putting(facts, language, labels, today)
    if kind == "open_items":
        items = queries.open_items(customer_id=customer.pk)
        ids = [each.invoice_id for part in items for each in part.entries if each.invoice_id]
        notes = notes_of(organization=organization, invoice_ids=ids, today=today, now=now)
        credit = queries.credit_of(customer_id=customer.pk)
        sections = [put.open_items(part, notes, credit.get(part.currency)) for part in items]
    else:
        moved = queries.balance_forward(
            customer_id=customer.pk, since=period.since, until=period.until
        )
        sections = [put.balance_forward(part, period) for part in moved]
    return StatementDocument(
        language=language_for(language),
        labels=labels,
        title=labels["title"],
        seller=Party(name=facts.name, lines=(*facts.address, facts.email, facts.tax_id)),
        buyer=Party(name=customer.name, lines=_address(customer)),
        facts=put.facts(customer, kind, period),
        sections=tuple(sections),
        made_at=now.replace(microsecond=0),
        paper="us-letter" if facts.country in _LETTER_COUNTRIES else "a4",
    )


def notes_of(
    *, organization: Organization, invoice_ids: Iterable[UUID], today: date, now: datetime
) -> dict[UUID, list[Note]]:
    """Gather what is to be known of open items: disputes, promises, holds and plans."""
    ids = list(invoice_ids)
    with connection.cursor() as cursor:
        held = all_holds(cursor=cursor, invoice_ids=ids, ended_after=now)
    plans = live_plans(invoice_ids=ids, today=today)
    currencies = {each.pk: each.currency for each in queries.invoices_by_id(ids=ids)}
    grace, zone = organization.promise_grace_days, organization.zone
    notes: dict[UUID, list[Note]] = {}
    for pk, currency in currencies.items():
        found = [
            note
            for hold in standing(holds=held.get(pk, ()), at=now, grace_days=grace, zone=zone)
            if (note := _note(hold, currency, grace)) is not None
        ]
        if pk in plans and (part := plans[pk].next) is not None:
            found.append(Note("plan", part.due_date, part.left))
        if found:
            notes[pk] = found
    return notes


def _note(hold: Hold, currency: str, grace_days: int) -> Note | None:
    match hold.kind:
        case HoldKind.DISPUTE:
            covers = hold.covers_minor
            return Note("disputed", amount=None if covers is None else Money(covers, currency))
        case HoldKind.PROMISE:
            return Note("promised", hold.until)
        case HoldKind.PENDING_PAYMENT:
            return Note("pending")
        case HoldKind.CLAIMED_PAID:
            return Note("claimed")
        case HoldKind.PAUSE:
            return Note("held", free_on(hold, grace_days=grace_days))
    return None  # credit stands in the totals; the rest is not the customer's to read


def _address(customer: Customer) -> tuple[str, ...]:
    parts = ("line1", "line2", "postal_code", "city", "region", "country")
    lines = address_lines([getattr(customer, part) for part in parts])
    return (*lines, customer.tax_id) if customer.tax_id else lines


@dataclass(frozen=True, slots=True)
class _Putting:
    """Puts an account into words: the organization, the language and its captions, and the day."""

    organization: OrganizationFacts
    language: str
    labels: Mapping[str, str]
    today: date

    def facts(self, customer: Customer, kind: Kind, period: Period) -> tuple[tuple[str, str], ...]:
        """Say of which day or period it is, and whose."""
        labels = self.labels
        when = (labels["as_of"], self._long(self.today))
        if kind == "balance_forward":
            span = f"{self._short(period.since)} – {self._short(period.until)}"
            when = (labels["period"], span)
        number = (labels["customer_number"], customer.external_id or "")
        return (when, number) if number[1] else (when,)

    def open_items(
        self, part: Statement, notes: Mapping[UUID, Sequence[Note]], credit: Money | None
    ) -> StatementSection:
        """Set what is open in one currency, with ages and what is to be paid."""
        labels, currency = self.labels, part.currency
        totals = [(labels["open_total"], self._money(part.closing))]
        if credit:
            totals.append((labels["credit"], self._money(-credit)))
            totals.append((labels["balance"], self._money(part.closing - credit)))
        return StatementSection(
            title=labels["section"].format(currency=currency),
            columns=(
                (labels["invoice"], "left"),
                (labels["invoice_date"], "left"),
                (labels["due_date"], "left"),
                (labels["overdue"], "right"),
                (labels["total"], "right"),
                (labels["open"], "right"),
            ),
            lines=tuple(self._open(each, notes.get(_id(each), ())) for each in part.entries),
            totals=tuple(totals),
            buckets=self._buckets(part),
            bank_accounts=banks(self.organization.banks, currency, self.language),
        )

    def balance_forward(self, part: Statement, period: Period) -> StatementSection:
        """Set what moved in one currency between an opening and a closing balance."""
        labels = self.labels
        opening = StatementLine(
            cells=(labels["opening"], self._short(period.since), "", self._money(part.opening))
        )
        closing = (labels["closing"], self._money(part.closing))
        return StatementSection(
            title=labels["section"].format(currency=part.currency),
            columns=(
                (labels["entry"], "left"),
                (labels["day"], "left"),
                (labels["change"], "right"),
                (labels["running"], "right"),
            ),
            lines=(opening, *(self._moved(each) for each in part.entries)),
            totals=(closing,),
            bank_accounts=banks(self.organization.banks, part.currency, self.language),
        )

    def _open(self, entry: StatementEntry, notes: Sequence[Note]) -> StatementLine:
        late = (self.today - entry.due_date).days if entry.due_date else 0
        return StatementLine(
            cells=(
                entry.label,
                self._short(entry.day),
                self._short(entry.due_date) if entry.due_date else "",
                str(late) if late > 0 else "",
                self._money(entry.amount),
                self._money(entry.balance),
            ),
            notes=tuple(self._note(note) for note in notes),
            late=late > 0,
        )

    def _moved(self, entry: StatementEntry) -> StatementLine:
        name = self.labels[entry.kind]
        return StatementLine(
            cells=(
                f"{name} {entry.label}".strip(),
                self._short(entry.day),
                self._money(entry.amount),
                self._money(entry.balance),
            )
        )

    def _note(self, note: Note) -> str:
        name = note.kind
        if name == "disputed" and note.amount is None:
            name = "disputed_all"
        if name == "held" and note.on is None:
            name = "held_open"
        return self.labels[name].format(
            date=self._short(note.on) if note.on else "",
            amount=self._money(note.amount) if note.amount else "",
        )

    def _buckets(self, part: Statement) -> tuple[tuple[str, str], ...]:
        of_age = ages(part=part, today=self.today)
        days = self.labels["days"]
        return tuple(
            (
                self.labels["current"]
                if bucket is Bucket.CURRENT
                else days.format(range=_BUCKETS[bucket]),
                self._money(amount),
            )
            for bucket, amount in of_age.items()
        )

    def _money(self, amount: Money) -> str:
        return words.money(amount, self.language)

    def _short(self, day: date) -> str:
        return words.day_short(day, self.language)

    def _long(self, day: date) -> str:
        return words.day(day, self.language)


def ages(*, part: Statement, today: date) -> Mapping[Bucket, Money]:
    """Sum the open items of one currency by days overdue; every bucket is named."""
    items = [
        (each.balance, (today - each.due_date).days if each.due_date else 0)
        for each in part.entries
    ]
    found = aging(items).get(part.currency)
    return found.buckets if found else {}


def _id(entry: StatementEntry) -> UUID:
    if entry.invoice_id is None:
        raise ValueError("an open item is an invoice")
    return entry.invoice_id
