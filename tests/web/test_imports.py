"""The importer's pages, as members see them, with and without scripts."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dunwell.ledger.models import Import, Invoice
from dunwell.tenancy.models import Member, Organization, User
from dunwell.tenancy.roles import Role
from dunwell.tenancy.scope import organization_scope
from tests.tenancy.companies import NOW, company

pytestmark = pytest.mark.django_db

GOOD = "number,customer,total,date,colour\n007,Acme,120.50,2026-02-01,red\n8,Bolt,7,2026-02-02,\n"


@pytest.fixture
def acme(settings: Any, tmp_path: Path) -> Organization:
    settings.DATA = tmp_path
    return company("Acme")


@pytest.fixture
def owner(client: Client, acme: Organization) -> Client:
    assert acme.default_owner is not None
    client.force_login(acme.default_owner.user)
    return client


def upload(client: Client, text: str, kind: str = "invoices") -> Any:
    file = SimpleUploadedFile("file.csv", text.encode())
    return client.post("/imports/", {"kind": kind, "file": file})


def as_shown(client: Client, path: str, **changed: str) -> dict[str, str]:
    form = client.get(path).context["form"]
    values = {bound.name: bound.value() for bound in form}
    filled = {name: value for name, value in values.items() if value not in (None, "", False)}
    return {**filled, **changed}


def test_from_upload_to_undo(owner: Client, acme: Organization) -> None:
    assert owner.get("/imports/").status_code == 200
    columns = upload(owner, GOOD)["Location"]
    page = owner.get(columns)
    assert "120.50" in page.content.decode()
    assert "Not imported: colour." in page.content.decode()
    preview = owner.post(columns, as_shown(owner, columns))["Location"]
    shown = owner.get(preview).content.decode()
    assert "What would happen" in shown
    assert "Messages that go out now" in shown
    with organization_scope(acme):
        assert not Invoice.objects.exists()
    assert owner.post(f"{preview}run/")["Location"] == preview
    assert "What happened" in owner.get(preview).content.decode()
    with organization_scope(acme):
        assert set(Invoice.objects.values_list("number", flat=True)) == {"007", "8"}
    owner.post(f"{preview}undo/")
    assert "Taken back" in owner.get(preview).content.decode()
    with organization_scope(acme):
        assert not Invoice.objects.exists()
    assert "taken back" in owner.get("/imports/").content.decode()


def test_an_ambiguous_column_is_asked_for(owner: Client, acme: Organization) -> None:
    columns = upload(owner, "number,customer,total,date\n1,A,5,02/03/2026\n")["Location"]
    assert "day first or month first" in owner.get(columns).content.decode()
    assert owner.post(columns, as_shown(owner, columns)).status_code == 422
    answer = owner.post(columns, as_shown(owner, columns, written_invoice_date="m/d/Y"))
    assert answer.status_code == 302
    owner.post(f"{answer['Location']}run/")
    with organization_scope(acme):
        assert Invoice.objects.get().invoice_date.isoformat() == "2026-02-03"


def test_wrong_rows_are_listed_and_the_others_can_go_in(owner: Client, acme: Organization) -> None:
    columns = upload(owner, GOOD + "9,Acme,-1,2026-02-01,\n")["Location"]
    preview = owner.post(columns, as_shown(owner, columns))["Location"]
    assert "greater than zero" in owner.get(preview).content.decode()
    listed = b"".join(owner.get(f"{preview}errors.csv"))
    assert b"4,total," in listed
    owner.post(f"{preview}run/")
    assert "Nothing was imported" in owner.get(preview).content.decode()
    owner.post(f"{preview}run/", {"valid_only": "on"})
    with organization_scope(acme):
        assert Invoice.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "The file is empty"), ("a\nCaf\u00e9\n\udcc3", "Line 3")],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_field(
    owner: Client, text: str, said: str
) -> None:
    file = SimpleUploadedFile("file.csv", text.encode("utf-8", "surrogateescape"))
    answer = owner.post("/imports/", {"kind": "invoices", "file": file})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_progress_refreshes_itself(owner: Client, acme: Organization) -> None:
    columns = upload(owner, GOOD)["Location"]
    with organization_scope(acme):
        Import.objects.update(state="running", rows_done=1, counts={"phase": "writing"})
    page = columns.removesuffix("columns/")
    whole = owner.get(page).content.decode()
    assert 'http-equiv="refresh"' in whole
    assert 'hx-trigger="every 1s"' in whole
    part = owner.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "1 of 2 rows" in part


def test_viewers_and_strangers_stay_out(client: Client, owner: Client, acme: Organization) -> None:
    page = upload(owner, GOOD)["Location"]
    user = User.objects.create_user("viewer@acme.test", name="Vi")
    with organization_scope(acme):
        Member.objects.create(
            organization=acme, user=user, name="Vi", email=user.email, role=Role.VIEWER,
            joined_at=NOW,
        )  # fmt: skip
    stranger = company("Other")
    assert stranger.default_owner is not None
    for visitor, status in ((user, 403), (stranger.default_owner.user, 404)):
        client.force_login(visitor)
        assert client.get(page).status_code == status
