"""Every way a hand-over can end has a sentence for people and a status for machines."""

import pytest

from dunwell.ports.errors import (
    HandOverError,
    NotConfigured,
    Refused,
    TemporarilyRefused,
    Unreachable,
    Unsure,
    Withdrawn,
)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (Refused(code=550, text="No such user", recipient_bad=True), 422, "address was refused"),
        (Refused(code=554, text="Spam"), 422, "message was refused: Spam"),
        (TemporarilyRefused(code=450, text="Greylisted"), 503, "Greylisted"),
        (Unreachable(text="timed out"), 503, "could not be reached: timed out"),
        (Unsure(known="no answer"), 504, "uncertain whether the message arrived: no answer"),
        (Withdrawn(), 409, "withdrawn"),
        (NotConfigured(what="no password"), 500, "not set up correctly: no password"),
        (HandOverError(), 502, "could not be handed over"),
    ],
)
def test_an_error_says_what_happened(error: HandOverError, status: int, said: str) -> None:
    assert error.status == status
    assert said in error.sentence
