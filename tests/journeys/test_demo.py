"""What somebody does who tries the demo: signs in, looks, lets time pass, looks again."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from dunwell.flows import demo
from dunwell.inbox.models import Message
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import organization_scope

pytestmark = pytest.mark.browser

PASSWORD = "a-password-for-the-demo"


@pytest.fixture(scope="module")
def company(house: None) -> Organization:
    """Make a small demo company."""
    return demo.create(
        wall=datetime(2026, 11, 22, 9, tzinfo=UTC),
        passwords=lambda _slug, _key: PASSWORD,
        tell=lambda _day: None,
        invoices=50,
    )


def _sign_in(page: Page, company: Organization, key: str) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(demo.address(slug=company.slug, key=key))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/board/")


def test_the_clock_moves_and_tells_what_went_out(company: Organization, browser_page: Page) -> None:
    page = browser_page
    _sign_in(page, company, demo.OWNER)
    expect(page.locator("#clock")).to_contain_text("Nov 23, 2026, 8:00")
    for name in ("Draft", "Sent", "Due today", "Overdue", "Paid"):
        expect(page.get_by_role("heading", name=name).first).to_be_visible()

    page.get_by_role("button", name="+1 week").click()

    expect(page.locator("#clock")).to_contain_text("Nov 30, 2026, 8:00")
    expect(page.get_by_text("messages went out, to")).to_be_visible()
    with organization_scope(company):
        newest = Message.objects.order_by("-at").select_related("conversation").first()
    assert newest is not None
    page.goto(f"/invoices/{newest.conversation.invoice_id}/")
    expect(page.locator("main")).to_contain_text(newest.subject)

    page.get_by_role("button", name="+1 hour").click()
    expect(page.locator("#clock")).to_contain_text("9:00")


def test_the_viewer_may_look_but_not_move_the_clock(
    company: Organization, browser_page: Page
) -> None:
    page = browser_page
    _sign_in(page, company, demo.VIEWER)
    expect(page.locator("#clock")).to_contain_text("Sandbox")
    expect(page.get_by_role("button", name="+1 day")).to_have_count(0)
