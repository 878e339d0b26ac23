"""The proofs of bench/, in the small size and with the same seed every time."""

import pytest

from bench import sizes
from bench.proving import kills, race, replay, troubles


def broken(figures: dict[str, dict[str, int]]) -> dict[str, int]:
    return {name: count for name, count in figures["violations"].items() if count}


@pytest.mark.django_db(transaction=True)
def test_a_relived_book_sends_what_was_planned_and_nothing_else_in_either_zone() -> None:
    figures = replay.run(size=sizes.SMALL.replay)
    assert broken(figures) == {}
    for zone in figures["zones"].values():
        assert zone["counts"]["messages received"] > 60
        assert len(zone["offsets"]) == 2  # before and after the clocks changed


@pytest.mark.django_db(transaction=True)
def test_killing_the_sender_loses_and_doubles_nothing() -> None:
    figures = kills.run(size=sizes.SMALL.kills)
    assert broken(figures) == {}
    assert figures["received"] >= sizes.SMALL.kills.mails - sizes.SMALL.kills.kills


@pytest.mark.django_db(transaction=True)
def test_after_a_payments_answer_no_mail_of_its_invoice_arrives() -> None:
    figures = race.run(size=sizes.SMALL.race)
    assert broken(figures) == {}
    assert figures["trials"] == sizes.SMALL.race.trials


@pytest.mark.django_db(transaction=True)
def test_a_life_with_everything_that_goes_wrong_keeps_the_rules_on_every_channel() -> None:
    figures = troubles.run(size=sizes.SMALL.troubles)
    assert broken(figures) == {}
    assert {name.partition(":")[0] for name in figures["provider_calls"]} == {
        "email",
        "sms",
        "letter",
    }
    assert figures["came_back"]["replies"]
    assert figures["came_back"]["bounces"]
