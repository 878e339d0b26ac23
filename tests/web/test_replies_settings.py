"""Settings → Replies: a mailbox is saved, tried and left again; its password is never shown."""

from django.test import Client

from dunwell.tenancy.operations import channel_settings

PAGE = "/settings/replies/"
FORM = {
    "address": "billing@proseware.example",
    "host": "127.0.0.1",
    "port": "9",
    "security": "none",
    "user": "billing",
    "password": "hunter2",
    "folder": "INBOX",
    "done_folder": "",
    "plus": "on",
}


def test_a_mailbox_is_saved_and_its_password_never_shown(owner: Client) -> None:
    said = owner.post(PAGE, FORM, follow=True).content.decode()
    assert "Saved." in said
    assert "billing@proseware.example" in said
    assert "hunter2" not in said
    found = channel_settings(channel="inbox")
    assert found is not None
    assert found.secrets == {"password": "hunter2"}


def test_a_mailbox_that_cannot_be_reached_says_so_when_tried(owner: Client) -> None:
    owner.post(PAGE, FORM)
    said = owner.post(f"{PAGE}try/", follow=True).content.decode()
    assert "It works" not in said
    assert "127.0.0.1" in said


def test_without_an_address_nothing_is_saved_and_the_field_says_why(owner: Client) -> None:
    answer = owner.post(PAGE, FORM | {"address": ""})
    assert answer.status_code == 422
    assert channel_settings(channel="inbox") is None


def test_a_mailbox_is_left_again(owner: Client) -> None:
    owner.post(PAGE, FORM)
    assert "not fetched any more" in owner.post(f"{PAGE}remove/", follow=True).content.decode()
    assert channel_settings(channel="inbox") is None


def test_a_viewer_reads_and_changes_nothing(viewer: Client) -> None:
    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(PAGE, FORM).status_code in {403, 422}
    assert channel_settings(channel="inbox") is None
