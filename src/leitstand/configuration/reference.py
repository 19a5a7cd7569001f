"""The published description of the file format, made from the models: JSON schema and tables for the docs."""

import json
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from leitstand.configuration import models as m

SCHEMA_FILE = "configuration.schema.json"
DOCS_FILE = "configuration.md"
BEGIN = "<!-- generated from configuration/models.py: begin -->"
END = "<!-- generated from configuration/models.py: end -->"


def json_schema() -> str:
    """The JSON schema (draft 2020-12) of the configuration file, as text."""
    schema = m.File.model_json_schema(mode="validation")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Leitstand configuration",
        **{key: value for key, value in schema.items() if key != "title"},
    }
    return json.dumps(_without_private(schema), indent=2, ensure_ascii=False) + "\n"


def markdown() -> str:
    """A table per section: key, type, default, meaning."""
    parts = []
    for name, field in m.File.model_fields.items():
        parts.append(f"### `{name}`\n\n{field.description}\n")
        for path, model in _tables(name, field.annotation):
            parts.append(_table(path, model))
    return "\n".join(parts)


def refreshed(document: str) -> str:
    """The documentation page with its generated part renewed; raises ValueError without the two marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the marks {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{markdown()}\n{END}{after}"


def write(folder: Path) -> list[Path]:
    """Renew the schema and the page in `folder`; returns both paths."""
    page, schema = folder / DOCS_FILE, folder / SCHEMA_FILE
    page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
    schema.write_text(json_schema(), encoding="utf-8")
    return [page, schema]


def _without_private(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: _without_private(value)
            for key, value in schema.items()
            if not (key == "private" and value is True)
        }
    if isinstance(schema, list):
        return [_without_private(value) for value in schema]
    return schema


def _tables(path: str, annotation: object) -> list[tuple[str, type[BaseModel]]]:
    """The model behind an annotation and all models inside it, each with its way in the file."""
    model, many = _model_of(annotation)
    if model is None:
        return []
    here = f"{path}[]" if many else path
    found = [(here, model)]
    seen: set[type[BaseModel]] = set()
    for name, field in model.model_fields.items():
        inner = _model_of(field.annotation)[0]
        if inner is not None and inner not in seen:
            seen.add(inner)
            found += _tables(f"{here}.{name}", field.annotation)
    return found


def _model_of(annotation: object) -> tuple[type[BaseModel] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    many = get_origin(annotation) is tuple
    for inner in get_args(annotation):
        model, deeper = _model_of(inner)
        if model is not None:
            return model, many or deeper
    return None, False


def _table(path: str, model: type[BaseModel]) -> str:
    rows = [f"`{path}` — {_first_line(model)}\n", "| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is PydanticUndefined:
        return "needed"
    if default is None or default in ("", ()):
        return "none"
    if isinstance(default, BaseModel):
        return "its defaults"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    word = getattr(default, "word", None)
    return f"`{word or (default.value if isinstance(default, Enum) else default)}`"


_SIMPLE = {
    "str": "text", "bool": "true, false", "int": "whole number", "float": "number", "Decimal": "number",
    "date": "day, `YYYY-MM-DD`",
}  # fmt: skip


def _type(annotation: object) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in get_args(annotation))
    if origin is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if origin in (UnionType, Union):
        return _type(next(inner for inner in get_args(annotation) if inner is not NoneType))
    assert isinstance(annotation, type)
    if issubclass(annotation, BaseModel):
        return "keys, see below"
    if issubclass(annotation, Enum):
        return ", ".join(f"`{getattr(each, 'word', each.value)}`" for each in annotation)
    return _SIMPLE[annotation.__name__]
