"""Acts on an invoice's chasing: send now, try again, pause, resume, cadence, list, on and off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.chasing import queries
from dunwell.chasing.errors import SentToday
from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations import by_hand, schedules
from dunwell.core.calendar import add_days, instant_at
from dunwell.ledger.models import Contact
from dunwell.tenancy import locale
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.roles import Permission
from dunwell.web.pages import sentences
from dunwell.web.pages.fields import DayField
from dunwell.web.pages.invoice.act import ActForm, Case
from dunwell.web.pages.letters import Addressee, addressees, letter, subject_of


class ChasingAct(ActForm):
    """An act on the schedule."""

    permission = Permission.CHASING_WRITE


class SendNow(ChasingAct):
    """A member sends the message that fits now."""

    title = gettext_lazy("Send now")
    button = gettext_lazy("Send it now")
    beside = True
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("By"),
        choices=list(sentences.CHANNELS.items()),
        widget=forms.CheckboxSelectMultiple,
        initial=["email"],
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("Yes, send it again today"), required=False, widget=forms.HiddenInput
    )

    def intro(self) -> Sequence[str]:
        """Say when it leaves in a sandbox, whose clock stands still."""
        if self.case.at.organization.sandbox:
            return [_("In a sandbox it goes out when the clock is advanced.")]
        return ()

    def extra(self) -> dict[str, Any]:
        """Show to whom it goes and the words they will read."""
        invoice, at = self.case.invoice, self.case.at
        if invoice.issued_at is None or invoice.due_date is None:
            return {}
        subject = subject_of(invoice_id=invoice.pk, since=at.now, now=at.now)
        people = addressees(subject, channels=list(sentences.CHANNELS))
        rows = [(channel, _names(channel, found)) for channel, found in people.items()]
        return {"addressees": rows, "letter": letter(subject, channel="email", at=at)}

    def run(self) -> str:
        """Plan it for now; ask first where somebody already got it today."""
        given = self.cleaned_data
        try:
            by_hand.send_now(
                **self.case.doing,
                invoice_id=self.case.invoice.pk,
                channels=given["channels"],
                confirmed=given["confirmed"],
            )
        except SentToday:
            self.fields["confirmed"].widget = forms.CheckboxInput()
            raise
        if self.case.at.organization.sandbox:
            return _("Planned for now; it goes out when the clock is advanced.")
        return _("It goes out now.")


def _names(channel: str, found: Sequence[Addressee]) -> str:
    names = [_named(each) for each in found if each.address or each.name]
    if not names or (channel != "letter" and not any(each.address for each in found)):
        return _("nobody has an address for this")
    return ", ".join(names)


def _named(each: Addressee) -> str:
    return (
        f"{each.name} ({each.address})" if each.name and each.address else each.name or each.address
    )


class TryAgain(ChasingAct):
    """A failed send is tried once more."""

    title = gettext_lazy("Try again")
    button = gettext_lazy("Try again")
    on = DayField(
        label=gettext_lazy("On"), required=False, help_text=gettext_lazy("Leave empty for now.")
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("At"),
        coerce=int,
        initial=9,
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I know that they may get it twice"), required=False
    )

    def prepare(self) -> None:
        """Ask for the confirmation only where the first attempt may have arrived."""
        if not self._uncertain():
            del self.fields["sure"]

    def _first(self) -> PlannedSend:
        of_invoice = PlannedSend.objects.filter(invoice=self.case.invoice)
        found = of_invoice.filter(pk__in=[self.case.object_id]).first()
        if found is None:
            raise NotFound(_("There is no such planned send."))
        return found

    def _uncertain(self) -> bool:
        deliveries = queries.deliveries_of(planned_send_ids=[self._first().pk])
        return any(d.state == "uncertain" for found in deliveries.values() for d in found)

    def intro(self) -> Sequence[str]:
        """Say to whom it goes, and what is not known."""
        words = [_("It goes to those that the first attempt did not reach.")]
        if self._uncertain():
            words.append(
                _("The first attempt broke off while it was handed over: it may have arrived.")
            )
        return words

    def run(self) -> str:
        """Plan the new attempt."""
        given = self.cleaned_data
        if "sure" in self.fields and not given["sure"]:
            raise InvalidInput.at("sure", _("Please confirm this."))
        by_hand.retry(**self.case.doing, planned_send_id=self._first().pk, at=self._when())
        return _("Another attempt is planned.")

    def _when(self) -> datetime | None:
        given = self.cleaned_data
        if given["on"] is None:
            return None
        return instant_at(given["on"], given["hour"], self.case.at.organization.zone)


class Pause(ChasingAct):
    """Chasing rests until a day."""

    title = gettext_lazy("Pause chasing")
    button = gettext_lazy("Pause")
    until = DayField(label=gettext_lazy("Resume on"))
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("for example: the project lead is on holiday")}
        ),
    )

    @classmethod
    def start(cls, case: Case) -> dict[str, Any]:
        """Begin with a week."""
        return {"until": add_days(case.at.today, 7)}

    def intro(self) -> Sequence[str]:
        """Say what becomes of the steps on the way."""
        return [_("Steps that fall before that day are skipped; nothing is sent in a heap after.")]

    def run(self) -> str:
        """Pause it."""
        given = self.cleaned_data
        schedules.pause(
            **self.case.doing,
            invoice_id=self.case.invoice.pk,
            until=given["until"],
            reason=given["reason"],
        )
        day = locale.day_short(given["until"], self.case.at.organization.locale)
        return _("Paused until %(day)s.") % {"day": day}


class Resume(ChasingAct):
    """A pause is lifted."""

    title = gettext_lazy("Resume chasing")
    button = gettext_lazy("Resume now")

    def run(self) -> str:
        """Lift it."""
        schedules.resume(**self.case.doing, invoice_id=self.case.invoice.pk)
        return _("Chasing goes on.")


class ChooseCadence(ChasingAct):
    """Another cadence is copied onto the invoice."""

    title = gettext_lazy("Choose a cadence")
    button = gettext_lazy("Use this cadence")
    cadence_id = forms.ChoiceField(label=gettext_lazy("Cadence"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        """List the cadences with what they do."""
        tag = self.case.at.organization.locale
        rows = queries.cadences()
        self.fields["cadence_id"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (str(each.pk), f"{each.name}: {_summary(each.steps, tag)}") for each in rows
        ]
        schedule = queries.schedule_of(invoice_id=self.case.invoice.pk)
        chosen = schedule.cadence_id if schedule else None
        default = next((each.pk for each in rows if each.default), None)
        self.initial["cadence_id"] = str(chosen or default or "")

    def intro(self) -> Sequence[str]:
        """Say what stays and what goes."""
        return [
            _(
                "Its steps are copied onto this invoice. What was sent is not sent again; steps"
                " whose time has passed are left out."
            )
        ]

    def run(self) -> str:
        """Copy it."""
        schedule = schedules.apply_cadence(
            **self.case.doing,
            invoice_id=self.case.invoice.pk,
            cadence_id=UUID(self.cleaned_data["cadence_id"]),
        )
        return _("“%(name)s” it is.") % {"name": schedule.cadence.name}


def _summary(steps: Sequence[dict[str, Any]], tag: str) -> str:
    told = [sentences.trigger_words(step["trigger"], tag=tag) for step in steps[:4]]
    more = len(steps) - len(told)
    return ", ".join([*told, _("%(n)d more") % {"n": more}] if more > 0 else told)


class OwnList(ChasingAct):
    """The invoice goes to people of its own."""

    title = gettext_lazy("Who gets this invoice")
    button = gettext_lazy("Save the list")
    contacts = forms.CharField(
        label=gettext_lazy("Email addresses, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("Empty: the customer's own contacts get it."),
    )

    @classmethod
    def start(cls, case: Case) -> dict[str, Any]:
        """Begin with the list as it stands."""
        schedule = queries.schedule_of(invoice_id=case.invoice.pk)
        return {"contacts": "\n".join(schedule.contacts) if schedule else ""}

    def extra(self) -> dict[str, Any]:
        """Show the customer's contacts."""
        rows = Contact.objects.filter(customer_id=self.case.invoice.customer_id).exclude(email="")
        return {"contacts": rows.order_by("-billing", "name")}

    def run(self) -> str:
        """Save it."""
        lines = self.cleaned_data["contacts"].replace(",", "\n").split("\n")
        schedules.set_contacts(**self.case.doing, invoice_id=self.case.invoice.pk, contacts=lines)
        return _("Saved.")


class SwitchOff(ChasingAct):
    """Chasing of this invoice ends."""

    title = gettext_lazy("Switch chasing off")
    button = gettext_lazy("Switch it off")

    def intro(self) -> Sequence[str]:
        """Name what goes."""
        ahead = PlannedSend.objects.filter(invoice=self.case.invoice, state="planned").count()
        return [
            _("%(n)d planned messages are cancelled. Switching it on again plans what lies ahead.")
            % {"n": ahead}
        ]

    def run(self) -> str:
        """Switch it off."""
        schedules.set_enabled(**self.case.doing, invoice_id=self.case.invoice.pk, enabled=False)
        return _("Chasing is off for this invoice.")


class SwitchOn(ChasingAct):
    """Chasing of this invoice begins again."""

    title = gettext_lazy("Switch chasing on")
    button = gettext_lazy("Switch it on")

    def run(self) -> str:
        """Switch it on."""
        schedules.set_enabled(**self.case.doing, invoice_id=self.case.invoice.pk, enabled=True)
        return _("Chasing is on again.")
