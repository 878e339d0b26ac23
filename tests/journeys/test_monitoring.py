"""What a member does on the Chasing page in a browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dunwell.chasing.models import Cadence
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ContactInput
from tests.chasing.desk import Desk, on_issue

pytestmark = pytest.mark.browser


@pytest.fixture
def troubled(sandbox: Desk) -> Desk:
    """Give the company failures, holds and a day with messages."""
    for name in ("Litware", "Trey Research"):
        contacts = [ContactInput(name="No Mail", billing=True)]
        sandbox.invoice([on_issue(13)], customer=sandbox.customer(name=name, contacts=contacts))
    sandbox.advance("2026-04-10 14:00")
    held = Invoice.objects.filter(balance_minor__gt=0, issued_at__isnull=False).first()
    assert held is not None
    sandbox.pause(held, "2026-04-20")
    return sandbox


def addresses() -> list[str]:
    cadence, invoice = Cadence.objects.first(), Invoice.objects.first()
    assert cadence is not None
    assert invoice is not None
    return [
        *("/chasing/", "/chasing/calendar/", "/chasing/calendar/?month=2026-03"),
        *("/chasing/day/2026-04-10/", "/chasing/day/2030-01-01/", "/chasing/failed/"),
        *("/chasing/held/", "/chasing/statistics/", "/chasing/?customer=Nobody"),
        *(f"/chasing/cadences/{cadence.pk}/effect/", f"/chasing/cadences/{cadence.pk}/"),
        f"/invoices/{invoice.pk}/?why=2026-04-06",
    ]


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_of_monitoring_has_an_axe_violation(
    troubled: Desk, signed_in_page: Page, colors: str, width: int
) -> None:
    signed_in_page.emulate_media(color_scheme="dark" if colors == "dark" else "light")
    signed_in_page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for address in addresses():
        signed_in_page.goto(address)
        violations = Axe().run(signed_in_page).response["violations"]
        if violations:
            found[address] = [(v["id"], v["nodes"][0]["html"][:200]) for v in violations]
        assert signed_in_page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert found == {}


def test_failed_messages_are_tried_again_together(troubled: Desk, signed_in_page: Page) -> None:
    page = signed_in_page
    page.goto("/chasing/failed/")
    for box in page.locator(".troubles input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Try the chosen again").click()
    expect(page.get_by_role("heading", name="2 messages go out now")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#notices")).to_contain_text("2 messages are tried again.")
    expect(page.get_by_text("Nothing failed")).to_be_visible()


def test_a_day_of_the_calendar_is_clicked_to_see_it(troubled: Desk, signed_in_page: Page) -> None:
    page = signed_in_page
    page.goto("/chasing/calendar/?month=2026-04")
    page.get_by_role("link", name="Fri, Apr 10, 2026").click()
    expect(page.get_by_role("heading", name="Fri, Apr 10, 2026")).to_be_visible()
    expect(page.locator(".day-states")).to_contain_text("Failed")


def test_the_difference_of_an_edit_is_seen_before_it_is_saved(
    troubled: Desk, signed_in_page: Page
) -> None:
    page, cadence = signed_in_page, Cadence.objects.get()
    page.goto(f"/chasing/cadences/{cadence.pk}/")
    page.locator("[name=steps-1-days]").fill("5")
    page.get_by_role("button", name="Effect on all open invoices").click()
    expect(page.locator("#effect")).to_contain_text("Nothing is saved yet.")
    expect(page.locator("#effect .plus").first).to_be_visible()


def test_the_question_why_is_answered_in_place(troubled: Desk, signed_in_page: Page) -> None:
    page, invoice = signed_in_page, Invoice.objects.filter(paid_at__isnull=False).first()
    assert invoice is not None
    page.goto(f"/invoices/{invoice.pk}/")
    page.get_by_text("Why was nothing sent on that day?").click()
    page.locator("#why [name=why]").fill("2026-02-01")
    page.get_by_role("button", name="Tell me").click()
    expect(page.locator("#why [role=status]")).to_contain_text("not issued yet")
