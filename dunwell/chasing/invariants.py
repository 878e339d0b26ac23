"""What must never be true in chasing: queries that find nothing (house rule 20).

Tests, proofs and `dunwell audit` run them; in an organization's scope they see only its rows.
Rule: chasing, throughout.
"""

from typing import Final

from dunwell.ledger.invariants import Invariant

# What reached somebody, or may have.
_OUT: Final = "('sent', 'delivered', 'bounced', 'uncertain')"
# A payment bears the moment it was asked for and then waits for a message under way, so that on
# the real clock it may be the earlier of the two by as long as one hand-over takes.
_UNDER_WAY: Final = "CASE WHEN o.sandbox_now IS NULL THEN interval '15 min' ELSE interval '0' END"

INVARIANTS: Final = (
    Invariant(
        "send_end_has_reason",
        """
        SELECT organization_id, id FROM chasing_plannedsend
        WHERE state IN ('failed', 'skipped', 'cancelled') AND reason = ''
        """,
        "what did not go out keeps the reason",
    ),
    Invariant(
        "sent_has_delivery",
        """
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        WHERE p.state = 'sent' AND NOT EXISTS (
          SELECT FROM inbox_delivery d WHERE d.organization_id = p.organization_id
            AND d.planned_send_id = p.id AND d.state IN ('sent', 'delivered'))
        """,
        "a sent send has a message that went out",
    ),
    Invariant(
        "sent_on_every_channel",
        f"""
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        JOIN inbox_delivery d ON d.organization_id = p.organization_id AND d.planned_send_id = p.id
        WHERE p.state = 'sent'
        GROUP BY p.organization_id, p.id, d.channel
        HAVING count(*) FILTER (WHERE d.state IN {_OUT}) = 0
          AND count(*) FILTER (WHERE d.state <> 'cancelled') > 0  -- else withdrawn
        """,  # noqa: S608 - constants
        "a send is called sent only where every channel of it reached somebody",
    ),
    Invariant(
        "sending_has_open_delivery",
        """
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        WHERE (p.state = 'sending') <> EXISTS (
          SELECT FROM inbox_delivery d WHERE d.organization_id = p.organization_id
            AND d.planned_send_id = p.id AND d.state IN ('queued', 'sending'))
        """,
        "a send is under way exactly while one of its messages is",
    ),
    Invariant(
        "nothing_out_of_a_send_that_is_not",
        """
        SELECT d.organization_id, d.id FROM inbox_delivery d
        JOIN chasing_plannedsend p
          ON p.organization_id = d.organization_id AND p.id = d.planned_send_id
        WHERE p.state IN ('planned', 'skipped', 'cancelled') AND d.state <> 'cancelled'
        """,
        "a send that is planned, skipped or cancelled has no message",
    ),
    Invariant(
        "one_message_per_person",
        """
        SELECT organization_id, planned_send_id FROM inbox_delivery
        WHERE planned_send_id IS NOT NULL AND state <> 'cancelled'
        GROUP BY organization_id, planned_send_id, channel,
          coalesce(contact_id::text, nullif(lower(to_address), ''), id::text)
        HAVING count(*) > 1
        UNION ALL
        SELECT organization_id, planned_send_id FROM inbox_delivery
        WHERE planned_send_id IS NOT NULL AND to_address <> '' AND state <> 'cancelled'
        GROUP BY organization_id, planned_send_id, channel, lower(to_address)
        HAVING count(*) > 1
        """,
        "a send makes one message per channel and person, however often it is tried",
    ),
    Invariant(
        "nothing_after_the_end",
        f"""
        SELECT d.organization_id, d.id FROM inbox_delivery d
        JOIN ledger_invoice i ON i.organization_id = d.organization_id AND i.id = d.invoice_id
        JOIN tenancy_organization o ON o.id = d.organization_id
        WHERE d.planned_send_id IS NOT NULL AND d.state IN {_OUT}
          AND d.at > least(i.paid_at, i.closed_at) + {_UNDER_WAY}
        """,  # noqa: S608 - constants
        "no message was made after its invoice was paid or closed",
    ),
    Invariant(
        "nothing_before_the_invoice_date",
        f"""
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        JOIN ledger_invoice i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
        JOIN tenancy_organization o ON o.id = p.organization_id
        WHERE p.kind = 'step' AND p.state = 'planned'
          AND (p.at AT TIME ZONE o.time_zone)::date < i.invoice_date
        UNION ALL
        SELECT d.organization_id, d.id FROM inbox_delivery d
        JOIN chasing_plannedsend p
          ON p.organization_id = d.organization_id AND p.id = d.planned_send_id
        JOIN ledger_invoice i ON i.organization_id = d.organization_id AND i.id = d.invoice_id
        WHERE p.kind = 'step' AND d.state IN {_OUT} AND d.local_day < i.invoice_date
          AND NOT EXISTS (SELECT FROM tenancy_event e WHERE e.organization_id = i.organization_id
            AND e.invoice_id = i.id AND e.kind = 'invoice.amended')
        """,  # noqa: S608 - constants
        "no step sends an invoice before its date, unless the date was changed since",
    ),
    Invariant(
        "nothing_planned_after_the_end",
        """
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        JOIN ledger_invoice i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
        LEFT JOIN chasing_schedule s
          ON s.organization_id = p.organization_id AND s.invoice_id = p.invoice_id
        WHERE p.state = 'planned' AND p.put_backs = 0  -- else withdrawn just now, judged next
          AND (i.issued_at IS NULL OR i.closed_at IS NOT NULL OR i.balance_minor <= 0
               OR s.id IS NULL OR (p.kind = 'step' AND NOT s.enabled))
        """,
        "nothing is planned for a draft, a paid or closed invoice, or where chasing is off",
    ),
    Invariant(
        "once_a_day",
        f"""
        SELECT d.organization_id, d.id FROM inbox_delivery d
        JOIN chasing_plannedsend p
          ON p.organization_id = d.organization_id AND p.id = d.planned_send_id
        JOIN inbox_delivery e ON e.organization_id = d.organization_id
          AND e.invoice_id = d.invoice_id AND e.local_day = d.local_day AND e.channel = d.channel
          AND e.id < d.id AND e.planned_send_id <> d.planned_send_id
          AND (e.contact_id = d.contact_id
               OR (d.to_address <> '' AND lower(e.to_address) = lower(d.to_address)))
        WHERE p.kind = 'step' AND d.state IN {_OUT} AND e.state IN {_OUT}
        """,  # noqa: S608 - constants
        "no step writes to a person who already got this invoice on this channel that day",
    ),
    Invariant(
        "queued_is_waiting_for_something",
        """
        SELECT organization_id, id FROM inbox_delivery
        WHERE (state = 'queued') <> (batch_id IS NOT NULL OR next_try_at IS NOT NULL
            OR (state = 'queued' AND provider = 'letter_pdf'))
           OR (batch_id IS NULL) <> (ordinal IS NULL)
           OR (batch_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM chasing_batch b WHERE b.id = batch_id))
        """,
        "a message waits in an open batch, for its next try or in the print tray, or it has ended",
    ),
    Invariant(
        "ended_at_a_moment",
        """
        SELECT organization_id, id FROM inbox_delivery
        WHERE planned_send_id IS NOT NULL
          AND (state IN ('queued', 'sending')) <> (settled_at IS NULL)
        """,
        "a message bears the moment it ended exactly when it has",
    ),
    Invariant(
        "first_send_when_something_went_out",
        f"""
        SELECT d.organization_id, d.id FROM inbox_delivery d
        WHERE d.invoice_id IS NOT NULL AND d.planned_send_id IS NOT NULL AND d.state IN {_OUT}
          AND NOT EXISTS (SELECT FROM chasing_firstsend f
            WHERE f.organization_id = d.organization_id AND f.invoice_id = d.invoice_id)
        UNION ALL
        SELECT f.organization_id, f.id FROM chasing_firstsend f
        WHERE f.how <> 'marked' AND NOT EXISTS (
          SELECT FROM inbox_delivery d WHERE d.organization_id = f.organization_id
            AND d.invoice_id = f.invoice_id
            AND (d.state IN {_OUT} OR d.message_id IS NOT NULL))
        """,  # noqa: S608 - constants
        "an invoice counts as sent exactly when something went out or somebody said so",
    ),
    Invariant(
        "message_kept",
        f"""
        SELECT d.organization_id, d.id FROM inbox_delivery d
        WHERE d.planned_send_id IS NOT NULL AND d.state IN {_OUT} AND d.message_id IS NULL
        UNION ALL
        SELECT organization_id, message_id FROM inbox_delivery WHERE message_id IS NOT NULL
        GROUP BY organization_id, message_id HAVING count(*) > 1
        """,  # noqa: S608 - constants
        "what went out stands in its conversation, each message once",
    ),
    Invariant(
        "conversation_numbered",
        """
        SELECT c.organization_id, c.id FROM inbox_conversation c
        LEFT JOIN inbox_message m
          ON m.organization_id = c.organization_id AND m.conversation_id = c.id
        GROUP BY c.organization_id, c.id, c.last_seq
        HAVING c.last_seq <> coalesce(max(m.seq), 0)
        """,
        "a conversation knows its last number",
    ),
    Invariant(
        "live_or_sandbox",
        """
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        JOIN tenancy_organization o ON o.id = p.organization_id
        WHERE p.live <> (o.sandbox_now IS NULL)
        """,
        "a sandbox's sends are never taken for live ones",
    ),
    Invariant(
        "planned_on_its_day",
        """
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        JOIN tenancy_organization o ON o.id = p.organization_id
        WHERE p.state = 'planned' AND p.kind = 'step' AND p.at > coalesce(o.sandbox_now, now())
          AND p.day <> (p.at AT TIME ZONE o.time_zone)::date
        """,
        "the day of a step that is to come is the local day of its instant",
    ),
    Invariant(
        "retry_of_the_same_invoice",
        """
        SELECT p.organization_id, p.id FROM chasing_plannedsend p
        JOIN chasing_plannedsend f
          ON f.organization_id = p.organization_id AND f.id = p.retry_of_id
        WHERE p.invoice_id <> f.invoice_id
        UNION ALL
        SELECT organization_id, retry_of_id FROM chasing_plannedsend
        WHERE retry_of_id IS NOT NULL AND state IN ('planned', 'sending')
        GROUP BY organization_id, retry_of_id HAVING count(*) > 1
        """,
        "a new attempt is about the same invoice, and there is one at a time",
    ),
    Invariant(
        "account_step_under_way_once",
        """
        WITH step AS (
          SELECT p.organization_id, p.id, p.customer_id, s->>'currency' AS currency,
                 s->'trigger' AS trigger
          FROM chasing_plannedsend p, jsonb_array_elements(p.trigger->'steps') s
          WHERE p.kind = 'account' AND p.state IN ('planned', 'sending'))
        SELECT b.organization_id, b.id FROM step a
        JOIN step b USING (organization_id, customer_id, currency, trigger)
        WHERE a.id < b.id
        """,
        "a step of an account has one message under way",
    ),
    Invariant(
        "no_open_task_of_an_ended_cycle",
        """
        SELECT t.organization_id, t.id FROM chasing_task t
        JOIN chasing_accountcycle c ON c.organization_id = t.organization_id AND c.id = t.cycle_id
        WHERE t.state = 'open' AND c.ended_at IS NOT NULL
        """,
        "once nothing is due any more, no task of that round is left open",
    ),
    Invariant(
        "account_message_lists_its_own_invoices",
        """
        SELECT a.organization_id, a.id FROM chasing_accountitem a
        JOIN chasing_plannedsend p
          ON p.organization_id = a.organization_id AND p.id = a.planned_send_id
        JOIN ledger_invoice i ON i.organization_id = a.organization_id AND i.id = a.invoice_id
        WHERE i.customer_id IS DISTINCT FROM p.customer_id
        """,
        "a message about an account lists invoices of its own customer only",
    ),
)
