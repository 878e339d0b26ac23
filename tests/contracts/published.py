"""Checks requests and answers against a provider's contract (OpenAPI).

Our own short contracts lie beside this file. Where DUNWELL_CONTRACTS names a folder with the
documents that the providers publish (twilio_messages.json, lob-api-bundled.yml), those are used
as well; they are too large to live here.
"""

import json
import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

HERE = Path(__file__).parent


@dataclass
class Request:
    """A request as openapi-core wants it."""

    host_url: str
    path: str
    method: str
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(), header=Headers(dict(self.headers)), cookie={}
        )


@dataclass
class Response:
    """An answer as openapi-core wants it."""

    status_code: int
    data: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@cache
def contract(name: str) -> OpenAPI:
    """Load a contract: our own by name, a published one by its file; skip the test without it."""
    path = HERE / name
    if not path.exists():
        folder = os.environ.get("DUNWELL_CONTRACTS", "")
        path = Path(folder) / name
        if not folder or not path.exists():
            pytest.skip(f"the published {name} is not here; DUNWELL_CONTRACTS names its folder")
    text = path.read_text()
    document: Any = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    return OpenAPI.from_dict(document)


def basic(user: str, password: str) -> str:
    """Return the header of HTTP basic authentication."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
