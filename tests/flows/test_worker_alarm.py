"""What is said, and to whom, when no worker runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from dunwell.flows import worker_alarm
from dunwell.tenancy import clock, heartbeat
from dunwell.tenancy.models import Member, Organization, User, WorkerHeartbeat, WorkerOutage
from dunwell.tenancy.roles import Role
from dunwell.tenancy.scope import organization_scope, system_scope

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def memory_mail(settings: Any) -> Iterator[None]:
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    mail.outbox = []
    yield
    mail.outbox = []


@pytest.fixture
def company() -> Organization:
    """Give a live company with two owners, one of them gone, and a viewer."""
    with system_scope("make a company"):
        made = Organization.objects.create(
            name="Proseware", slug="proseware", time_zone="Europe/Berlin", created_at=T0
        )
    with organization_scope(made):
        people = [("ada", Role.OWNER, True), ("gone", Role.OWNER, False), ("vi", Role.VIEWER, True)]
        for name, role, active in people:
            user = User.objects.create_user(f"{name}@proseware.example", name=name)
            Member.objects.create(
                organization=made, user=user, name=name, email=user.email, role=role,
                active=active, joined_at=T0,
            )  # fmt: skip
    return made


def minutes(n: float) -> datetime:
    return T0 + timedelta(minutes=n)


def text(message: Any) -> str:
    return str(message.body).replace("\u202f", " ").replace("\n", " ")


def look(at: float) -> None:
    worker_alarm.look(watched_since=T0, now=minutes(at))


def test_owners_are_written_to_once_when_no_worker_ran_for_ten_minutes(
    company: Organization,
) -> None:
    heartbeat.beat(at=T0)
    for at in (5, 9.9, 10, 11, 60):
        look(at)
    (told,) = mail.outbox
    assert told.recipients() == ["ada@proseware.example"]
    assert told.subject == "Dunwell: no worker is running, nothing is sent"
    assert "since Mar 2, 2026, 9:00 AM" in text(told)
    assert "within the catch-up window of 24 hours" in text(told)


def test_and_once_again_when_one_is_back(company: Organization) -> None:
    heartbeat.beat(at=T0)
    look(12)
    heartbeat.beat(at=minutes(30))
    look(31)
    look(32)
    assert [m.subject for m in mail.outbox][1:] == ["Dunwell: a worker runs again"]
    assert "from Mar 2, 2026, 9:00 AM to Mar 2, 2026, 9:30 AM" in text(mail.outbox[1])


def test_every_outage_is_told_anew(company: Organization) -> None:
    heartbeat.beat(at=T0)
    look(12)
    heartbeat.beat(at=minutes(30))
    look(45)
    assert WorkerOutage.objects.count() == 2
    assert len(mail.outbox) == 3


def test_a_worker_never_seen_is_missed_from_when_the_web_process_began_to_look(
    company: Organization,
) -> None:
    look(9)
    assert not mail.outbox
    look(10)
    assert len(mail.outbox) == 1
    assert WorkerOutage.objects.get().began_at == T0


def test_two_web_processes_record_and_tell_one_outage(company: Organization) -> None:
    worker_alarm.look(watched_since=T0, now=minutes(20))
    worker_alarm.look(watched_since=minutes(3), now=minutes(21))
    assert WorkerOutage.objects.count() == 1
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_down_is_tried_again(
    company: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise SMTPServerDisconnected

    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", refuse)
        look(12)
    assert WorkerOutage.objects.get().told_at is None
    look(13)
    assert len(mail.outbox) == 1


def test_an_outage_in_which_everything_was_down_is_kept_by_the_worker_that_comes_back() -> None:
    heartbeat.beat(at=T0)
    heartbeat.beat(at=T0 + timedelta(days=2))
    kept = WorkerOutage.objects.get()
    assert (kept.began_at, kept.ended_at) == (T0, T0 + timedelta(days=2))
    assert WorkerHeartbeat.objects.count() == 1


def test_a_worker_seen_all_the_time_leaves_no_outage() -> None:
    for n in range(5):
        heartbeat.beat(at=minutes(9 * n))
    assert not WorkerOutage.objects.exists()


def test_outages_of_a_stretch_of_time_are_found() -> None:
    WorkerOutage.objects.create(began_at=minutes(0), ended_at=minutes(20))
    WorkerOutage.objects.create(began_at=minutes(40))
    for after, before, found in [(5, 10, 1), (20, 40, 0), (10, 50, 2), (60, 90, 1)]:
        assert len(heartbeat.outages(after=minutes(after), before=minutes(before))) == found


def test_the_health_endpoint_names_the_outage_and_the_web_process_stays_up(
    client: Client,
) -> None:
    heartbeat.beat(at=clock.wall() - timedelta(minutes=11))
    worker_alarm.look(watched_since=T0, now=clock.wall())
    whole, web = client.get("/healthz"), client.get("/healthz/web")
    assert whole.status_code == 503
    assert whole.json()["outage"].startswith("since ")
    assert web.status_code == 200
    assert web.json()["worker"].startswith("not seen for ")
    heartbeat.beat(at=clock.wall())
    assert client.get("/healthz").json() == {
        "status": "ok", "web": "ok", "database": "ok", "worker": "ok",
    }  # fmt: skip


def test_every_page_of_a_member_says_that_no_worker_runs(
    company: Organization, client: Client
) -> None:
    client.force_login(User.objects.get(email="vi@proseware.example"))
    assert "No worker is running." not in client.get("/board/").content.decode()
    look(12)
    page = client.get("/board/").content.decode()
    assert "No worker is running." in page
    assert "Nothing is sent and no reply is read" in page
    heartbeat.beat(at=minutes(20))
    assert "No worker is running." not in client.get("/board/").content.decode()
