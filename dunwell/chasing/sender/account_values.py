"""The values of an account message's variables: a section per currency, and never a sum of two."""

from datetime import date, datetime

from dunwell.chasing.accounts.facts import AUTOPAY, OpenItem
from dunwell.chasing.sender.facts import AccountSubject, Section
from dunwell.chasing.sender.values import days_in_words, signature
from dunwell.chasing.wording import document_labels
from dunwell.chasing.wording.catalogue import Value
from dunwell.core.calendar import local_date
from dunwell.core.holds import HoldKind
from dunwell.core.money import Money
from dunwell.tenancy import locale as words

_BETWEEN = " · "


def account_values(
    subject: AccountSubject, *, address: str = "", name: str = "", now: datetime
) -> dict[str, Value]:
    """Give every variable of the catalogue its value for a message about an account.

    Where a template speaks of one invoice, it is the oldest open one.
    """
    today = local_date(now, subject.organization.zone)
    language = subject.language
    postal = "\n".join(subject.customer_address)
    items = [
        (item, _item(item, language, today)) for each in subject.sections for item in each.items
    ]
    balance = _BETWEEN.join(_balance(each, language) for each in subject.sections)
    overdue = [_overdue(each, language) for each in subject.sections]
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
        "invoice": _oldest(items, language, today),
        "amounts": {"due_now": balance, "disputed": ""},
        "payment_link": "",
        "payment": {"amount": "", "date": "", "method": "", "reference": ""},
        "last_promise": {"date": "", "amount": ""},
        "late": {"interest": "", "rate": "", "fee": "", "total": ""},
        "account": {
            "balance": balance,
            "overdue": _BETWEEN.join(each for each in overdue if each),
            "invoices": [values for _item, values in items],
            "sections": [_section(each, language, today) for each in subject.sections],
        },
        "sender": signature(
            subject.organization,
            owner=subject.owner[0],
            currencies=[each.currency for each in subject.sections],
            language=language,
        ),
        "today": words.day(today, language),
    }


def _money(minor: int, currency: str, language: str) -> str:
    return words.money(Money(minor, currency), language)


def _balance(section: Section, language: str) -> str:
    """Write what is open in a currency: all open items less credit."""
    minor = max(0, sum(item.balance for item in section.items) - section.credit)
    return _money(minor, section.currency, language)


def _overdue(section: Section, language: str) -> str:
    minor = section.standing.past_due
    return _money(minor, section.currency, language) if minor else ""


def _item(item: OpenItem, language: str, today: date) -> dict[str, Value]:
    late = max(0, (today - item.due_date).days)
    return {
        "number": item.number,
        "date": words.day(item.invoice_date, language),
        "due_date": words.day(item.due_date, language),
        "balance": _money(item.balance, item.currency, language),
        "overdue_by": days_in_words(late, language) if late else "",
        "days_overdue": late,
    }


def _oldest(
    items: list[tuple[OpenItem, dict[str, Value]]], language: str, today: date
) -> dict[str, Value]:
    item, values = items[0]
    early = max(0, (item.due_date - today).days)
    paid = item.total - item.balance
    return {
        **values,
        "total": _money(item.total, item.currency, language),
        "paid": _money(paid, item.currency, language) if paid else "",
        "currency": item.currency,
        "days_until_due": early,
        "due_in": days_in_words(early, language) if early else "",
        "purchase_order": "",
        "engagement": "",
        "due_explained": "",
    }


def _section(section: Section, language: str, today: date) -> dict[str, Value]:
    captions = document_labels(language=language)
    lines = [_line(item, language, today) for item in section.items]
    if section.credit:
        credit = _money(-section.credit, section.currency, language)
        lines.append(captions["account_credit"].format(amount=credit))
    return {
        "currency": section.currency,
        "balance": _balance(section, language),
        "overdue": _overdue(section, language),
        "lines": "\n".join(f"- {line}" for line in lines),
    }


def _line(item: OpenItem, language: str, today: date) -> str:
    """Write one open item with its notes: how late, disputed, promised, paid by itself."""
    labels = document_labels(language=language)
    late = max(0, (today - item.due_date).days)
    line = labels["account_item"].format(
        number=item.number,
        balance=_money(item.balance, item.currency, language),
        due=words.day(item.due_date, language),
    )
    notes = []
    if late:
        notes.append(labels["account_late"].format(days=days_in_words(late, language)))
    if item.disputed:
        amount = _money(item.disputed, item.currency, language)
        notes.append(labels["account_disputed"].format(amount=amount))
    if item.hold is HoldKind.DISPUTE:
        amount = _money(item.balance, item.currency, language)
        notes.append(labels["account_disputed"].format(amount=amount))
    if item.hold is HoldKind.PROMISE:
        notes.append(labels["account_promised"])
    if item.left_out == AUTOPAY:
        notes.append(labels["account_autopay"])
    elif item.left_out:
        notes.append(labels["account_plan"])
    return f"{line} ({'; '.join(notes)})" if notes else line
