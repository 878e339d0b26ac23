"""A real browser before a real server, and a company on a test clock behind it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from dunwell.tenancy.models import Member
from dunwell.tenancy.roles import Role
from tests.chasing.desk import Desk, new_desk

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Serve the pages from this process; what they write is committed."""
    with django_db_blocker.unblock():
        serving = LiveServer("127.0.0.1")
        yield serving.url
        serving.stop()
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        connection.close()


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
