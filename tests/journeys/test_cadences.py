"""How a member writes a cadence and its words, in a real browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dunwell.chasing.models import Cadence
from tests.chasing.desk import Desk, on_issue
from tests.journeys.conftest import Visit


def test_the_preview_follows_what_is_typed(visit: Visit, desk: Desk) -> None:
    desk.invoice([on_issue()], number="INV-3")
    page = visit.go("/chasing/cadences/new/")
    page.get_by_label("Name").fill("Firm")
    page.get_by_label("Preview on invoice number").fill("INV-3")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("On invoice INV-3")
    expect(preview).to_contain_text("Sat, Apr 4, 2026")
    third = page.get_by_role("group", name="Step 3", exact=True)
    third.get_by_label("Days").fill("12")
    expect(preview).to_contain_text("Mon, Apr 13, 2026")
    expect(preview).not_to_contain_text("Sat, Apr 4, 2026")


def test_steps_are_added_and_removed_and_saved(visit: Visit, desk: Desk) -> None:
    page = visit.go("/chasing/cadences/new/")
    page.get_by_label("Name").fill("Firm")
    page.get_by_role("button", name="Add a step").click()
    fifth = page.get_by_role("group", name="Step 5", exact=True)
    fifth.get_by_label("When").select_option("on_date")
    expect(fifth.get_by_label("Days")).to_be_hidden()
    fifth.get_by_label("Date").fill("2026-06-01")
    fifth.get_by_label("To the role").fill("Managing director")
    page.get_by_role("button", name="Remove step 2", exact=True).click()
    expect(page.get_by_role("group", name="Step 5", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Firm” is saved.")).to_be_visible()
    expect(page.get_by_text("On Jun 1, 2026")).to_be_visible()
    kinds = [step["trigger"]["type"] for step in Cadence.objects.get().steps]
    assert kinds == ["on_issue", "after_due", "on_date", "repeat"]


def test_a_cadence_without_scripts(bare_visit: Visit, desk: Desk) -> None:
    page = bare_visit.go("/chasing/cadences/new/")
    page.get_by_label("Name").fill("Firm")
    page.get_by_role("button", name="Add a step").click()
    expect(page.get_by_role("group", name="Step 5", exact=True)).to_be_visible()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("On an invoice issued today")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Firm” is saved.")).to_be_visible()


def test_an_unknown_variable_is_shown_at_its_line(visit: Visit, desk: Desk) -> None:
    page = visit.go("/chasing/wording/past_due_invoice/email/en/")
    page.get_by_label("Text").fill("Hello,\n\nyour {{ invoice.nmber }} is late.")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Line 3 of the text")
    expect(preview).to_contain_text("Did you mean “invoice.number”?")
    preview.get_by_role("link", name="Line 3 of the text").click()
    marked = page.evaluate(
        "(() => { const t = document.getElementById('id_text');"
        " return t.value.slice(t.selectionStart, t.selectionEnd) })()"
    )
    assert marked == "your {{ invoice.nmber }} is late."


def test_a_variable_is_inserted_by_a_click(visit: Visit, desk: Desk) -> None:
    desk.invoice([on_issue()], number="INV-3")
    page = visit.go("/chasing/wording/past_due_invoice/email/en/")
    page.get_by_label("Text").fill("Number: ")
    page.locator("summary", has_text="Invoice").click()
    page.get_by_role("button", name="{{ invoice.number }}").click()
    expect(page.get_by_label("Text")).to_have_value("Number: {{ invoice.number }}")
    page.get_by_label("Preview with invoice number").fill("INV-3")
    expect(page.locator("#preview")).to_contain_text("Number: INV-3")
    page.get_by_role("button", name="Save as your wording").click()
    expect(page.get_by_text("Your wording is saved")).to_be_visible()
    expect(page.get_by_role("link", name="English yours")).to_be_visible()


def test_axe_finds_nothing(visit: Visit, desk: Desk) -> None:
    cadence = desk.cadence([on_issue()])
    desk.invoice()
    desk.advance("2026-03-02 09:00")
    for path in (
        "/chasing/",
        "/chasing/cadences/",
        f"/chasing/cadences/{cadence.pk}/",
        f"/chasing/cadences/{cadence.pk}/delete/",
        "/chasing/wording/",
        "/chasing/wording/new_invoice/sms/de/",
        "/chasing/wording/new_invoice/email/en/",
    ):
        found = Axe().run(visit.go(path))
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_a_phone_shows_them_without_scrolling_sideways(phone_visit: Visit, desk: Desk) -> None:
    cadence = desk.cadence([on_issue()])
    desk.invoice()
    for path in (
        "/chasing/",
        "/chasing/cadences/",
        f"/chasing/cadences/{cadence.pk}/",
        "/chasing/wording/",
        "/chasing/wording/new_invoice/email/en/",
    ):
        page = phone_visit.go(path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
