"""What is true of every operation is said once: pages of lists, and how each refusal reads."""

from __future__ import annotations

from typing import Any, Final

from hypercare.web.error_pages import PROBLEM, TITLES

PROBLEM_SHAPE: Final = {
    "type": "object",
    "description": "A problem document of RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "What is wrong with which field.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "reasons": {"type": "array", "items": {"type": "string"}, "description": "With 409: each rule that refuses."},
        "codes": {"type": "array", "items": {"type": "string"}, "description": "With 409: the rules by name."},
    },
}
CLOCK_TIME: Final = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$"
ALWAYS: Final = (401, 406, 422, 429, 503)


def complete_schema(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001, FBT001  spectacular's signature
    """Add the shape of pages and of problems to each operation of the document."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SHAPE
    _say_clock_times(result)
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            if "cursor" in names:
                _page(operation)
            if "format" in names:
                operation["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
            for code in _refusals(path, method, names, sends="requestBody" in operation):
                operation["responses"].setdefault(str(code), _problem(code))
    return result


def _say_clock_times(node: Any) -> None:
    """Times of day are those of a wall clock; OpenAPI's own `time` would ask for an offset."""
    if isinstance(node, dict) and node.get("type") == "string" and node.get("format") == "time":
        del node["format"]
        node["pattern"] = CLOCK_TIME
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _say_clock_times(inner)


def _page(operation: dict[str, Any]) -> None:
    """A list that takes a cursor answers one page of it."""
    for content in operation["responses"]["200"]["content"].values():
        one = content["schema"]
        content["schema"] = {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {"type": "string", "format": "uri", "nullable": True},
                "previous": {"type": "string", "format": "uri", "nullable": True},
                "results": one if one.get("type") == "array" else {"type": "array", "items": one},
            },
        }


def _refusals(path: str, method: str, names: set[str], *, sends: bool) -> list[int]:
    changes = method != "get"
    wanted = [
        *ALWAYS,
        *((403, 404) if "{" in path or changes else ()),
        *((409,) if changes else ()),
        *((400,) if sends or not changes else ()),
        *((413, 415) if sends else ()),
        *((412,) if "If-Match" in names else ()),
    ]
    return sorted(wanted)


def _problem(code: int) -> dict[str, Any]:
    return {"description": TITLES[code], "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
