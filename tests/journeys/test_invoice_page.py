"""What a member does on an invoice's page, in a real browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dunwell.ledger.models import Invoice
from tests.chasing.desk import Desk, after_due, before_due, on_issue, repeat
from tests.journeys.conftest import Visit

STEPS = [on_issue(), before_due(7), after_due(3, 10), repeat(10, 3, 10)]


def made(desk: Desk) -> Invoice:
    return desk.invoice(STEPS, number="INV-7")


def line(page: Page) -> str:
    """Return the words of the schedule's line."""
    text = page.locator(".timeline").inner_text()
    return " ".join(text.split())


def test_the_schedule_follows_an_amended_due_date(visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    page = visit.go(f"/invoices/{invoice.pk}/")
    assert "3 days after due Sat, Apr 4, 2026, 10:00 AM" in line(page)
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Amend").click()
    page.get_by_label("Due date by hand").fill("2026-05-11")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("the steps that lie ahead follow the new due date")).to_be_visible()
    assert "3 days after due Thu, May 14, 2026, 10:00 AM" in line(page)
    expect(page.get_by_text("due date set by hand → due May 11, 2026")).to_be_visible()


def test_a_pause_in_the_dialog(visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    page = visit.go(f"/invoices/{invoice.pk}/")
    page.get_by_role("link", name="Pause").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Resume on")).to_be_focused()
    dialog.get_by_label("Resume on").fill("2026-03-01")
    dialog.get_by_role("button", name="Pause").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The resume date must be after today.")
    dialog.get_by_label("Resume on").fill("2026-04-10")
    dialog.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("On hold: paused, until Apr 10, 2026")).to_be_visible()
    assert "Will be skipped: paused, until Apr 10, 2026" in line(page)
    page.get_by_role("link", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume now").click()
    expect(page.locator("#chasing .status")).to_contain_text("Next: email today, 9:00")


def test_a_payment_ends_the_chasing(visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    page = visit.go(f"/invoices/{invoice.pk}/")
    page.get_by_role("link", name="Record payment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Amount")).to_have_value("100.00")
    dialog.get_by_label("Reference").fill("KTO 4711")
    dialog.get_by_role("button", name="Record the payment").click()
    expect(page.get_by_text("The invoice is paid; nothing more goes out.")).to_be_visible()
    expect(page.get_by_text("KTO 4711")).to_be_visible()
    assert "Planned" not in line(page)
    assert line(page).count("Cancelled: the invoice is paid") == 6
    assert {state for _at, state in desk.sends(invoice)} == {"cancelled: paid"}


def test_tabs_change_in_place_and_have_addresses(visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    desk.advance("2026-03-02 10:00")
    page = visit.go(f"/invoices/{invoice.pk}/")
    expect(page.get_by_text("Here is our invoice INV-7", exact=False)).to_be_visible()
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_text("Invoice created")).to_be_visible()
    assert "tab=activity" in page.url
    page.reload()
    expect(page.get_by_text("Invoice created")).to_be_visible()


def test_everything_works_without_scripts(bare_visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    page = bare_visit.go(f"/invoices/{invoice.pk}/")
    page.get_by_role("link", name="Record promise").click()
    page.get_by_label("They pay on").fill("2026-03-20")
    page.get_by_role("button", name="Record the promise").click()
    expect(page.get_by_text("On hold: they promised to pay, until Mar 24, 2026")).to_be_visible()
    page.get_by_role("link", name="Log what happened").click()
    expect(page.get_by_text("They promised")).to_be_visible()
    page.get_by_label("In your words").fill("Nobody there.")
    page.get_by_role("button", name="Log it").click()
    expect(page.get_by_text("Nobody there.")).to_be_visible()


def test_a_phone_shows_it_without_scrolling_sideways(phone_visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    desk.advance("2026-04-20 10:00")
    page = phone_visit.go(f"/invoices/{invoice.pk}/")
    for path in ("", "payment/", "amend/", "steps/", "send/"):
        phone_visit.go(f"/invoices/{invoice.pk}/{path}")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_axe_finds_nothing(visit: Visit, desk: Desk) -> None:
    invoice = made(desk)
    desk.advance("2026-04-20 10:00")
    for path in ("", "?tab=activity", "?tab=documents", "payment/", "send/", "amend/", "steps/"):
        page = visit.go(f"/invoices/{invoice.pk}/{path}")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
