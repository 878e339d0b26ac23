"""Where mails about accounts go, for the pages that just sent one."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def mail(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001  # Django passes it
    """Tell templates whether such mails are only written into a folder."""
    return {"mail_folder": settings.MAIL_FOLDER}
