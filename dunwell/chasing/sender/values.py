"""The values of a message's variables, formatted for the customer's language."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

from babel.numbers import format_percent
from babel.units import format_unit

from dunwell.chasing.sender.facts import OrganizationFacts, Subject
from dunwell.chasing.wording import document_labels
from dunwell.chasing.wording.catalogue import Value
from dunwell.core.calendar import local_date
from dunwell.core.holds import part_disputed
from dunwell.core.money import Money
from dunwell.core.terms import Anchor, Source
from dunwell.tenancy import locale as words
from dunwell.tenancy.locale import babel_locale


def values(
    subject: Subject, *, address: str = "", name: str = "", now: datetime
) -> dict[str, Value]:
    """Give every variable of the catalogue its value, formatted for the customer's language.

    `address` and `name` are those of who gets the message.
    """
    language = subject.language
    today = local_date(now, subject.organization.zone)
    item = _item(subject, today)
    balance = item["balance"]
    postal = "\n".join(subject.customer_address)
    return {
        "customer": {
            "name": subject.customer_name,
            "number": subject.customer_number,
            "address": postal,
        },
        "contact": {
            "name": name,
            "first_name": name.partition(" ")[0],
            "email": address if "@" in address else "",
            "address": postal,
        },
        "invoice": {**item, **_more(subject, today)},
        "amounts": _amounts(subject, balance, now),
        "payment_link": "",
        "payment": {"amount": "", "date": "", "method": "", "reference": ""},
        "last_promise": _promise(subject),
        "late": _late(subject),
        "account": {
            "balance": balance,
            "overdue": balance if item["days_overdue"] else "",
            "invoices": [item],
            "sections": [_section(subject, item)],
        },
        "sender": _sender(subject),
        "today": words.day(today, language),
    }


def _money(subject: Subject, minor: int) -> str:
    return words.money(Money(minor, subject.currency), subject.language)


def _item(subject: Subject, today: date) -> dict[str, Value]:
    late = max(0, (today - subject.due_date).days)
    return {
        "number": subject.number,
        "date": words.day(subject.invoice_date, subject.language),
        "due_date": words.day(subject.due_date, subject.language),
        "balance": _money(subject, subject.balance_minor),
        "overdue_by": days_in_words(late, subject.language) if late else "",
        "days_overdue": late,
    }


def _section(subject: Subject, item: dict[str, Value]) -> dict[str, Value]:
    line = document_labels(language=subject.language)["account_item"].format(
        number=item["number"], balance=item["balance"], due=item["due_date"]
    )
    return {
        "currency": subject.currency,
        "balance": item["balance"],
        "overdue": item["balance"] if item["days_overdue"] else "",
        "lines": f"- {line}",
    }


def _more(subject: Subject, today: date) -> dict[str, Value]:
    early = max(0, (subject.due_date - today).days)
    paid = subject.total_minor - subject.balance_minor
    return {
        "total": _money(subject, subject.total_minor),
        "paid": _money(subject, paid) if paid else "",
        "currency": subject.currency,
        "days_until_due": early,
        "due_in": days_in_words(early, subject.language) if early else "",
        "purchase_order": subject.purchase_order,
        "engagement": subject.engagement,
        "due_explained": due_explained(subject, subject.language),
    }


def _amounts(subject: Subject, balance: Value, now: datetime) -> dict[str, Value]:
    """Name what is due now beside a disputed part (Rule: chasing, Held means)."""
    if not subject.invoice.holds:
        return {"due_now": balance, "disputed": ""}
    split = part_disputed(
        holds=subject.invoice.holds,
        balance_minor=subject.balance_minor,
        at=now,
        grace_days=subject.organization.rules.grace_days,
        zone=subject.organization.zone,
    )
    if split is None:
        return {"due_now": balance, "disputed": ""}
    return {
        "due_now": _money(subject, split.due_now_minor),
        "disputed": _money(subject, split.disputed_minor),
    }


def _late(subject: Subject) -> dict[str, Value]:
    """Name interest and fee for late payment, where the organization asks for them."""
    claim = subject.late
    if claim is None:
        return {"interest": "", "rate": "", "fee": "", "total": ""}
    interest = claim.interest
    total = subject.balance_minor + interest.minor + claim.fee_minor
    rate = (
        format_percent(
            interest.slices[-1].rate / 100, "#,##0.##%", locale=babel_locale(subject.language)
        )
        if interest.minor
        else ""
    )
    return {
        "interest": _money(subject, interest.minor) if interest.minor else "",
        "rate": rate,
        "fee": _money(subject, claim.fee_minor) if claim.fee_minor else "",
        "total": _money(subject, total),
    }


def _promise(subject: Subject) -> dict[str, Value]:
    if subject.promise is None:
        return {"date": "", "amount": ""}
    day, minor = subject.promise
    return {"date": words.day(day, subject.language), "amount": _money(subject, minor)}


def _sender(subject: Subject) -> dict[str, Value]:
    return signature(
        subject.organization,
        owner=subject.owner[0],
        currencies=[subject.currency],
        language=subject.language,
    )


def signature(
    organization: OrganizationFacts, *, owner: str, currencies: Sequence[str], language: str
) -> dict[str, Value]:
    """Give the variables of who writes, and where to pay amounts in these currencies."""
    accounts = [_bank_lines(organization.banks, currency, language) for currency in currencies]
    return {
        "company": organization.name,
        "name": owner or organization.sender_name,
        "email": organization.reply_to or organization.sender_email or organization.email,
        "phone": organization.phone,
        "address": "\n".join(organization.address),
        "tax_id": organization.tax_id,
        "bank_accounts": "\n\n".join(dict.fromkeys(lines for lines in accounts if lines)),
    }


@lru_cache(maxsize=256)
def _bank_lines(accounts: tuple[tuple[str, ...], ...], currency: str, language: str) -> str:
    return "\n".join(
        f"{label}: {value}" for bank in banks(accounts, currency, language) for label, value in bank
    )


def banks(
    accounts: tuple[tuple[str, ...], ...], currency: str, language: str
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the accounts to pay to in this currency, as captions and values.

    `accounts` as `OrganizationFacts.banks` has them.
    """
    captions = document_labels(language=language)
    fitting = [bank for bank in accounts if bank[6] in ("", currency)]
    return tuple(
        tuple(
            (label, value)
            for label, value in zip(
                (
                    captions["holder"],
                    "Bank",
                    "IBAN",
                    "BIC",
                    captions["account_number"],
                    captions["routing_number"],
                ),
                bank[:6],
                strict=True,
            )
            if value
        )
        for bank in fitting or accounts
    )


@lru_cache(maxsize=4096)
def days_in_words(count: int, language: str) -> str:
    """Write a number of days in a language."""
    return format_unit(count, "duration-day", locale=babel_locale(language))


def due_explained(subject: Subject, language: str) -> str:
    """Say in the customer's language how the due date came about; empty for one set by hand."""
    rule = subject.due_rule
    if not rule or rule.get("source") == Source.EXPLICIT or not rule.get("anchor_date"):
        return ""
    moved = rule.get("moved") and rule["anchor"] == Anchor.DELIVERY_DATE
    sentence = "due_moved_to_invoice_date" if moved else f"due_from_{rule['anchor']}"
    anchor_date = date.fromisoformat(rule["anchor_date"])
    return document_labels(language=language)[sentence].format(
        days=rule["days"],
        anchor_date=words.day(anchor_date, language),
        due=words.day(subject.due_date, language),
    )
