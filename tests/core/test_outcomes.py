"""Where a message stands after what is told about it later."""

from functools import reduce
from itertools import permutations

import pytest

from dunwell.core.outcomes import DeliveryState, after_report

SENT, DELIVERED, BOUNCED, FAILED, UNCERTAIN = (
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.BOUNCED,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ((DELIVERED,), DELIVERED),
        ((FAILED,), FAILED),
        ((FAILED, DELIVERED), DELIVERED),
        ((DELIVERED, BOUNCED), BOUNCED),
        ((FAILED, DELIVERED, BOUNCED), BOUNCED),
    ],
)
@pytest.mark.parametrize("first", [SENT, UNCERTAIN])
def test_the_order_of_reports_does_not_matter(
    first: DeliveryState, told: tuple[DeliveryState, ...], end: DeliveryState
) -> None:
    for order in permutations(told):
        assert reduce(lambda at, word: after_report(state=at, told=word), order, first) is end


@pytest.mark.parametrize(
    "state", [DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.CANCELLED]
)
def test_what_has_not_gone_out_stays_as_it_is(state: DeliveryState) -> None:
    assert after_report(state=state, told=BOUNCED) is state
