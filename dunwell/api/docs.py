"""The API's own description: the OpenAPI document, and a page made from it on the server.

The page has no scripts and loads nothing from elsewhere, so it works under our content policy.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from ninja import NinjaAPI

from dunwell.api.idempotency import HEADER
from dunwell.api.problems import CONTENT_TYPE

_ENGINE: Final = Engine(
    dirs=[str(Path(__file__).parent / "templates")],
    libraries={"static": "django.templatetags.static"},
)
_DEEPEST: Final = 5
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_REFUSALS: Final = {
    "401": "No token, or an unknown one",
    "403": "The token's scopes or its member's role do not allow this",
    "404": "Not in this organization",
    "409": "Conflict with the present state",
    "413": "The body is too large",
    "415": "The body is not in the form this address reads",
    "422": "Invalid input, with the fields that are wrong",
    "429": "Too many requests; see Retry-After",
}
_KEY: Final = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key and body within 24 hours returns the first answer",
}


def openapi_json(_request: HttpRequest, *, api: NinjaAPI) -> HttpResponse:
    """Publish the OpenAPI document."""
    return JsonResponse(document(api))


def page(_request: HttpRequest, *, api: NinjaAPI) -> HttpResponse:
    """Show the document as a page."""
    template = _ENGINE.get_template("docs.html")
    described = document(api)
    context = {"info": described["info"], "groups": _groups(described)}
    return HttpResponse(template.render(Context(context)))


@lru_cache(maxsize=1)
def document(api: NinjaAPI) -> dict[str, Any]:
    """Return ninja's document with what holds for all addresses: problems and repeated POSTs."""
    described: dict[str, Any] = dict(api.get_openapi_schema())
    described["components"]["schemas"]["Problem"] = _PROBLEM
    for _path, method, operation in _operations(described):
        first, _, rest = operation.pop("description", "").strip().partition("\n")
        operation["summary"], operation["description"] = first.rstrip("."), rest.strip()
        if method == "post":
            operation["parameters"].append(_KEY)
        for status, meaning in _REFUSALS.items():
            operation["responses"].setdefault(status, _refusal(meaning))
        operation["responses"] = {str(k): v for k, v in operation["responses"].items()}
    return described


def _refusal(meaning: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": meaning, "content": {CONTENT_TYPE: {"schema": schema}}}


def _operations(described: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _groups(described: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Group the operations by their tag for the page."""
    schemas = described["components"]["schemas"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in _operations(described):
        groups.setdefault(operation["tags"][0], []).append(
            {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "parameters": operation["parameters"],
                "body": _body(operation.get("requestBody", {}), schemas),
                "answers": _answers(operation["responses"], schemas),
            }
        )
    return groups


def _body(body: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    return "\n".join(_sketch(each["schema"], schemas) for each in body.get("content", {}).values())


def _answers(responses: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "status": status,
            "description": answer["description"],
            "form": "\n".join(
                _sketch(each["schema"], schemas) for each in answer.get("content", {}).values()
            ),
        }
        for status, answer in responses.items()
        if status.startswith("2")
    ]


def _sketch(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> str:
    """Write a form as people write JSON: names, with the type in the place of the value."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name if depth > _DEEPEST else _sketch(schemas[name], schemas, depth)
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "anyOf" in schema:
        return " | ".join(_sketch(each, schemas, depth) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_sketch(schema.get('items', {}), schemas, depth)}, …]"
    if "properties" in schema:
        return _object(schema, schemas, depth)
    return str(schema.get("format") or schema.get("type", "any"))


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> str:
    margin = "  " * (depth + 1)
    required = schema.get("required", ())
    lines = [
        f"{margin}{name}{'' if name in required else '?'}: {_sketch(each, schemas, depth + 1)}"
        for name, each in schema["properties"].items()
    ]
    return "{\n" + "\n".join(lines) + f"\n{'  ' * depth}}}"
