"""Acts on an invoice's life: issued, marked as sent, closed, reopened, deleted; log and files."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dunwell import flows
from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations.schedules import steps_of
from dunwell.chasing.queries import schedule_of
from dunwell.ledger.operations import ActivityInput, log_activity
from dunwell.ledger.operations.documents import LARGEST, attach_document, remove_document
from dunwell.tenancy.errors import NotFound
from dunwell.web.pages.fields import DayField
from dunwell.web.pages.invoice.act import ActForm, Case
from dunwell.web.pages.preview import preview_of


class Issue(ActForm):
    """A draft becomes an invoice that is owed."""

    title = gettext_lazy("Issue this invoice")
    button = gettext_lazy("Issue it")

    def intro(self) -> Sequence[str]:
        """Say that it cannot be deleted any more."""
        return [_("From now on it counts and can only be closed, not deleted.")]

    def extra(self) -> dict[str, Any]:
        """Show what would go out, and when."""
        schedule = schedule_of(invoice_id=self.case.invoice.pk)
        if schedule is None or not schedule.enabled:
            return {}
        steps = steps_of(schedule)
        shown = preview_of(steps=steps, invoice=self.case.invoice, at=self.case.at)
        return {"preview": shown}

    def run(self) -> str:
        """Issue it."""
        invoice = flows.issue_invoice(**self.case.doing, invoice_id=self.case.invoice.pk)
        return _("%(number)s is issued.") % {"number": invoice.number}


class MarkSent(ActForm):
    """The invoice went to the customer by other means."""

    title = gettext_lazy("Mark as sent")
    button = gettext_lazy("Mark as sent")

    def intro(self) -> Sequence[str]:
        """Say what it changes."""
        words = [_("It went to the customer by other means; Dunwell does not send it again.")]
        if self.case.invoice.issued_at is None:
            words.append(_("The draft is issued by this."))
        return words

    def run(self) -> str:
        """Record it."""
        flows.mark_sent(**self.case.doing, invoice_id=self.case.invoice.pk)
        return _("Marked as sent.")


class Close(ActForm):
    """The invoice was a mistake, or will never be paid."""

    title = gettext_lazy("Close this invoice")
    button = gettext_lazy("Close it")
    danger = True
    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        widget=forms.RadioSelect,
        choices=[
            ("void", gettext_lazy("Void: it was a mistake")),
            ("write_off", gettext_lazy("Write off: it will not be paid")),
        ],
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def prepare(self) -> None:
        """Leave writing off out where nothing is owed."""
        if self.case.invoice.balance.minor <= 0:
            field: Any = self.fields["reason"]
            field.choices = field.choices[:1]

    def intro(self) -> Sequence[str]:
        """Name what goes."""
        ahead = PlannedSend.objects.filter(invoice=self.case.invoice, state="planned").count()
        told = ngettext(
            "%(n)d planned message is cancelled.", "%(n)d planned messages are cancelled.", ahead
        )
        words = [_("It leaves the board and every total of what is owed. It can be reopened.")]
        return [*words, told % {"n": ahead}] if ahead else words

    def run(self) -> str:
        """Close it."""
        given = self.cleaned_data
        flows.close_invoice(
            **self.case.doing,
            invoice_id=self.case.invoice.pk,
            reason=given["reason"],
            note=given["note"],
        )
        return _("Voided.") if given["reason"] == "void" else _("Written off.")


class Reopen(ActForm):
    """A closing is taken back."""

    title = gettext_lazy("Reopen this invoice")
    button = gettext_lazy("Reopen it")

    def intro(self) -> Sequence[str]:
        """Say what follows."""
        return [_("It is owed again, and the steps that lie ahead are planned again.")]

    def run(self) -> str:
        """Reopen it."""
        flows.reopen_invoice(**self.case.doing, invoice_id=self.case.invoice.pk)
        return _("Open again.")


class Delete(ActForm):
    """A draft is thrown away."""

    title = gettext_lazy("Delete this draft")
    button = gettext_lazy("Delete the draft")
    danger = True

    def intro(self) -> Sequence[str]:
        """Name what goes."""
        return [
            _("%(number)s for %(customer)s goes with its lines, files and schedule.")
            % {"number": self.case.invoice.number, "customer": self.case.invoice.customer.name},
            _("This cannot be undone."),
        ]

    def run(self) -> str:
        """Delete it."""
        flows.delete_draft(**self.case.doing, invoice_id=self.case.invoice.pk)
        return _("%(number)s is deleted.") % {"number": self.case.invoice.number}

    def after(self) -> str:
        """Go to the board: the page is gone."""
        return reverse("board")


class Log(ActForm):
    """Something happened between people."""

    title = gettext_lazy("Log what happened")
    button = gettext_lazy("Log it")
    beside = True
    tab = "activity"
    kind = forms.ChoiceField(
        label=gettext_lazy("What"),
        widget=forms.RadioSelect,
        initial="call",
        choices=[
            ("call", gettext_lazy("Call")),
            ("meeting", gettext_lazy("Meeting")),
            ("note", gettext_lazy("Note")),
            ("message", gettext_lazy("I wrote to them")),
            ("reply", gettext_lazy("They replied")),
        ],
    )
    outcome = forms.CharField(
        label=gettext_lazy("Outcome"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("for example: no answer")}),
    )
    text = forms.CharField(
        label=gettext_lazy("In your words"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_on = DayField(label=gettext_lazy("Look at it again on"), required=False)

    def run(self) -> str:
        """Log it."""
        given = self.cleaned_data
        log_activity(
            **self.case.doing,
            data=ActivityInput(
                kind=given["kind"],
                invoice_id=self.case.invoice.pk,
                outcome=given["outcome"],
                text=given["text"],
                next_on=given["next_on"],
            ),
        )
        return _("Logged.")


class Attach(ActForm):
    """A file is kept with the invoice."""

    title = gettext_lazy("Attach a file")
    button = gettext_lazy("Attach it")
    tab = "documents"
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("Up to 10 MB."), max_length=200
    )
    original = forms.BooleanField(
        label=gettext_lazy("This is the original invoice: send it to the customer, not our PDF"),
        required=False,
        initial=True,
    )

    def run(self) -> str:
        """Keep it."""
        file = self.cleaned_data["file"]
        attach_document(
            **self.case.doing,
            invoice_id=self.case.invoice.pk,
            name=file.name,
            content_type=file.content_type or "application/octet-stream",
            data=file.read(LARGEST + 1),
            original=self.cleaned_data["original"],
        )
        return _("%(name)s is attached.") % {"name": file.name}


class Detach(ActForm):
    """A file of the invoice is removed."""

    title = gettext_lazy("Remove this file")
    button = gettext_lazy("Remove it")
    danger = True
    tab = "documents"

    def intro(self) -> Sequence[str]:
        """Say what goes out then."""
        return [_("Messages that went out keep it. Without an original our own PDF goes out.")]

    def run(self) -> str:
        """Remove it."""
        if self.case.object_id is None:
            raise NotFound
        remove_document(
            actor=self.case.at.actor, now=self.case.at.now, document_id=self.case.object_id
        )
        return _("Removed.")


def offered(case: Case) -> list[str]:
    """Name the acts that fit the invoice's state."""
    invoice = case.invoice
    if invoice.closed_at is not None:
        return ["reopen", "log"]
    if invoice.issued_at is None:
        return ["issue", "amend", "mark-sent", "log", "delete"]
    if invoice.balance.minor <= 0:
        return ["log", "amend", "close"]
    acts = ["payment", "promise", "log", "send", "amend", "mark-sent", "dispute", "close"]
    if invoice.first_marked_sent_at is not None:
        acts.remove("mark-sent")
    return acts
