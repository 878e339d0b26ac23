"""Where a person says that they want no more mail: one click, without signing in (RFC 8058)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from dunwell.flows import mail_settings
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import organization_scope
from dunwell.tenancy.unsubscribing import read_unsubscribe_token


@csrf_exempt  # mail programs post here by themselves; the signed word in the link is the key
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more on a page; a post, also a mail program's own, does it."""
    found = read_unsubscribe_token(token=token)
    if found is None:
        raise Http404
    organization_id, address = found
    with organization_scope(organization_id):
        organization = Organization.objects.filter(pk=organization_id).first()
        if organization is None:
            raise Http404
        if request.method == "POST":
            mail_settings.unsubscribe(address=address, now=clock.now(organization))
    context = {"name": organization.name, "address": address, "done": request.method == "POST"}
    return render(request, "unsubscribe.html", context)
