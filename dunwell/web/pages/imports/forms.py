"""Forms of the importer: a file, and which column gives which field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.core.money import CURRENCIES
from dunwell.flows import imports as flows
from dunwell.ledger.models import Import
from dunwell.web.pages.imports import words

_ORDERS: Final = (
    ("", gettext_lazy("as found")),
    ("d/m/Y", gettext_lazy("day first (31/12/2026)")),
    ("m/d/Y", gettext_lazy("month first (12/31/2026)")),
    ("Y-m-d", gettext_lazy("year first (2026-12-31)")),
)
_MARKS: Final = (
    ("", gettext_lazy("as found")),
    (".", gettext_lazy("point (1,234.56)")),
    (",", gettext_lazy("comma (1.234,56)")),
)
_SENT: Final = (
    ("auto", gettext_lazy("those dated before today")),
    ("yes", gettext_lazy("all of them")),
    ("no", gettext_lazy("none of them")),
)
_CHOSEN: Final = ("currency", "sent", "cadence")


class UploadForm(forms.Form):
    """A file and what it holds."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is in the file?"), choices=words.KINDS, initial="invoices"
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or XLSX, with the names of the columns in its first row."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
        allow_empty_file=True,  # refused later, in the same words as everywhere
    )


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the mapping: its column, and how its dates or amounts are written."""

    column: BoundField
    written: BoundField | None
    question: str


class ColumnsForm(forms.Form):
    """Which column gives which field, and what holds for the whole file."""

    def __init__(self, import_: Import, *args: Any, cadences: Mapping[str, str], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._import = import_
        self._fields = flows.fields_of(kind=import_.kind)
        told = flows.describe(import_=import_)
        self._questions = {each["field"]: each["message"] for each in told["questions"]}
        for field in self._fields:
            self._add(field, import_.mapping.get(field.name) or {})
        self._add_options(cadences)

    def _add(self, field: Any, mapped: Mapping[str, Any]) -> None:
        label = str(words.field(field.name))
        self.fields[f"column_{field.name}"] = forms.ChoiceField(
            label=label,
            choices=[("", "—"), *_columns(self._import)],
            initial=str(mapped.get("position", "")),
            required=field.required,
        )
        asked = self._questions.get(field.name)
        written = {"date": ("order", _ORDERS), "amount": ("mark", _MARKS)}.get(field.reading)
        if written is not None:
            key, choices = written
            self.fields[f"written_{field.name}"] = forms.ChoiceField(
                label=_("%(field)s is written") % {"field": label},
                choices=choices if mapped and not asked else [("", "—"), *choices[1:]],
                initial="" if asked else mapped.get(key, ""),
                required=False,
            )

    def _add_options(self, cadences: Mapping[str, str]) -> None:
        options, kind = self._import.options, self._import.kind
        if kind in ("invoices", "payments"):
            self.fields["currency"] = forms.ChoiceField(
                label=_("Currency, where the file names none"),
                choices=[(code, code) for code in CURRENCIES],
                initial=options.get("currency"),
            )
        if kind == "invoices":
            self.fields["sent"] = forms.ChoiceField(
                label=_("Which invoices did the customers get already?"),
                help_text=_("Invoices nobody got yet are sent by the first step of their cadence."),
                choices=_SENT,
                initial=options.get("sent", "auto"),
            )
            self.fields["cadence"] = forms.ChoiceField(
                label=_("Chase new invoices by"),
                help_text=_("Holds where the row names no cadence."),
                choices=[("", _("no cadence")), *cadences.items()],
                initial=options.get("cadence", ""),
                required=False,
            )

    def used_rows(self) -> list[FieldRow]:
        """Give the fields that have a column or need one."""
        return [self._row(field) for field in self._fields if self._is_used(field)]

    def other_rows(self) -> list[FieldRow]:
        """Give the fields that have no column and need none."""
        return [self._row(field) for field in self._fields if not self._is_used(field)]

    def _is_used(self, field: Any) -> bool:
        return bool(
            field.required
            or field.name in self._import.mapping
            or self[f"column_{field.name}"].errors
            or self[f"column_{field.name}"].value()
        )

    def _row(self, field: Any) -> FieldRow:
        written = f"written_{field.name}"
        return FieldRow(
            column=self[f"column_{field.name}"],
            written=self[written] if written in self.fields else None,
            question=self._questions.get(field.name, ""),
        )

    def options_shown(self) -> list[BoundField]:
        """Give what holds for the whole file."""
        return [self[name] for name in _CHOSEN if name in self.fields]

    def mapping(self) -> dict[str, Any]:
        """Give the mapping as flows take it; fields without a column are left out on purpose."""
        given: dict[str, Any] = {}
        for field in self._fields:
            position = self.cleaned_data[f"column_{field.name}"]
            written = self.cleaned_data.get(f"written_{field.name}", "")
            given[field.name] = {
                "column": int(position) if position else None,
                "format": written,
                "decimal": written if field.reading == "amount" else "",
            }
        return given

    def options(self) -> dict[str, Any]:
        """Give the options, those that the page does not show as they were."""
        shown = {n: self.cleaned_data[n] for n in _CHOSEN if n in self.cleaned_data}
        return {**self._import.options, **shown}


def _columns(import_: Import) -> list[tuple[str, str]]:
    """List the file's columns with what stands in them."""
    return [
        (
            str(position),
            f"{column['header'] or position + 1} ({', '.join(column['samples'])[:40]})",
        )
        for position, column in enumerate(import_.analysis["columns"])
    ]
