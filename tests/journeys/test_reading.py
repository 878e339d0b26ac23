"""What a member does on Monday morning with the board, the list and the search."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dunwell.ledger.models import Customer, Invoice, Payment
from tests.chasing.desk import Desk
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.browser


def addresses() -> list[str]:
    customer, payment = Customer.objects.get(name="Proseware"), Payment.objects.first()
    assert payment is not None
    return [
        *("/board/", "/board/?q=nothing-is-called-so", "/invoices/", "/invoices/?status=all"),
        *("/invoices/?filters=1", "/customers/", "/payments/", "/search?q=pro"),
        *("/invoices/new", "/customers/new", f"/payments/new?customer={customer.pk}"),
        *(f"/customers/{customer.pk}/", f"/customers/{customer.pk}/edit"),
        *(f"/payments/{payment.pk}/", f"/payments/{payment.pk}/reverse"),
    ]


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_has_an_axe_violation(signed_in_page: Page, colors: str, width: int) -> None:
    signed_in_page.emulate_media(color_scheme="dark" if colors == "dark" else "light")
    signed_in_page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for address in addresses():
        signed_in_page.goto(address)
        violations = Axe().run(signed_in_page).response["violations"]
        if violations:
            found[address] = [(v["id"], v["nodes"][0]["html"][:200]) for v in violations]
    assert found == {}


def test_every_page_fits_a_small_phone(signed_in_page: Page) -> None:
    signed_in_page.set_viewport_size({"width": 360, "height": 740})
    for address in addresses():
        signed_in_page.goto(address)
        assert signed_in_page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_control_k_goes_to_an_invoice(signed_in_page: Page) -> None:
    number = Invoice.objects.filter(customer__name="Fabrikam").order_by("number").first()
    assert number is not None
    signed_in_page.goto("/board/")
    signed_in_page.keyboard.press("Control+k")
    box = signed_in_page.get_by_role("combobox")
    expect(box).to_be_focused()
    expect(signed_in_page.locator("#palette-results")).to_contain_text("New invoice")
    box.press_sequentially(number.number)
    expect(signed_in_page.locator("#palette-results")).to_contain_text("Fabrikam")
    box.press("ArrowDown")
    box.press("Enter")
    expect(signed_in_page).to_have_url(re.compile(str(number.pk)))


def test_keys_move_select_and_open(signed_in_page: Page) -> None:
    signed_in_page.goto("/invoices/")
    expect(signed_in_page.locator(".bulk")).to_be_hidden()
    signed_in_page.keyboard.press("j")
    signed_in_page.keyboard.press("x")
    signed_in_page.keyboard.press("j")
    signed_in_page.keyboard.press("x")
    expect(signed_in_page.locator("[data-selected]")).to_have_text("2 selected")
    signed_in_page.keyboard.press("k")
    first = signed_in_page.locator("#rows [data-open]").first
    expect(first).to_be_focused()
    target = first.get_attribute("href") or ""
    signed_in_page.keyboard.press("Enter")
    expect(signed_in_page).to_have_url(re.compile(re.escape(target)))


def test_selected_invoices_are_assigned(signed_in_page: Page) -> None:
    signed_in_page.goto("/invoices/")
    signed_in_page.locator("[data-all]").check()
    signed_in_page.get_by_text("Assign", exact=True).first.click()
    signed_in_page.get_by_role("button", name="Assign").click()
    expect(signed_in_page.locator("#notices")).to_contain_text("Done for 5 invoices.")


def test_a_filter_is_chosen_and_taken_off(signed_in_page: Page) -> None:
    signed_in_page.goto("/board/")
    signed_in_page.locator("#filters summary").click()
    signed_in_page.get_by_label("Customer's tag").fill("key account")
    signed_in_page.get_by_role("button", name="Show").click()
    expect(signed_in_page.locator(".board")).not_to_contain_text("Fabrikam")
    signed_in_page.get_by_role("link", name="Tag: key account").click()
    expect(signed_in_page.locator(".board")).to_contain_text("Fabrikam")


def test_a_payment_is_recorded_against_the_invoice_it_names(signed_in_page: Page) -> None:
    signed_in_page.goto("/payments/new")
    signed_in_page.locator("[name=customer]").fill("Fabrikam")
    signed_in_page.get_by_label("Amount received").fill("901.00")
    share = signed_in_page.locator("input.share").first
    expect(share).to_be_visible()
    signed_in_page.get_by_label("The invoices and amounts below").check()
    share.fill("901.00")
    signed_in_page.get_by_role("main").get_by_role("button", name="Record payment").click()
    expect(signed_in_page.locator("#notices")).to_contain_text("1 invoice is paid.")


def test_the_clock_advances_and_says_what_went_out(signed_in_page: Page) -> None:
    signed_in_page.goto("/board/")
    signed_in_page.get_by_role("button", name="+1 week").click()
    expect(signed_in_page.locator("#notices")).to_contain_text("went out, to")
    expect(signed_in_page.locator("#clock")).to_contain_text("Apr 17, 2026")


def test_the_main_forms_work_without_scripts(sandbox: Desk, bare_visit: Visit) -> None:
    page = bare_visit.go("/invoices/new")
    page.locator("[name=customer]").fill("Proseware")
    page.locator("[name=line_description]").first.fill("Design")
    page.locator("[name=line_unit_price]").first.fill("120.00")
    page.get_by_role("button", name="Issue invoice").click()
    expect(page.get_by_text("is issued.")).to_be_visible()
    bare_visit.go("/invoices/")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("link", name="Choose filters").click()
    expect(page.get_by_label("Customer's tag")).to_be_visible()


def test_tab_reaches_the_content_first(signed_in_page: Page) -> None:
    signed_in_page.goto("/board/")
    signed_in_page.keyboard.press("Tab")
    expect(signed_in_page.get_by_text("Skip to the content")).to_be_focused()
    signed_in_page.keyboard.press("Enter")
    expect(signed_in_page.locator("main")).to_be_focused()
