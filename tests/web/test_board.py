"""The board, the list and the search as a member without scripts sees them."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from dunwell import flows
from dunwell.core.tables.export import neutralize
from dunwell.ledger.models import Invoice
from dunwell.overview.models import SavedView
from dunwell.tenancy.models import Member
from tests.chasing.desk import Desk, after_due, on_issue

STEPS = [on_issue(9), after_due(3)]


def words(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(unescape(text).split())


def page(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.content[:1000]
    return words(answer)


def test_an_empty_board_says_what_to_do(owner: Client) -> None:
    said = page(owner, "/board/")
    assert "No invoices yet" in said
    assert "Write an invoice" in said


def test_the_way_in_is_the_board(owner: Client) -> None:
    assert owner.get("/")["Location"] == "/board/"


def test_strangers_sign_in_first(house: None) -> None:
    for address in ("/board/", "/invoices/", "/customers/", "/payments/", "/search", "/filters"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_the_board_speaks_in_sentences(desk: Desk, owner: Client) -> None:
    desk.invoice(STEPS, number="A-1", due_date="2026-03-04", total="1234.50")
    desk.advance("2026-03-20 12:00")
    said = page(owner, "/board/")
    for sentence in (
        "You are owed €1,234.50 , of which €1,234.50 is overdue",
        "16 days overdue",
        "Email, 13 days ago",
        "No action for 13 days",
    ):
        assert sentence in said


def test_a_filter_stands_as_a_chip_that_takes_it_off(desk: Desk, owner: Client) -> None:
    desk.invoice(STEPS, number="A-1", engagement="Retainer")
    desk.invoice(STEPS, number="A-2", engagement="Project")
    answer = owner.get("/board/", {"engagement": "Retainer", "sort": "due_date"})
    said = words(answer)
    assert "A-1" in said
    assert "A-2" not in said
    assert "Engagement: Retainer" in said
    assert 'href="?sort=due_date"' in answer.content.decode()


def test_filters_that_cannot_be_read_are_left_out(desk: Desk, owner: Client) -> None:
    desk.invoice(STEPS, number="A-1")
    query = {"owner": "nobody", "at_least": "a lot", "customer": "x", "flag": "?", "sort": "-"}
    assert "A-1" in page(owner, "/board/", **query)
    assert "A-1" in page(owner, "/invoices/", **query)


def test_filters_open_without_scripts(desk: Desk, owner: Client) -> None:
    assert "Customer's tag" in page(owner, "/invoices/", filters="1")
    assert "Customer's tag" in page(owner, "/filters", page="board")


def test_the_list_says_how_each_invoice_stands(desk: Desk, owner: Client) -> None:
    desk.invoice(STEPS, number="A-1", due_date="2026-03-04")
    desk.invoice(STEPS, number="A-2", issue=False)
    said = page(owner, "/invoices/")
    assert "A-1" in said
    assert "Due in 2 days" in said
    assert "A-2" not in said
    assert "A-2" in page(owner, "/invoices/", status="draft")
    assert "Nothing matches" in page(owner, "/invoices/", status="overdue")


def test_a_long_list_goes_on_where_it_stopped(desk: Desk, owner: Client) -> None:
    for n in range(53):
        desk.invoice([on_issue(9)], number=f"A-{n:02}")
    first = owner.get("/invoices/", {"sort": "number"})
    further = re.search(r'hx-get="(\?[^"]+cursor[^"]+)"', first.content.decode())
    assert further is not None
    rest = owner.get(f"/invoices/{unescape(further[1])}", headers={"HX-Request": "true"})
    assert "A-49" in words(first)
    assert words(rest).split()[0] == "A-50"
    assert "<html" not in rest.content.decode()


def test_a_view_is_saved_and_deleted(desk: Desk, owner: Client) -> None:
    answer = owner.post(
        "/views/save",
        {"page": "invoices", "name": "Big ones", "query": "at_least=1000", "shared": "on"},
        follow=True,
    )
    assert "The view “Big ones” is saved." in words(answer)
    assert answer.redirect_chain[-1][0] == "/invoices/?at_least=1000"
    view = SavedView.objects.get()
    assert "The view is deleted." in words(owner.post(f"/views/{view.pk}/delete", follow=True))


def bulk(client: Client, invoices: list[Invoice], **given: str) -> Any:
    chosen = {"invoice": [str(invoice.pk) for invoice in invoices], **given}
    return client.post("/invoices/bulk", chosen, follow=True)


def test_many_are_marked_sent_and_the_rest_explained(desk: Desk, owner: Client) -> None:
    good = desk.invoice(STEPS, number="A-1")
    paid = desk.invoice(STEPS, number="A-2", issue=False)
    closed = desk.invoice(STEPS, number="A-3")
    desk.pay(good)
    flows.close_invoice(**desk.here, invoice_id=closed.pk, reason="void")
    said = words(bulk(owner, [paid, closed], action="mark_sent"))
    assert "Done for 1 invoice." in said
    assert "1 was left as it is: Invoice A-3 is closed." in said


def test_many_get_an_owner_a_cadence_and_a_pause(desk: Desk, owner: Client) -> None:
    cadence = desk.cadence(STEPS)
    invoices = [desk.invoice(number=f"A-{n}") for n in range(3)]
    member = Member.objects.get()
    assert "Done for 3" in words(bulk(owner, invoices, action="assign", owner=str(member.pk)))
    assert "Done for 3" in words(bulk(owner, invoices, action="cadence", cadence=str(cadence.pk)))
    assert "Done for 3" in words(bulk(owner, invoices, action="pause", until="2026-04-01"))
    assert set(Invoice.objects.values_list("owner_id", flat=True)) == {member.pk}
    assert "Paused until Apr 1" in page(owner, "/invoices/")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"action": "mark_sent"}, "Select at least one invoice."),
        ({"action": "mark_sent", "invoice": "x"}, "This selection cannot be read."),
        (
            {"action": "burn", "invoice": "01a2028e-6a47-720f-a4eb-b0ba7e44abb8"},
            "Choose what to do.",
        ),
        (
            {"action": "pause", "invoice": "01a2028e-6a47-720f-a4eb-b0ba7e44abb8"},
            "Give the day on which chasing goes on.",
        ),
    ],
)
def test_a_bulk_act_says_what_is_missing(owner: Client, given: dict[str, str], said: str) -> None:
    answer = owner.post("/invoices/bulk", given)
    assert answer.status_code == 422
    assert said in words(answer)


def test_viewers_change_nothing(desk: Desk, viewer: Client) -> None:
    invoice = desk.invoice(STEPS)
    assert bulk(viewer, [invoice], action="mark_sent").status_code == 403
    for address in ("/invoices/new", "/customers/new", "/payments/new"):
        assert viewer.get(address).status_code == 403


def test_exports_neutralize_formulas(desk: Desk, owner: Client) -> None:
    evil = desk.customer("x@example.com", name='=HYPERLINK("http://x")')
    desk.invoice(STEPS, number="=1+1", customer=evil, total="99.90")
    rows = list(
        csv.reader(io.StringIO(owner.get("/invoices/export?as=csv").content.decode("utf-8-sig")))
    )
    assert rows[1][:6] == ["'=1+1", neutralize(evil.name), "sent", "EUR", "99.90", "99.90"]
    book = load_workbook(io.BytesIO(owner.get("/invoices/export?as=xlsx").content))
    sheet = book.worksheets[0]
    cells = next(iter(sheet.iter_rows(min_row=2, max_row=2)))
    assert cells[0].value == "'=1+1"
    assert cells[0].data_type == "s"
    assert cells[4].value == 99.9
    assert owner.get("/invoices/export?as=pdf").status_code == 422


def test_search_finds_invoices_customers_and_pages(desk: Desk, owner: Client) -> None:
    invoice = desk.invoice(STEPS, number="RE-2026-17")
    said = page(owner, "/search", q="2026-17")
    assert invoice.number in said
    assert "Proseware" in page(owner, "/search", q="prose")
    assert "Record a payment" in page(owner, "/search", q="record")
    assert "Nothing is called “zzz”." in page(owner, "/search", q="zzz")


def test_the_clock_bar_says_what_went_out(desk: Desk, owner: Client) -> None:
    desk.invoice(STEPS)
    answer = owner.post("/clock/advance", {"by": "day"}, follow=True)
    said = words(answer)
    assert "1 message went out, to Proseware." in said
    assert "Mar 3, 2026, 8:00" in said
    assert owner.post("/clock/advance", {"by": "year"}).status_code == 422


def test_errors_are_pages_with_a_way_on(owner: Client) -> None:
    answer = owner.get("/customers/01a2028e-6a47-720f-a4eb-b0ba7e44abb8/")
    assert answer.status_code == 404
    assert "Nothing here" in words(answer)
    assert owner.get("/no-such-page").status_code == 404
    notice = owner.post("/invoices/bulk", {}, headers={"HX-Request": "true"})
    assert notice.status_code == 422
    assert notice["HX-Retarget"] == "#notices"


def test_a_form_without_its_secret_is_refused_in_words(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Member.objects.get().user)
    answer = client.post("/clock/advance", {"by": "day"})
    assert answer.status_code == 403
    assert "This form was open for too long." in words(answer)


def test_pages_carry_no_inline_style_or_script(desk: Desk, owner: Client) -> None:
    desk.invoice(STEPS)
    for address in ("/board/", "/invoices/", "/customers/", "/payments/new", "/invoices/new"):
        html = owner.get(address).content.decode()
        assert " style=" not in html
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=", html)


def test_the_first_page_weighs_less_than_100_kilobytes(desk: Desk, owner: Client) -> None:
    for n in range(40):
        desk.invoice(number=f"A-{n}", due_date=None if n % 2 else "2026-03-02")
    packed = {"Accept-Encoding": "gzip"}
    board = owner.get("/board/", headers=packed)
    html = owner.get("/board/").content.decode()
    parts = [
        owner.get(path, headers=packed)
        for path in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html))
    ]
    assert len(parts) >= 4  # the icon, the style sheet and the scripts
    weight = len(board.content) + sum(len(b"".join(part)) for part in parts)
    assert weight < 100_000


@pytest.mark.parametrize("path", ["/board/", "/invoices/", "/customers/", "/payments/"])
def test_a_viewer_is_offered_nothing_to_write(viewer: Client, owner: Client, path: str) -> None:
    assert 'class="button primary"' in owner.get(path).content.decode()
    assert 'class="button primary"' not in viewer.get(path).content.decode()
