"""Settings that reach into schedules: a new time zone or business calendar plans again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from dunwell.chasing.operations.planning import replan
from dunwell.chasing.queries import chased_invoice_ids
from dunwell.core.schedule import PlanMode
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import update_organization as update
from dunwell.tenancy.roles import Actor


def update_organization(*, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Organization:
    """Change settings; where they move planned sends, plan every open invoice again."""
    with transaction.atomic():
        updated = update(changes=changes, actor=actor, now=now)
        if updated.plan_again:
            replan(
                organization=updated.organization,
                invoice_ids=chased_invoice_ids(),
                now=now,
                mode=PlanMode.CATCH_UP_MOVE,
            )
    return updated.organization
