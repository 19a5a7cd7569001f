"""What pydantic found wrong, as sentences in German and English with a next step."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from leitstand.configuration import values as v
from leitstand.configuration.finding import Path, Remark, suggestion

Sentence = tuple[str, str]

_TYPES: dict[str, Sentence] = {
    "string_type": ("Hier gehört Text hin.", "Text belongs here."),
    "bool_type": ("Hier gehört true oder false hin.", "true or false belongs here."),
    "bool_parsing": ("Hier gehört true oder false hin.", "true or false belongs here."),
    "int_type": ("Hier gehört eine ganze Zahl hin.", "A whole number belongs here."),
    "int_parsing": ("Hier gehört eine ganze Zahl hin.", "A whole number belongs here."),
    "int_from_float": ("Hier gehört eine ganze Zahl hin.", "A whole number belongs here."),
    "float_type": ("Hier gehört eine Zahl hin.", "A number belongs here."),
    "float_parsing": ("Hier gehört eine Zahl hin.", "A number belongs here."),
    "finite_number": ("Hier gehört eine endliche Zahl hin.", "A finite number belongs here."),
    "decimal_type": ("Hier gehört eine Zahl hin.", "A number belongs here."),
    "decimal_parsing": ("Hier gehört eine Zahl hin.", "A number belongs here."),
    "tuple_type": ("Hier gehört eine Liste hin.", "A list belongs here."),
    "list_type": ("Hier gehört eine Liste hin.", "A list belongs here."),
    "dict_type": ("Hier gehören Schlüssel mit Werten hin.", "Keys with values belong here."),
    "model_attributes_type": ("Hier gehören Schlüssel mit Werten hin.", "Keys with values belong here."),
    "model_type": ("Hier gehören Schlüssel mit Werten hin.", "Keys with values belong here."),
    "date_type": ("Hier gehört ein Tag hin: JJJJ-MM-TT.", "A day belongs here: YYYY-MM-DD."),
    "date_parsing": ("Das ist kein gültiger Tag.", "This is no valid day."),
    "date_from_datetime_parsing": ("Das ist kein gültiger Tag.", "This is no valid day."),
    "date_from_datetime_inexact": (
        "Hier gehört ein Tag ohne Uhrzeit hin.", "A day without a time belongs here."
    ),
    "string_too_short": ("Der Text ist leer.", "The text is empty."),
}  # fmt: skip

_WITH_VALUES: dict[str, Callable[[dict[str, Any]], Sentence]] = {
    "string_too_long": lambda c: (
        f"Der Text ist länger als {c['max_length']} Zeichen.",
        f"The text is longer than {c['max_length']} characters.",
    ),
    "greater_than": lambda c: (
        f"Die Zahl muss größer als {c['gt']} sein.", f"The number must be greater than {c['gt']}."
    ),
    "greater_than_equal": lambda c: (
        f"Die Zahl muss mindestens {c['ge']} sein.", f"The number must be at least {c['ge']}."
    ),
    "less_than_equal": lambda c: (
        f"Die Zahl darf höchstens {c['le']} sein.", f"The number must be at most {c['le']}."
    ),
    "decimal_max_digits": lambda c: (
        f"Die Zahl hat mehr als {c['max_digits']} Ziffern.",
        f"The number has more than {c['max_digits']} digits.",
    ),
    v.REFUSED: lambda c: (str(c["de"]), str(c["en"])),
}  # fmt: skip

_PATTERNS: dict[str, Sentence] = {
    "^[A-Z]{3}$": (
        "Eine Währung hat drei Großbuchstaben, zum Beispiel USD.", "A currency has three capitals, e.g. USD."
    ),
    r"^[^@\s]+@[^@\s]+$": ("Das ist keine E-Mail-Adresse.", "This is no e-mail address."),
}  # fmt: skip


def remarks(cause: ValidationError, model: type[BaseModel], above: Path) -> list[Remark]:
    """All faults of one object. above: the way to the object in its file."""
    return [_remark(error, model, above) for error in cause.errors(include_url=False)]


def sentence_of(error: ErrorDetails) -> Sentence:
    """What is wrong with one value, in German and English, without the way to it."""
    remark = _remark(error, BaseModel, ())
    return remark.de, remark.en


def _remark(error: ErrorDetails, model: type[BaseModel], above: Path) -> Remark:
    path = above + error["loc"]
    kind = error["type"]
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path, _model_at(model, error["loc"][:-1]))
    if kind == "missing":
        field = error["loc"][-1]
        return Remark(path, f"Die Angabe „{field}“ fehlt.", f"The value '{field}' is missing.")
    if kind in ("enum", "literal_error"):
        return _not_among(path, error["input"], str(context["expected"]))
    de, en = _sentence(kind, context, error["msg"])
    return Remark(path, de, en, *_type_hint(kind, error["input"]))


def _sentence(kind: str, context: dict[str, Any], original: str) -> Sentence:
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in _WITH_VALUES:
        return _WITH_VALUES[kind](context)
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    return f"Der Wert ist nicht zulässig ({original}).", f"The value is not allowed ({original})."


def _type_hint(kind: str, given: object) -> Sentence:
    if kind == "string_type" and isinstance(given, int | float | bool | date | datetime):
        return (
            "Setzen Sie den Wert in Anführungszeichen.",
            "Put the value in quotes.",
        )
    return "", ""


def _unknown_key(path: Path, model: type[BaseModel] | None) -> Remark:
    word = str(path[-1])
    known = model.model_fields if model else ()
    return Remark(
        path, f"Der Schlüssel „{word}“ ist unbekannt.", f"The key '{word}' is unknown.",
        *suggestion(word, known), on_key=True,
    )  # fmt: skip


def _not_among(path: Path, given: object, expected: str) -> Remark:
    choices = expected.replace(" or ", ", ").replace("'", "").split(", ")
    return Remark(
        path, f"„{given}“ ist hier nicht möglich.", f"'{given}' is not possible here.",
        *suggestion(str(given), choices),
    )  # fmt: skip


def _model_at(model: type[BaseModel], loc: Path) -> type[BaseModel] | None:
    """The model that `loc` leads to from `model`; None where there is none."""
    found: type[BaseModel] | None = model
    for step in loc:
        if isinstance(step, int):
            continue
        if found is None or step not in found.model_fields:
            return None
        found = _inner_model(found.model_fields[step].annotation)
    return found


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _inner_model(inner))), None)
