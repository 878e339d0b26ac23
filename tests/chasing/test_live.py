"""A company on the real clock, beside one on a test clock."""

import pytest

from bench import sending
from dunwell.chasing.sender.sender import Sender
from dunwell.inbox.models import Delivery
from dunwell.tenancy import clock
from dunwell.tenancy.scope import organization_scope
from tests.chasing.desk import new_desk, on_issue, wrong
from tests.smtp import SmtpSink


@pytest.mark.django_db(transaction=True)
def test_a_company_on_the_real_clock_is_swept_by_the_real_clock(smtp_sink: SmtpSink) -> None:
    live = sending.prepare(count=1, port=smtp_sink.port, attach=False)
    dies = Sender(wall=clock.wall)
    assert dies.step(now=clock.wall()) == 1
    dies.close()
    with new_desk("2012-03-02 08:00") as desk:  # whoever opens the next sender sweeps
        desk.invoice([on_issue(9)])
        desk.advance("2012-03-03 00:00")
    with organization_scope(live):
        settled_at = Delivery.objects.get().settled_at
        assert settled_at is not None
        assert settled_at.year == clock.wall().year
        assert wrong() == {}
