"""A valid example value for a JSON schema, made deterministically."""

import re
from typing import Any

from leitstand.simulator.values import Json

_DEPTH = 12
_FORMATS = {
    "date": "2026-03-02",
    "date-time": "2026-03-02T09:00:00Z",
    "time": "09:00:00Z",
    "duration": "PT1H",
    "email": "info@musterwerk.example",
    "hostname": "musterwerk.example",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://musterwerk.example/",
    "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
}


def example(schema: Json, text: str = "") -> Any:
    """A value that the schema accepts. text: what free strings say; empty: their property's name.

    Covers types, enum, const, default, $ref within the document, anyOf, oneOf, allOf, formats, lengths,
    bounds and required properties (all properties are filled). `pattern` is not solved.
    """
    return _value(schema, schema, text, "Beispiel", _DEPTH)


def _value(schema: Any, root: Json, text: str, name: str, depth: int) -> Any:
    if not isinstance(schema, dict):
        return text or name
    schema = _resolved(schema, root)
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if schema.get("enum"):
        return schema["enum"][0]
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            return _value(_shallowest(schema[union], depth), root, text, name, depth)
    match _kind(schema):
        case "object":
            return _object(schema, root, text, depth)
        case "array":
            return _array(schema, root, text, name, depth)
        case "string":
            return _string(schema, text or name)
        case "integer":
            return int(_number(schema, step=1))
        case "number":
            return _number(schema, step=0.5)
        case "boolean":
            return True
        case "null":
            return None
    return text or name


def _resolved(schema: Json, root: Json) -> Json:
    """Follow a reference and merge `allOf`, so that the caller sees one flat schema."""
    merged = dict(schema)
    for _ in range(_DEPTH):
        reference = merged.pop("$ref", None)
        if not isinstance(reference, str):
            break
        merged = {**_pointed(root, reference), **merged}
    for part in merged.pop("allOf", ()):
        inner = _resolved(part, root)
        properties = {**merged.get("properties", {}), **inner.get("properties", {})}
        merged = {**inner, **merged}
        if properties:
            merged["properties"] = properties
    return merged


def _pointed(root: Json, reference: str) -> Json:
    target: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            target = target.get(step.replace("~1", "/").replace("~0", "~"), {})
    return target if isinstance(target, dict) else {}


def _kind(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None and "properties" in schema:
        return "object"
    return kind if isinstance(kind, str) else ""


def _shallowest(options: list[Any], depth: int) -> Any:
    """The first alternative, or, where a schema refers to itself too deep, the one that ends it."""
    if depth > 0:
        return options[0]
    return next((one for one in options if isinstance(one, dict) and one.get("type") == "null"), options[-1])


def _object(schema: Json, root: Json, text: str, depth: int) -> Json:
    if depth <= 0:
        return {}
    properties = schema.get("properties") or {}
    return {key: _value(inner, root, text, key, depth - 1) for key, inner in properties.items()}


def _array(schema: Json, root: Json, text: str, name: str, depth: int) -> list[Any]:
    length = max(int(schema.get("minItems", 1)), 0)
    if depth <= 0 and not schema.get("minItems"):
        length = 0
    length = min(length, int(schema.get("maxItems", length)))
    return [_value(schema.get("items"), root, text, name, depth - 1) for _ in range(length)]


def _string(schema: Json, text: str) -> str:
    known = _FORMATS.get(str(schema.get("format", "")))
    if known is not None:
        return known
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    if len(text) < least:
        text = (text + " " + "x" * least)[:least]
    return text[:most] if isinstance(most, int) else text


def _number(schema: Json, step: float) -> float:
    value = float(schema.get("minimum", 1))
    if "exclusiveMinimum" in schema:
        value = float(schema["exclusiveMinimum"]) + step
    upper = schema.get("maximum")
    if upper is not None and value > float(upper):
        value = float(upper)
    if "exclusiveMaximum" in schema and value >= float(schema["exclusiveMaximum"]):
        value = float(schema["exclusiveMaximum"]) - step
    multiple = schema.get("multipleOf")
    return -(-value // multiple) * multiple if multiple else value


def said_after(word: str, text: str) -> str:
    """The rest of the line after `word` in a text, e.g. what follows `with:`; empty without it."""
    found = re.search(rf"{re.escape(word)}[ \t]*([^\n]*)", text)
    return found.group(1).strip() if found else ""
