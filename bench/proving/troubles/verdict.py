"""What went out in a troubled life, judged from rows and from what the other side took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from bench.proving.troubles.providers import TAKEN
from dunwell.tenancy.models import Organization

_OUTCOMES: Final = """
SELECT state || CASE WHEN reason = '' THEN '' ELSE ' (' || reason || ')' END, count(*)
FROM {table} WHERE organization_id = %s GROUP BY 1 ORDER BY 1
"""
_CAME_BACK: Final = """
SELECT 'replies', count(*) FILTER (WHERE NOT automatic)
  FROM inbox_reply WHERE organization_id = %(o)s
UNION ALL SELECT 'auto-replies', count(*) FILTER (WHERE automatic)
  FROM inbox_reply WHERE organization_id = %(o)s
UNION ALL SELECT 'bounces', count(*) FROM inbox_receivedreport WHERE organization_id = %(o)s
UNION ALL SELECT 'promises', count(*) FROM ledger_promise WHERE organization_id = %(o)s
UNION ALL SELECT 'disputes', count(*) FROM ledger_dispute WHERE organization_id = %(o)s
UNION ALL SELECT 'pauses', count(*) FROM chasing_pause WHERE organization_id = %(o)s
UNION ALL SELECT 'payments', count(*) FROM ledger_payment WHERE organization_id = %(o)s
UNION ALL SELECT 'reversals', count(*) FROM ledger_paymentreversal WHERE organization_id = %(o)s
"""
_OUT: Final = "d.organization_id = %(o)s AND d.id = ANY(%(taken)s)"
# Each is written from the raw rows, apart from the code that decides.
_WRONG: Final = {
    "planned sends past that did not end": """
SELECT count(*) FROM chasing_plannedsend p JOIN tenancy_organization o ON o.id = p.organization_id
WHERE p.organization_id = %(o)s AND (p.state = 'sending'
  OR p.state = 'planned' AND p.at <= o.sandbox_now)""",
    "planned sends that ended without a reason": """
SELECT count(*) FROM chasing_plannedsend
WHERE organization_id = %(o)s AND state IN ('failed', 'skipped', 'cancelled') AND reason = ''""",
    "deliveries that did not end": """
SELECT count(*) FROM inbox_delivery
WHERE organization_id = %(o)s AND state IN ('queued', 'sending')""",
    "deliveries that failed without a reason": """
SELECT count(*) FROM inbox_delivery
WHERE organization_id = %(o)s AND state IN ('failed', 'uncertain', 'cancelled') AND reason = ''""",
    "one invoice twice on a channel to a person in a day": f"""
SELECT count(*) FROM (SELECT FROM inbox_delivery d WHERE {_OUT}
  GROUP BY invoice_id, channel, to_address, local_day HAVING count(*) > 1) twice""",
    "messages during a pause": f"""
SELECT count(*) FROM inbox_delivery d JOIN chasing_pause h USING (organization_id, invoice_id)
WHERE {_OUT} AND d.at >= h.started_at AND d.at < h.ends_at""",
    "messages during a promise": f"""
SELECT count(*) FROM inbox_delivery d JOIN ledger_promise h USING (organization_id, invoice_id)
JOIN tenancy_organization o ON o.id = d.organization_id
WHERE {_OUT} AND d.at >= h.said_at AND (h.settled_at IS NULL OR d.at < h.settled_at)
  AND (d.at AT TIME ZONE o.time_zone)::date <= h.promised_on + h.grace_days""",
    "messages during a dispute of all": f"""
SELECT count(*) FROM inbox_delivery d JOIN ledger_dispute h USING (organization_id, invoice_id)
WHERE {_OUT} AND h.amount_minor IS NULL
  AND d.at >= h.opened_at AND (h.resolved_at IS NULL OR d.at < h.resolved_at)""",
    "messages while a reply was waiting": f"""
SELECT count(*) FROM inbox_delivery d JOIN inbox_replyhold h USING (organization_id, invoice_id)
WHERE {_OUT} AND d.at >= h.since AND d.at < h.ends_at""",
    "messages after the payment": f"""
SELECT count(*) FROM inbox_delivery d
JOIN ledger_invoice i ON i.organization_id = d.organization_id AND i.id = d.invoice_id
WHERE {_OUT} AND i.total_minor <= (SELECT coalesce(sum(a.amount_minor), 0)
  FROM ledger_application a WHERE a.organization_id = i.organization_id AND a.invoice_id = i.id
    AND a.recorded_at <= d.at)""",
    "messages after closing": f"""
SELECT count(*) FROM inbox_delivery d
JOIN ledger_invoice i ON i.organization_id = d.organization_id AND i.id = d.invoice_id
WHERE {_OUT} AND i.closed_at <= d.at""",
    "messages before the invoice date": f"""
SELECT count(*) FROM inbox_delivery d
JOIN ledger_invoice i ON i.organization_id = d.organization_id AND i.id = d.invoice_id
WHERE {_OUT} AND d.local_day < i.invoice_date""",
    "mails to an address that had bounced": f"""
SELECT count(*) FROM inbox_delivery d
JOIN inbox_receivedreport r ON r.organization_id = d.organization_id
  AND lower(r.address) = lower(d.to_address) AND r.report = 'bounced'
WHERE {_OUT} AND d.channel = 'email' AND d.at > r.at""",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of what happened, and of what must never happen."""

    planned_sends: dict[str, int]
    deliveries: dict[str, int]
    came_back: dict[str, int]
    uncertain: dict[str, int]
    violations: dict[str, int]

    def told(self) -> dict[str, dict[str, int]]:
        """Return the counts, without the violations."""
        return {
            "planned_sends": self.planned_sends,
            "deliveries": self.deliveries,
            "came_back": self.came_back,
            "uncertain": self.uncertain,
        }


def judge(organization: Organization, *, taken: Sequence[dict[str, Any]]) -> Verdict:
    """Judge a sandbox by its rows and by what the providers took. Needs the system's scope."""
    had = Counter(UUID(each["delivery"]) for each in taken if each["fate"] in TAKEN)
    with connection.cursor() as cursor:

        def asked(sql: str, parameters: Any) -> dict[str, int]:
            cursor.execute(sql, parameters)
            return dict(cursor.fetchall())

        parameters: dict[str, Any] = {"o": organization.pk, "taken": list(had)}
        cursor.execute(
            "SELECT id, state, settled_at FROM inbox_delivery WHERE organization_id = %s",
            [organization.pk],
        )
        states = {delivery: state for delivery, state, _at in cursor.fetchall()}
        wrong = {}
        for name, sql in _WRONG.items():
            cursor.execute(sql, parameters)
            wrong[name] = int(cursor.fetchone()[0])
        return Verdict(
            planned_sends=asked(_OUTCOMES.format(table="chasing_plannedsend"), [organization.pk]),
            deliveries=asked(_OUTCOMES.format(table="inbox_delivery"), [organization.pk]),
            came_back=asked(_CAME_BACK, parameters),
            uncertain=_uncertain(states, had),
            violations={**_against(states, had), **wrong},
        )


def _uncertain(states: dict[UUID, str], had: Counter[UUID]) -> dict[str, int]:
    unsure = [delivery for delivery, state in states.items() if state == "uncertain"]
    arrived = sum(had[delivery] > 0 for delivery in unsure)
    return {"arrived": arrived, "did not": len(unsure) - arrived}


def _against(states: dict[UUID, str], had: Counter[UUID]) -> dict[str, int]:
    """Compare the records with what the other side has."""
    out = ("sent", "delivered", "uncertain", "bounced")
    return {
        "messages taken twice": sum(times > 1 for times in had.values()),
        "taken, but not recorded as sent or uncertain": sum(
            states.get(delivery) not in (*out, "failed") for delivery in had
        ),
        "recorded as sent, but never taken": sum(
            state in ("sent", "delivered") and not had[delivery]
            for delivery, state in states.items()
        ),
    }
