"""The provider of a channel: chosen, changed, left again; its secrets never shown."""

import pytest

from dunwell.tenancy import doors
from dunwell.tenancy.errors import NotAllowed, NotFound
from dunwell.tenancy.models import AuditEntry, ChannelAccount, Organization
from dunwell.tenancy.operations import channel_settings, remove_channel, set_channel
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import organization_scope
from tests.tenancy.companies import NOW, company

pytestmark = pytest.mark.django_db(transaction=True)

OWNER = Actor(label="Ada", role=Role.OWNER)


@pytest.fixture
def organization() -> Organization:
    return company("Acme")


def choose(provider: str = "carrier", **secret_values: str) -> str:
    return set_channel(
        channel="sms",
        provider=provider,
        options={"account": "AC1"},
        secret_values=secret_values,
        actor=OWNER,
        now=NOW,
    ).hook


def test_a_secret_is_stored_encrypted_and_kept_when_not_given_again(
    organization: Organization,
) -> None:
    with organization_scope(organization):
        choose(token="very-secret")
        assert "very-secret" not in ChannelAccount.objects.get().sealed
        choose(token="")
        found = channel_settings(channel="sms")
        assert found is not None
        assert found.secrets == {"token": "very-secret"}
        assert "very-secret" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_the_address_of_webhooks_stays_until_the_provider_changes(
    organization: Organization,
) -> None:
    with organization_scope(organization):
        first = choose(token="a")
        assert channel_settings(channel="sms").hook == first  # type: ignore[union-attr]  # was set
        choose(token="b")
        assert channel_settings(channel="sms").hook == first  # type: ignore[union-attr]  # was set
        other = choose("another", token="c")
    assert other != first
    assert doors.by_channel_hook(secret=first) is None
    found = doors.by_channel_hook(secret=other)
    assert found is not None
    assert found[0] == organization.pk


def test_without_a_provider_the_built_in_way_holds_again(organization: Organization) -> None:
    with organization_scope(organization):
        choose()
        remove_channel(channel="sms", actor=OWNER, now=NOW)
        assert channel_settings(channel="sms") is None
        with pytest.raises(NotFound):
            remove_channel(channel="sms", actor=OWNER, now=NOW)


def test_a_member_who_may_not_change_settings_is_refused(organization: Organization) -> None:
    with organization_scope(organization), pytest.raises(NotAllowed):
        set_channel(
            channel="sms",
            provider="carrier",
            options={},
            secret_values={},
            actor=Actor(label="Bo", role=Role.MEMBER),
            now=NOW,
        )
