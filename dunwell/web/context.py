"""What every page's frame shows."""

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give templates the organization, the actor and the organization's clock, if signed in."""
    return {"here": getattr(request, "here", None)}
