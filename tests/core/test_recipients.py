from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from dunwell.core.cadence import Channel
from dunwell.core.outcomes import Reason
from dunwell.core.recipients import ContactFacts, ListedAddress, Recipient, recipients

EMAIL, SMS, LETTER = Channel.EMAIL, Channel.SMS, Channel.LETTER
ANNA = ContactFacts(
    uuid4(), "anna@customer.test", "+491", has_postal_address=True, billing=True,
    roles=frozenset({"payable"}),
)  # fmt: skip
BORA = ContactFacts(
    uuid4(), "bora@customer.test", receives_invoices=True, roles=frozenset({"payable", "boss"})
)
CEM = ContactFacts(
    uuid4(), "cem@customer.test", "+493", has_postal_address=True, receives_invoices=True
)
DORA = ContactFacts(uuid4(), None, None, roles=frozenset({"silent"}))
EVERYONE = (ANNA, BORA, CEM, DORA)
NAMES: dict[UUID | None, str] = {ANNA.id: "anna", BORA.id: "bora", CEM.id: "cem", DORA.id: "dora"}


def found(
    channel: Channel,
    *,
    roles: Sequence[str] = (),
    contacts: Sequence[ContactFacts] = EVERYONE,
    listed: Sequence[str] = (),
) -> tuple[Recipient, ...]:
    everyone = recipients(
        channels=[channel],
        contact_roles=roles,
        contacts=contacts,
        own_list=[ListedAddress(email) for email in listed],
    )
    assert everyone is not None
    return everyone[channel]


def told(people: Sequence[Recipient]) -> list[str]:
    return [
        NAMES.get(one.contact_id, one.address or "nobody")
        + (f" {one.failure}" if one.failure else "")
        for one in people
    ]


@pytest.mark.parametrize(
    ("channel", "contacts", "expected"),
    [
        # without roles and list: those marked to receive invoices
        (EMAIL, EVERYONE, ["bora", "cem"]),
        (SMS, EVERYONE, ["cem"]),
        # else the billing contact
        (EMAIL, (ANNA, DORA), ["anna"]),
        (SMS, (ANNA, DORA), ["anna"]),
        # one letter, to the billing contact, or to somebody with a postal address
        (LETTER, EVERYONE, ["anna"]),
        (LETTER, (BORA, CEM), ["cem"]),
        # somebody is meant but cannot be reached, or nobody is there
        (SMS, (BORA,), ["bora no_phone_number"]),
        (LETTER, (BORA,), ["bora no_postal_address"]),
        (EMAIL, (), ["nobody no_email_address"]),
        (SMS, (DORA,), ["nobody no_phone_number"]),
        (LETTER, (), ["nobody no_postal_address"]),
    ],
)
def test_a_step_without_roles_and_list(
    channel: Channel, contacts: Sequence[ContactFacts], expected: list[str]
) -> None:
    assert told(found(channel, contacts=contacts)) == expected


@pytest.mark.parametrize(
    ("channel", "listed", "expected"),
    [
        (EMAIL, ["Anna@Customer.test", "desk@else.test"], ["anna", "desk@else.test"]),
        (SMS, ["anna@customer.test", "desk@else.test"], ["anna"]),
        # nobody on the list has a phone, or an address: the customer's
        (SMS, ["desk@else.test", "bora@customer.test"], ["cem"]),
        (LETTER, ["desk@else.test"], ["anna"]),
        (LETTER, ["cem@customer.test"], ["cem"]),
        (LETTER, ["cem@customer.test", "anna@customer.test"], ["anna"]),
        # listed twice, once by case
        (EMAIL, ["cem@customer.test", "CEM@customer.test"], ["cem"]),
        (EMAIL, ["desk@else.test", "Desk@else.test"], ["desk@else.test"]),
    ],
)
def test_the_invoices_own_list_wins(
    channel: Channel, listed: list[str], expected: list[str]
) -> None:
    assert told(found(channel, listed=listed)) == expected


@pytest.mark.parametrize(
    ("channel", "roles", "expected"),
    [
        # everyone with the role, marked or not, whatever the list says
        (EMAIL, ["payable"], ["anna", "bora"]),
        (EMAIL, ["boss", "payable"], ["anna", "bora"]),
        (EMAIL, ["silent"], ["dora no_email_address"]),
        (SMS, ["payable"], ["anna", "bora no_phone_number"]),
        (LETTER, ["payable"], ["anna"]),
        (LETTER, ["boss"], ["bora no_postal_address"]),
    ],
)
def test_a_step_with_roles_goes_to_all_who_have_one(
    channel: Channel, roles: list[str], expected: list[str]
) -> None:
    assert told(found(channel, roles=roles, listed=["desk@else.test"])) == expected


def test_a_role_that_nobody_has_finds_nobody() -> None:
    asked = recipients(channels=[EMAIL], contact_roles=["cfo"], contacts=EVERYONE, own_list=())
    assert asked is None


def test_an_address_that_bounced_or_opted_out_is_not_used() -> None:
    blocked = ContactFacts(
        uuid4(),
        "x@customer.test",
        "+499",
        billing=True,
        email_blocked=Reason.ADDRESS_BOUNCED,
        sms_blocked=Reason.OPTED_OUT,
    )
    assert found(EMAIL, contacts=[blocked])[0].failure is Reason.ADDRESS_BOUNCED
    assert found(SMS, contacts=[blocked])[0].failure is Reason.OPTED_OUT


def test_a_bounced_address_on_the_own_list_is_not_used() -> None:
    listed = ListedAddress("gone@else.test", Reason.ADDRESS_BOUNCED)
    asked = recipients(channels=[EMAIL], contact_roles=(), contacts=(), own_list=[listed])
    assert asked == {EMAIL: (Recipient(None, "gone@else.test", Reason.ADDRESS_BOUNCED),)}


def test_two_contacts_who_share_an_address_get_one_message() -> None:
    twins = [ContactFacts(uuid4(), "ap@customer.test", receives_invoices=True) for _ in range(2)]
    assert [one.contact_id for one in found(EMAIL, contacts=twins)] == [twins[0].id]
