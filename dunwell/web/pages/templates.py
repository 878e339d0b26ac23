"""Wording: the templates of messages, one's own or those of the box, edited with a preview."""

from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.chasing.operations.templates import (
    TemplateView,
    get_template,
    reset_template,
    save_template,
    templates,
)
from dunwell.chasing.wording import (
    VARIABLES,
    FieldError,
    Rendered,
    WordingFailed,
    WordingRefused,
    check,
    compile,  # noqa: A004  # the wording's own name
    language_for,
    sample_values,
)
from dunwell.chasing.wording import (
    render as fill_in,
)
from dunwell.chasing.wording.catalogue import Value
from dunwell.core.cadence import Channel
from dunwell.ledger.queries import find_invoice
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import attempt, member_page
from dunwell.web.pages import sentences
from dunwell.web.pages.acting import acting, attempt_or_tell, in_dialog, posted
from dunwell.web.pages.letters import Addressee, addressees, subject_of, values_for
from dunwell.web.requests import Here, here

_GROUPS: Final = (
    ("invoice", gettext_lazy("Invoice")),
    ("amounts", gettext_lazy("Amounts")),
    ("customer", gettext_lazy("Customer")),
    ("contact", gettext_lazy("Who gets it")),
    ("sender", gettext_lazy("You")),
    ("last_promise", gettext_lazy("Last promise")),
    ("payment", gettext_lazy("Payment (receipts)")),
    ("account", gettext_lazy("Account")),
    ("", gettext_lazy("Other")),
)


_USES: Final = {
    "new_invoice": gettext_lazy("the first message of every invoice"),
    "invoice_reminder": gettext_lazy("while it is not past due"),
    "past_due_invoice": gettext_lazy("once it is past due"),
    "receipt": gettext_lazy("after a payment"),
    "account_reminder": gettext_lazy("all open invoices of a customer"),
}


class WordingForm(forms.Form):
    """The words of one template for one channel and language."""

    use_required_attribute = False
    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=100)
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=500)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "class": "mono", "spellcheck": "true"}),
    )
    html = forms.CharField(
        label=gettext_lazy("HTML"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
        help_text=gettext_lazy("Empty: a calm page is made from the text."),
    )
    number = forms.CharField(
        label=gettext_lazy("Preview with invoice number"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Left empty, samples fill it in."),
    )

    def __init__(self, data: Any, *, view: TemplateView) -> None:
        start = {"subject": view.subject, "text": view.text, "html": view.html}
        super().__init__(data, initial=start | {"title": view.title if view.own else ""})
        if view.channel != Channel.EMAIL:
            del self.fields["html"]
        if view.channel == Channel.SMS:
            del self.fields["subject"]
        if view.name in sentences.TEMPLATES:
            del self.fields["title"]

    def words(self) -> dict[str, str]:
        """Give subject, text and html as typed, with the line ends of Unix."""
        return {
            name: str(self[name].value() or "").replace("\r\n", "\n") if name in self.fields else ""
            for name in ("subject", "text", "html")
        }


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake with the line it is on."""

    field: str
    line: int
    message: str
    source: str


@require_GET
@member_page
def listed(request: HttpRequest) -> HttpResponse:
    """List every template by kind, channel and language, and which words are one's own."""
    at = here(request)
    kinds: dict[str, dict[str, list[TemplateView]]] = {}
    for view in templates():
        kinds.setdefault(view.name, {}).setdefault(view.channel, []).append(view)
    order = [*sentences.TEMPLATES, *(name for name in kinds if name not in sentences.TEMPLATES)]
    rows = [
        (name, _title(kinds[name]), _USES.get(name, ""), _rows(kinds[name], at))
        for name in order
        if name in kinds
    ]
    context = {"kinds": rows, "may": at.actor.may(Permission.SETTINGS), "add": NewWordingForm()}
    return render(request, "wording/list.html", context)


def _title(by_channel: dict[str, list[TemplateView]]) -> str:
    view = next(iter(by_channel.values()))[0]
    return sentences.template_name(view.name, {view.name: view.title})


def _rows(
    by_channel: dict[str, list[TemplateView]], at: Here
) -> list[tuple[str, list[TemplateView]]]:
    """List the channels; the organization's own language comes first."""
    first = language_for(at.organization.locale)
    return [
        (channel, sorted(by_channel[channel], key=lambda view: view.language != first))
        for channel in sentences.CHANNELS
        if channel in by_channel
    ]


class NewWordingForm(forms.Form):
    """Which template is to be worded: a new one, or one of the box in another language."""

    use_required_attribute = False
    name = forms.SlugField(
        label=gettext_lazy("Name"),
        max_length=40,
        help_text=gettext_lazy("Letters, digits and -, for example last-call."),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), choices=list(sentences.CHANNELS.items())
    )
    language = forms.CharField(
        label=gettext_lazy("Language"),
        max_length=16,
        initial="en",
        help_text=gettext_lazy("Such as en, de or pt-BR."),
    )


@require_POST
@acting(Permission.SETTINGS)
def add(request: HttpRequest) -> HttpResponse:
    """Open the editor of a template that is not there yet."""
    form = NewWordingForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return redirect("templates")
    given = form.cleaned_data
    return redirect("template", given["name"], given["channel"], given["language"])


@require_http_methods(["GET", "POST"])
@member_page
def edit(request: HttpRequest, name: str, channel: str, language: str) -> HttpResponse:
    """Show a template's words with a preview; save them as one's own."""
    at = here(request)
    view = _view(name, channel, language)
    form = WordingForm(posted(request), view=view)
    asked = request.POST.get("act")
    words = form.words()
    saving = request.method == "POST" and asked != "preview"
    if saving:
        at.actor.require(Permission.SETTINGS)
    mistakes = _mistakes(words)
    if saving and form.is_valid() and not mistakes and _save(form, view, words, at):
        messages.success(request, _("Your wording is saved; it holds from the next message."))
        return redirect("templates")
    context = {
        "form": form,
        "view": view,
        "name": sentences.template_name(view.name, {view.name: view.title}),
        "groups": _catalogue(),
        "may": at.actor.may(Permission.SETTINGS),
        "mistakes": mistakes,
        "tried": saving,
        **_filled(words, mistakes, str(form["number"].value() or ""), view, at),
    }
    if in_dialog(request) and asked == "preview":
        return render(request, "wording/preview.html", context)
    return render(request, "wording/edit.html", context, status=422 if saving else 200)


def _view(name: str, channel: str, language: str) -> TemplateView:
    """Return the template, or an empty one of that name to be written."""
    try:
        return get_template(name=name, channel=channel, language=language)
    except NotFound:
        if channel not in sentences.CHANNELS:
            raise
    return TemplateView(name, "", channel, language, "", "", "", own=False, version=0)


def _mistakes(words: dict[str, str]) -> list[Mistake]:
    found = check(subject=words["subject"], text=words["text"], html=words["html"] or None)
    return [_mistake(each, words) for each in found if words["text"].strip()]


def _mistake(error: FieldError, words: dict[str, str]) -> Mistake:
    lines = words[error.field].split("\n")
    source = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
    return Mistake(error.field, error.line, error.message, source)


def _save(form: WordingForm, view: TemplateView, words: dict[str, str], at: Here) -> bool:
    saved = attempt(
        form,
        lambda: save_template(
            name=view.name,
            channel=view.channel,
            language=view.language,
            **words,
            title=form.cleaned_data.get("title", ""),
            actor=at.actor,
            now=at.now,
        ),
    )
    return saved is not None


def _filled(
    words: dict[str, str], mistakes: list[Mistake], number: str, view: TemplateView, at: Here
) -> dict[str, Any]:
    """Render the words with a real invoice or the samples."""
    if mistakes or not words["text"].strip():
        return {"letter": None}
    try:
        values, told = _values(number.strip(), view.channel, at)
    except NotFound as error:
        return {"letter": None, "preview_problem": error.detail}
    try:
        made = compile(
            subject=words["subject"],
            text=words["text"],
            html=words["html"] or None,
            language=view.language,
        )
        letter: Rendered = fill_in(made, values)
    except (WordingRefused, WordingFailed) as error:
        return {"letter": None, "preview_problem": error.sentence}
    return {"letter": letter, "told": told}


def _values(number: str, channel: str, at: Here) -> tuple[dict[str, Value], str]:
    if not number:
        return sample_values(), ""
    invoice = find_invoice(number=number)
    if invoice is None or invoice.due_date is None:
        raise NotFound(_("There is no invoice “%(n)s” with a due date.") % {"n": number})
    subject = subject_of(invoice_id=invoice.pk, since=at.now, now=at.now)
    people = addressees(subject, channels=[channel]).get(channel) or [Addressee("", "", None)]
    told = _("with invoice %(number)s, to %(who)s") % {
        "number": number,
        "who": people[0].name or people[0].address or _("nobody yet"),
    }
    return values_for(subject, people[0], at), told


def _catalogue() -> list[tuple[Any, list[dict[str, Any]]]]:
    """List the variables in groups, with what they mean and a sample."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in VARIABLES:
        group = each.path.rpartition(".")[0]
        sample = _("a list, for a loop") if isinstance(each.sample, tuple) else each.sample
        row = {
            "path": each.path,
            "code": "{{ " + each.path + " }}",
            "description": each.description,
            "sample": sample,
            "optional": each.optional,
        }
        groups.setdefault(group, []).append(row)
    return [(title, groups[name]) for name, title in _GROUPS if name in groups]


@require_POST
@acting(Permission.SETTINGS)
def reset(request: HttpRequest, name: str, channel: str, language: str) -> HttpResponse:
    """Go back to the wording of the box."""
    at = here(request)
    attempt_or_tell(
        request,
        lambda: reset_template(
            name=name, channel=channel, language=language, actor=at.actor, now=at.now
        ),
        done=_("Your own wording is removed; the one of the box holds again."),
    )
    return redirect("templates")
