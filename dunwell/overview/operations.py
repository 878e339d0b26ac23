"""Writes of the overview floor: saved views, and folding the roll-up."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from dunwell.overview.models import PAGES, SavedView
from dunwell.tenancy.errors import InvalidInput, NotAllowed, NotFound
from dunwell.tenancy.roles import Actor, Permission
from dunwell.tenancy.scope import organization_id

_FOLD = """
WITH gone AS (
  DELETE FROM overview_opensum WHERE id IN (
    SELECT id FROM overview_opensum FOR UPDATE SKIP LOCKED
  ) RETURNING organization_id, due_date, currency, count, minor
)
INSERT INTO overview_opensum (id, organization_id, due_date, currency, count, minor)
  SELECT uuidv7(), organization_id, due_date, currency, sum(count), sum(minor) FROM gone
  GROUP BY organization_id, due_date, currency
  HAVING sum(count) <> 0 OR sum(minor) <> 0
"""

_FOLD_SENDS = """
WITH gone AS (
  DELETE FROM overview_sendcount WHERE id IN (
    SELECT id FROM overview_sendcount FOR UPDATE SKIP LOCKED
  ) RETURNING organization_id, day, channel, state, count
)
INSERT INTO overview_sendcount (id, organization_id, day, channel, state, count)
  SELECT uuidv7(), organization_id, day, channel, state, sum(count) FROM gone
  GROUP BY organization_id, day, channel, state HAVING sum(count) <> 0
"""


def fold_send_counts() -> None:
    """Fold the pieces of the counts of planned sends together, in the present scope."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FOLD_SENDS)


def fold_open_sums() -> None:
    """Fold the pieces of the roll-up together, in the present scope (jobs: system scope).

    One statement, so a reader sees all pieces or their sum; it waits for nobody.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FOLD)


def save_view(
    *, page: str, name: str, query: str, shared: bool, actor: Actor, now: datetime
) -> SavedView:
    """Save a choice of filters under a name; the same name again replaces it."""
    name = name.strip()
    if page not in PAGES:
        raise InvalidInput.at("page", _("This page has no views."))
    if not 0 < len(name) <= 60:
        raise InvalidInput.at("name", _("Give the view a name of at most 60 characters."))
    if len(query) > 1000:
        raise InvalidInput.at("query", _("These filters are too long to be saved."))
    if actor.member_id is None:
        raise NotAllowed(permission=Permission.READ.value)
    view, _created = SavedView.objects.update_or_create(
        organization_id=organization_id(),
        member_id=actor.member_id,
        page=page,
        name=name,
        defaults={"query": query, "shared": shared},
        create_defaults={"query": query, "shared": shared, "created_at": now},
    )
    return view


def delete_view(*, view_id: UUID, actor: Actor) -> None:
    """Delete a view of the actor's own. Raises NotFound, also for others' shared views."""
    view = SavedView.objects.filter(pk=view_id).first()
    if view is None or view.member_id != actor.member_id:
        raise NotFound(_("This view is not yours or is already gone."))
    view.delete()
