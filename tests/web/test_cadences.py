"""Cadences, wording and the Chasing page, as a member without scripts sees them."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from dunwell.chasing.models import Cadence, MessageTemplate
from dunwell.ledger.models import ContactRole
from dunwell.ledger.operations import ContactInput
from tests.chasing.desk import Desk, after_due, before_due, on_issue
from tests.web.test_invoice_page import words

NEW = "/chasing/cadences/new/"


def form(*steps: dict[str, Any], **more: str) -> dict[str, Any]:
    """Write a cadence's form as a browser posts it."""
    data: dict[str, Any] = {
        "name": "Firm",
        "steps-TOTAL_FORMS": str(len(steps)),
        "steps-INITIAL_FORMS": "0",
        "act": "save",
    }
    for n, step in enumerate(steps):
        full = {"hour": "9", "channels": ["email"], **step}
        data |= {f"steps-{n}-{name}": value for name, value in full.items()}
    return data | more


def saved(name: str = "Firm") -> Cadence:
    return Cadence.objects.get(name=name)


def test_a_cadence_is_saved_in_the_order_of_an_invoices_way(owner: Client, desk: Desk) -> None:
    steps = [
        {"type": "repeat", "days": "10", "times": "3"},
        {"type": "after_due", "days": "3"},
        {"type": "before_due", "days": "2"},
        {"type": "before_due", "days": "9"},
        {"type": "on_issue"},
    ]
    page = words(owner.post(NEW, form(*steps), follow=True))
    assert "“Firm” is saved." in page
    told = [
        "When issued",
        "9 days before due",
        "2 days before due",
        "3 days after due",
        "Every 10 days, 3 times",
    ]
    places = [page.index(each) for each in told]
    assert places == sorted(places)
    assert saved().steps[0]["trigger"]["type"] == "on_issue"


def test_typing_a_new_role_creates_it(owner: Client, desk: Desk) -> None:
    owner.post(NEW, form({"type": "after_due", "days": "5", "roles": "Head of  Finance, CEO"}))
    names = ContactRole.objects.values_list("name", flat=True)
    assert set(names) == {"Head of Finance", "CEO"}
    page = owner.get(f"/chasing/cadences/{saved().pk}/").content.decode()
    assert 'value="Head of Finance, CEO"' in page


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"type": "after_due"}, "This is needed here."),
        ({"type": "before_due", "days": "0"}, "Choose a number from 1 to 3660."),
        ({"type": "repeat", "days": "5", "times": "11"}, "less than or equal to 10"),
        ({"type": "on_date"}, "This is needed here."),
        ({"type": "on_issue", "channels": []}, "Choose at least one channel."),
    ],
)
def test_a_wrong_step_is_told_at_its_field(
    owner: Client, desk: Desk, step: dict[str, Any], told: str
) -> None:
    answer = owner.post(NEW, form({"type": "on_issue"}, step))
    assert answer.status_code == 422
    page = words(answer)
    assert told in page
    assert "Step 2" in page
    assert not Cadence.objects.exists()


def test_two_repeating_steps_are_refused(owner: Client, desk: Desk) -> None:
    repeat = {"type": "repeat", "days": "5", "times": "2"}
    page = words(owner.post(NEW, form(repeat, repeat)))
    assert "A cadence has at most 1 repeating steps." in page


def test_rows_come_and_go_without_scripts_and_keep_what_was_typed(
    owner: Client, desk: Desk
) -> None:
    given = form({"type": "on_issue", "hour": "7"}, {"type": "after_due", "days": "77"})
    more = owner.post(NEW, given | {"rows": "add"}).content.decode()
    assert 'name="steps-2-type"' in more
    assert 'value="77"' in more
    less = owner.post(NEW, given | {"rows": "drop-0"}).content.decode()
    assert 'name="steps-1-type"' not in less
    assert 'value="77"' in less


def test_the_name_must_be_free(owner: Client, desk: Desk) -> None:
    desk.cadence([on_issue()], name="Firm")
    page = words(owner.post(NEW, form({"type": "on_issue"})))
    assert "There is a cadence of this name already." in page


def test_the_preview_lays_the_steps_on_a_real_invoice(owner: Client, desk: Desk) -> None:
    desk.invoice([on_issue()], number="INV-3")
    desk.advance("2026-03-28 12:00")
    steps = [
        {"type": "on_issue"},
        {"type": "before_due", "days": "7"},
        {"type": "after_due", "days": "3"},
    ]
    given = form(*steps, number="INV-3", act="preview")
    page = words(owner.post(NEW, given))
    assert "On invoice INV-3" in page
    assert "done already: it is not sent a second time" in page
    assert "Wed, Mar 25, 2026, 9:00 AM" in page
    assert "Skipped: its time had passed when the schedule was set" in page
    assert "Sat, Apr 4, 2026, 9:00 AM" in page
    assert not Cadence.objects.exists()


def test_the_preview_tells_why_a_day_moved(owner: Client, desk: Desk) -> None:
    desk.organization.business_days_only = True
    desk.organization.save()
    desk.invoice([on_issue()], number="INV-3")
    given = form({"type": "after_due", "days": "3"}, number="INV-3", act="preview")
    page = words(owner.post(NEW, given))
    assert "Mon, Apr 6, 2026, 9:00 AM" in page
    assert "moved from Sat, Apr 4, 2026, a weekend or holiday" in page


def test_a_preview_on_an_unknown_number_says_so(owner: Client, desk: Desk) -> None:
    page = words(owner.post(NEW, form({"type": "on_issue"}, number="X-1", act="preview")))
    assert "There is no invoice “X-1”." in page


def test_another_default_takes_the_place_of_the_first(owner: Client, desk: Desk) -> None:
    desk.cadence([on_issue()], name="First")
    second = desk.cadence([on_issue()], name="Second", default=False)
    page = words(owner.post(f"/chasing/cadences/{second.pk}/default/", follow=True))
    assert "New invoices get “Second” from now." in page
    assert [c.name for c in Cadence.objects.filter(default=True)] == ["Second"]


def test_deleting_names_what_goes_and_what_stays(owner: Client, desk: Desk) -> None:
    cadence = desk.cadence([on_issue(), before_due(3)], name="First")
    invoice = desk.invoice()
    page = words(owner.get(f"/chasing/cadences/{cadence.pk}/delete/"))
    assert "It goes with its 2 steps." in page
    assert "1 invoice that follows it keeps its steps, as a copy." in page
    owner.post(f"/chasing/cadences/{cadence.pk}/delete/")
    assert not Cadence.objects.exists()
    assert len(desk.rows(invoice)) == 2


def test_a_viewer_reads_cadences_and_changes_none(viewer: Client, desk: Desk) -> None:
    cadence = desk.cadence([on_issue()], name="First")
    assert "First" in words(viewer.get("/chasing/cadences/"))
    for address in (NEW, f"/chasing/cadences/{cadence.pk}/"):
        assert viewer.get(address).status_code == 403
    assert viewer.post(f"/chasing/cadences/{cadence.pk}/default/").status_code == 403


WORDS = "/chasing/wording/past_due_invoice/email/en/"


def test_an_unknown_variable_is_told_with_its_line(owner: Client, desk: Desk) -> None:
    given = {"subject": "Late", "text": "Hello,\n\n{{ invoice.nmber }} is late.", "act": "save"}
    answer = owner.post(WORDS, given)
    assert answer.status_code == 422
    page = words(answer)
    assert "Line 3 of the text" in page
    assert "There is no variable “invoice.nmber”. Did you mean “invoice.number”?" in page
    assert not MessageTemplate.objects.exists()


def test_a_saved_wording_goes_out_word_for_word(owner: Client, desk: Desk) -> None:
    given = {"subject": "{{ invoice.number }} is late", "text": "Dear {{ contact.name }}.\r\nPay."}
    page = words(owner.post(WORDS, given | {"act": "save"}, follow=True))
    assert "Your wording is saved" in page
    invoice = desk.invoice([on_issue(), after_due(3)], number="INV-9")
    desk.advance("2026-04-05 10:00")
    assert desk.texts(invoice)[-1] == "INV-9 is late\nDear Jo Park.\nPay.\n"


def test_the_box_comes_back(owner: Client, desk: Desk) -> None:
    owner.post(WORDS, {"subject": "Mine", "text": "Mine", "act": "save"})
    assert "yours" in words(owner.get("/chasing/wording/"))
    owner.post(f"{WORDS}reset/")
    assert "Mine" not in owner.get(WORDS).content.decode()


def test_wording_is_previewed_with_a_real_invoice(owner: Client, desk: Desk) -> None:
    desk.invoice([on_issue()], number="INV-9")
    given = {
        "subject": "About {{ invoice.number }}",
        "text": "Hello {{ contact.first_name }}, {{ invoice.balance }}",
        "number": "INV-9",
        "act": "preview",
    }
    page = words(owner.post(WORDS, given))
    assert "with invoice INV-9, to Jo Park" in page
    assert "About INV-9 Hello Jo, €100.00" in page
    assert not MessageTemplate.objects.exists()


def test_a_template_of_ones_own_name_can_be_chosen_in_a_step(owner: Client, desk: Desk) -> None:
    given = {"name": "last-call", "channel": "email", "language": "en"}
    answer = owner.post("/chasing/wording/add/", given)
    address = answer.headers["Location"]
    owner.post(address, {"title": "Last call", "subject": "Last", "text": "Last.", "act": "save"})
    owner.post(NEW, form({"type": "after_due", "days": "30", "template": "last-call"}))
    assert saved().steps[0]["template"] == "last-call"


def test_a_viewer_reads_the_wording_and_saves_none(viewer: Client, desk: Desk) -> None:
    assert viewer.get(WORDS).status_code == 200
    assert viewer.post(WORDS, {"subject": "x", "text": "x", "act": "save"}).status_code == 403
    assert viewer.post(f"{WORDS}reset/").status_code == 403


def test_the_chasing_page_shows_what_goes_out_failed_and_is_held(owner: Client, desk: Desk) -> None:
    mute = desk.customer(name="Mute", contacts=[ContactInput(name="No Mail")])
    desk.invoice([on_issue()], customer=mute, number="INV-1")
    spoken = desk.customer(name="Spoken")
    desk.invoice([on_issue(), before_due(28)], customer=spoken, number="INV-2")
    held = desk.invoice([on_issue(), before_due(28)], customer=spoken, number="INV-3")
    desk.advance("2026-03-02 12:00")
    desk.pause(held, "2026-03-20")
    page = words(owner.get("/chasing/"))
    assert "INV-1 Mute" in page
    assert "Failed: no email address" in page
    assert "Wed, Mar 4, 2026 2" in page
    assert page.index("On hold 1") < page.index("Spoken · paused, until Mar 20, 2026")


def test_a_quiet_week_says_what_to_do_next(owner: Client, desk: Desk) -> None:
    page = words(owner.get("/chasing/"))
    assert "Nothing goes out in the next 7 days" in page
    assert "Write a cadence" in page


def test_a_cadence_that_is_not_there(owner: Client, desk: Desk) -> None:
    nothing = UUID(int=1)
    assert owner.get(f"/chasing/cadences/{nothing}/").status_code == 404


def test_the_effect_of_an_edit_on_all_open_invoices_is_shown_before_saving(
    owner: Client, desk: Desk
) -> None:
    cadence = desk.cadence([before_due(3)], name="Firm")
    for _ in range(3):
        desk.invoice(due_date="2026-03-20")
    address = f"/chasing/cadences/{cadence.pk}/effect/"
    saved = words(owner.get(address))
    assert "3 messages in 90 days" in saved
    assert "Tue, Mar 17, 2026 3 3" in saved
    steps = [{"type": "before_due", "days": "4"}, {"type": "after_due", "days": "2"}]
    edited = words(owner.post(address, form(*steps)))
    assert "6 messages in 90 days (+3)" in edited
    assert "Tue, Mar 17, 2026 0 −3" in edited
    assert "Mon, Mar 16, 2026 3 +3" in edited
    assert "An edit holds for later applications only" in edited
    assert saved_steps(cadence) == ["before_due"]


def saved_steps(cadence: Cadence) -> list[str]:
    cadence.refresh_from_db()
    return [step["trigger"]["type"] for step in cadence.steps]


def test_the_effect_of_a_cadence_not_saved_yet(owner: Client, desk: Desk) -> None:
    desk.invoice(due_date="2026-03-20")
    page = words(owner.post("/chasing/effect/", form({"type": "after_due", "days": "2"})))
    assert "1 messages in 90 days (+1)" in page
