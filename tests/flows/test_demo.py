"""The demo's company: always the same, in all states, and nothing in it contradicts the rules."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from dunwell.chasing.invariants import INVARIANTS as CHASING
from dunwell.chasing.models import PlannedSend
from dunwell.flows import demo
from dunwell.flows.demo import company
from dunwell.flows.demo.acts import START, TODAY, Closed, Contested, Credited, Paused, TakenBack
from dunwell.flows.demo.plot import FIRMS, INVOICES, plot
from dunwell.inbox.models import Delivery, Message
from dunwell.ledger.invariants import INVARIANTS as LEDGER
from dunwell.ledger.invariants import violations
from dunwell.ledger.models import Activity, Customer, Invoice, Payment, Promise
from dunwell.tenancy import clock
from dunwell.tenancy.models import Event, Member, Organization, User
from dunwell.tenancy.scope import organization_scope, system_scope

SOME = 50
"""So few invoices that the company is made in seconds; the stories told by hand are all in it."""


def test_the_story_is_the_same_every_time() -> None:
    assert plot() == plot()


def test_the_story_is_as_large_as_it_says() -> None:
    story = plot()
    assert len(story.jobs) == INVOICES
    assert len(FIRMS) == 40
    assert {job.firm.site for job in story.jobs.values()} == {firm.site for firm in FIRMS}


def test_the_story_ends_before_the_morning_it_opens() -> None:
    days = [act.day for act in plot().acts]
    assert min(days) >= START
    assert max(days) < TODAY
    assert all(day.weekday() < 5 for day in days)


@pytest.mark.parametrize("kind", [Closed, Contested, Credited, Paused, TakenBack])
def test_the_story_has_its_turns(kind: type) -> None:
    assert any(isinstance(act, kind) for act in plot().acts)


def test_nobody_in_the_story_has_an_address_that_could_be_real() -> None:
    sites = [firm.site for firm in FIRMS]
    assert len(set(sites)) == len(sites)
    assert len({firm.name for firm in FIRMS}) == len(FIRMS)


@pytest.mark.django_db(transaction=True)
def test_the_company_shows_everything_and_contradicts_nothing() -> None:
    months: list[date] = []
    organization = demo.create(
        wall=datetime(2026, 11, 22, 9, tzinfo=UTC),
        passwords=lambda slug, key: f"{slug}-{key}-for-a-test",
        tell=months.append,
        invoices=SOME,
    )
    assert [day.month for day in months] == sorted({day.month for day in months})
    assert demo.find() == organization
    with organization_scope(organization):
        _has_all_states(organization)
        _has_lived(organization)
        _has_its_people()
    with system_scope("every invariant, after the demo"):
        broken = {i.name: n for i in [*LEDGER, *CHASING] if (n := violations(i))}
    assert broken == {}


@pytest.mark.django_db(transaction=True)
def test_a_company_that_was_never_finished_is_not_used() -> None:
    begun = datetime(2026, 5, 25, 6, tzinfo=UTC)
    company.found(slug=company.SLUG, now=begun, wall=begun, passwords={})
    assert demo.find() is None


def _has_all_states(organization: Organization) -> None:
    today = clock.today(organization)
    assert today == TODAY
    states = Counter(invoice.state(today=today).value for invoice in Invoice.objects.all())
    assert set(states) == {"draft", "sent", "due", "overdue", "paid", "closed"}
    assert set(Invoice.objects.values_list("currency", flat=True)) == {"EUR", "GBP", "USD"}
    assert {"open", "kept", "broken"} <= set(Promise.objects.values_list("state", flat=True))


def _has_lived(organization: Organization) -> None:
    ended = set(PlannedSend.objects.values_list("state", "reason"))
    assert {
        ("sent", ""),
        ("planned", ""),
        ("cancelled", "paid"),
        ("cancelled", "closed"),
        ("skipped", "paused"),
        ("failed", "no_email_address"),
        ("failed", "address_bounced"),
    } <= ended
    sent = Delivery.objects.filter(state="sent")
    assert Message.objects.filter(direction="out").count() == sent.count() > SOME
    assert sent.order_by("at").values_list("at", flat=True)[0].date() < date(2026, 7, 1)
    assert not Event.objects.filter(position=None).exists()
    assert {"call", "note", "meeting", "message", "payment"} <= set(
        Activity.objects.values_list("kind", flat=True)
    )
    assert Payment.objects.filter(unapplied_minor__gt=0).exists()
    assert organization.attach_invoice


def _has_its_people() -> None:
    assert Customer.objects.count() == 40
    assert set(Member.objects.values_list("role", flat=True)) == {
        "owner",
        "admin",
        "member",
        "viewer",
    }
    owner = User.objects.get(email="mira@lindquell.example")
    assert owner.check_password("lindquell-mira-for-a-test")
