"""A real browser on a real server.

The server is pytest-django's `live_server`: Django in threads of this process, each with its own
database connection, so row-level security works as in production. The test's data must be
committed for them, hence `house` (tests/web/conftest.py), which opens the database without a
surrounding transaction and empties it after the module. Playwright runs an event loop in the
test's thread, which Django takes for asynchronous code: DJANGO_ALLOW_ASYNC_UNSAFE says that it is
not. The browser is Debian's chromium; nothing is downloaded.

* `sandbox`: a company with an open board, its owner signed up;
* `browser_page`: a page of a fresh browser profile, at the server's address;
* `signed_in_page`: the same with the sandbox's owner signed in.

A page that writes an error to its console fails the test that uses it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from dunwell.ledger.operations import ContactInput
from dunwell.tenancy.models import Member
from tests.chasing.desk import Desk, after_due, on_issue
from tests.web.conftest import desk, house

__all__ = ["desk", "house"]

CHROMIUM = os.environ.get("DUNWELL_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
STEPS = [on_issue(9), after_due(3), after_due(14)]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's chromium once; tests that need it are skipped where it is not installed."""
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium (apt-get install chromium)")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )


@pytest.fixture(scope="module")
def server(house: None) -> Iterator[LiveServer]:
    """Serve the module's tests on the loopback."""
    live = LiveServer("127.0.0.1:0")
    yield live
    live.stop()


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


@pytest.fixture
def context(browser: Browser, server: LiveServer) -> Iterator[BrowserContext]:
    """Open a browser profile of its own, at 1280 × 800 in light colors."""
    opened = browser.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 800}, color_scheme="light"
    )
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def browser_page(context: BrowserContext) -> Iterator[Page]:
    """Open a page; what it writes to its console as an error fails the test."""
    page, errors = context.new_page(), []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "422" not in message.text:
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def signed_in_page(
    sandbox: Desk, server: LiveServer, context: BrowserContext, browser_page: Page
) -> Page:
    """Open a page with the sandbox's owner signed in."""
    client = Client()
    client.force_login(Member.objects.get().user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
    )
    return browser_page
