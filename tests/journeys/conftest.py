"""A real browser before a real server, and a company on a test clock behind it.

The server is pytest-django's live server: Django in threads of this process, each with a database
connection of its own, so that row-level security works as in production. What a test makes must be
committed for those to see it: the database is opened without a surrounding transaction and emptied
after the module. Playwright runs an event loop in the test's thread, which Django takes for
asynchronous code; DJANGO_ALLOW_ASYNC_UNSAFE says that it is not. The browser is Debian's chromium;
nothing is downloaded.

* `desk`: an empty company; `sandbox`: the same with invoices in every column of the board;
* `browser_page`: a tab of nobody in particular; `signed_in_page`: one of the sandbox's owner, both
  with addresses relative to the server;
* `visit`, `bare_visit` (without scripts), `phone_visit` (360 pixels): a tab of the desk's owner.

What a tab complains of in its console (errors, breaches of the CSP) fails its test.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from dunwell.ledger.operations import ContactInput
from dunwell.tenancy.models import Member
from dunwell.tenancy.roles import Role
from tests.chasing.desk import Desk, after_due, new_desk, on_issue

CHROMIUM = os.environ.get("DUNWELL_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
STEPS = [on_issue(9), after_due(3), after_due(14)]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database to a module's tests, committed, and empty it afterwards."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        connection.close()


@pytest.fixture(scope="module")
def server(house: None) -> Iterator[str]:
    """Serve the pages from this process."""
    serving = LiveServer("127.0.0.1")
    yield serving.url
    serving.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser of the system. Its driver's loop runs in this thread, beside Django."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def desk(server: str) -> Iterator[Desk]:
    """Give a company whose clock stands at Monday, 2 March 2026, 8:00 in Berlin."""
    with new_desk() as opened:
        yield opened


@pytest.fixture
def sandbox(desk: Desk) -> Desk:
    """Give a company with invoices in every column, six weeks into its story."""
    desk.cadence(STEPS)
    settled = []
    for n, name in enumerate(("Proseware", "Fabrikam", "Adventure Works Cycling International")):
        customer = desk.customer(
            name=name,
            contacts=[ContactInput(name="Jo Park", email=f"ap{n}@{n}.example", billing=True)],
            tags=["key account"] if n == 0 else [],
        )
        desk.invoice(customer=customer, due_date="2026-03-20", total=f"{900 + n}.00")
        settled.append(desk.invoice(customer=customer, due_date="2026-03-30", total="250.00"))
        desk.invoice(customer=customer, issue=False, total="75.00")
    desk.invoice(due_date="2026-04-10", total="42.00")
    desk.invoice(due_date="2026-06-01", total="1200.00")
    desk.advance("2026-04-10 12:00")
    for invoice in settled:
        desk.pay(invoice, "250.00")
    return desk


@dataclass(frozen=True)
class Visit:
    """A tab of somebody signed in; `complaints` are the browser's own, such as of the CSP."""

    page: Page
    server: str
    complaints: list[str]

    def go(self, path: str) -> Page:
        """Open a page of the organization."""
        answer = self.page.goto(f"{self.server}{path}")
        assert answer is not None
        assert answer.status == 200, answer.status
        return self.page


def open_tab(browser: Browser, server: str, desk: Desk, **options: object) -> BrowserContext:
    """Open a window in which the company's owner is signed in."""
    client = Client()
    client.force_login(Member.objects.get(role=Role.OWNER).user)
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]  # playwright's own options
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": server}])
    return context


def _visit(context: BrowserContext, server: str) -> Visit:
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if _is_wrong(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return Visit(page, server, complaints)


def _is_wrong(said: ConsoleMessage) -> bool:
    """Leave out what browsers say of a form that came back with its errors."""
    return said.type == "error" and "status of 422" not in said.text


@pytest.fixture
def visit(browser: Browser, server: str, desk: Desk) -> Iterator[Visit]:
    """Sign the owner in; afterwards the browser may not have complained of anything."""
    context = open_tab(browser, server, desk)
    opened = _visit(context, server)
    yield opened
    context.close()
    assert opened.complaints == []


@pytest.fixture
def bare_visit(browser: Browser, server: str, desk: Desk) -> Iterator[Visit]:
    """Sign the owner in, in a browser without scripts."""
    context = open_tab(browser, server, desk, java_script_enabled=False)
    yield _visit(context, server)
    context.close()


@pytest.fixture
def phone_visit(browser: Browser, server: str, desk: Desk) -> Iterator[Visit]:
    """Sign the owner in on a screen 360 pixels wide."""
    context = open_tab(browser, server, desk, viewport={"width": 360, "height": 740})
    yield _visit(context, server)
    context.close()


@pytest.fixture
def browser_page(browser: Browser, server: str) -> Iterator[Page]:
    """Open a tab in which nobody is signed in."""
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    opened = _visit(context, server)
    yield opened.page
    context.close()
    assert opened.complaints == []


@pytest.fixture
def signed_in_page(browser: Browser, server: str, sandbox: Desk) -> Iterator[Page]:
    """Open a tab of the sandbox's owner."""
    context = open_tab(browser, server, sandbox, base_url=server)
    opened = _visit(context, server)
    yield opened.page
    context.close()
    assert opened.complaints == []
