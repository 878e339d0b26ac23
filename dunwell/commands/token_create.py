"""`dunwell token create`: print a new API token once."""

import argparse

from dunwell.commands import CommandFailed
from dunwell.tenancy import clock, doors
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import create_token
from dunwell.tenancy.roles import ALL_SCOPES, SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope

NAME = "token create"
HELP = "print a new API token of an organization, once"
NEEDS_DATABASE = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--organization", required=True, metavar="SLUG")
    parser.add_argument("--name", required=True, help="what it is for")
    parser.add_argument(
        "--scope",
        action="append",
        choices=ALL_SCOPES,
        metavar="SCOPE",
        help=f"may be repeated; all if left out ({', '.join(ALL_SCOPES)})",
    )


def run(options: argparse.Namespace) -> int:
    """Create the token for the organization's default owner and print it alone."""
    found = doors.by_slug(slug=options.organization)
    if found is None:
        raise CommandFailed(f"there is no organization “{options.organization}”")
    with organization_scope(found):
        organization = Organization.objects.select_related("default_owner").get()
        if organization.default_owner is None:
            raise CommandFailed(f"“{options.organization}” has no owner to act for")
        try:
            made = create_token(
                name=options.name,
                member_id=organization.default_owner.pk,
                scopes=options.scope or ALL_SCOPES,
                actor=SYSTEM_ACTOR,
                now=clock.now(organization),
                wall=clock.wall(),
            )
        except DunwellError as error:
            raise CommandFailed(error.detail) from error
    print(made.secret)
    return 0
