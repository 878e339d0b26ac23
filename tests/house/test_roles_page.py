"""The page about roles says what the code does.

`python -m tests.house.test_roles_page` writes the page anew after the table changed.
"""

from pathlib import Path

from dunwell.tenancy.roles import MAY, Permission, Role

PAGE = Path(__file__).parents[2] / "docs/reference/roles.md"

WORDS = {
    Permission.READ: "see customers, invoices, payments, schedules and settings",
    Permission.LEDGER_WRITE: "write customers, invoices, payments, promises, disputes",
    Permission.CHASING_WRITE: "write cadences and schedules, pause and send",
    Permission.IMPORT: "import files and undo imports",
    Permission.SETTINGS: "change settings, templates, bank accounts and contact roles",
    Permission.MEMBERS: "invite members, change their roles, shut them out",
    Permission.TOKENS: "make and revoke API tokens",
    Permission.CLOCK: "advance a sandbox's clock",
}


def page() -> str:
    """Write the page from the table in the code."""
    roles = " | ".join(role.value for role in Role)
    rows = [
        f"| `{permission.value}` | {WORDS[permission]} | "
        + " | ".join("yes" if permission in MAY[role] else "–" for role in Role)
        + " |"
        for permission in Permission
    ]
    lines = [
        "# Who may do what",
        "",
        "A member has one role in an organization. An API token acts for a member: it may do what",
        "both the member's role and the token's scopes allow. Scopes are named as permissions.",
        "",
        f"| permission and scope | to | {roles} |",
        "| --- | --- |" + " --- |" * len(Role),
        *rows,
        "",
        "An organization always has at least one active owner. Only owners make, change and shut",
        "out owners, and make tokens that act for others. When somebody leaves, another member",
        "takes over their customers and invoices, and the tokens that acted for them stop at once.",
        "",
        "This page is written from `MAY` in `dunwell/tenancy/roles.py`; a test compares the two.",
        "",
    ]
    return "\n".join(lines)


def test_the_page_about_roles_is_the_table_in_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
