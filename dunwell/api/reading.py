"""Reads JSON bodies strictly: exact decimals, no NaN, nothing the database cannot store."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from dunwell.tenancy.errors import InvalidInput


class StrictParser(Parser):
    """The parser of the API."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Read the body. Raises InvalidInput."""
        try:
            data = json.loads(
                request.body.decode(), parse_float=Decimal, parse_constant=_no_constant
            )
        except (ValueError, RecursionError) as error:
            raise InvalidInput(_("The body is not valid JSON.")) from error
        _check(data, path="")
        return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check(data: Any, *, path: str) -> None:
    """Refuse texts with NUL or halves of surrogate pairs, wherever they stand."""
    if isinstance(data, str):
        if "\x00" in data or any("\ud800" <= sign <= "\udfff" for sign in data):
            raise InvalidInput.at(path, _("The text contains characters that cannot be stored."))
    elif isinstance(data, list):
        for n, each in enumerate(data):
            _check(each, path=f"{path}.{n}" if path else str(n))
    elif isinstance(data, dict):
        for name, each in data.items():
            _check(name, path=path)
            _check(each, path=f"{path}.{name}" if path else name)
