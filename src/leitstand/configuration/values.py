"""The value types that configuration models are made of: names, amounts, scopes, references to secrets.

A value that is refused says why in both languages: `refused` makes the pydantic error that
`messages.py` turns into a finding.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from leitstand.core.classes import DataClass

MAX_NAME = 120
REFUSED = "leitstand"  # the error type of values that we refuse ourselves
SCOPES_WITH_NAME = ("department", "use_case", "user", "key", "model")
EACH = "*"


def refused(de: str, en: str) -> PydanticCustomError:
    """The error to raise for a value, as a sentence in both languages."""
    return PydanticCustomError(REFUSED, "{en}", {"de": de, "en": en})


def _name(text: str) -> str:
    if text != text.strip():
        raise refused(
            "Der Name hat Leerzeichen am Anfang oder Ende.", "The name starts or ends with a space."
        )
    if not text.isprintable():
        raise refused(
            "Der Name enthält nicht druckbare Zeichen.", "The name contains characters that do not print."
        )
    return text


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise refused(
            "Hier gehört eine Zahl hin, nicht „true“ oder „false“.",
            "A number belongs here, not 'true' or 'false'.",
        )
    return value


def _as_number(amount: Decimal | float) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def web_address(text: str) -> str:
    """An address that begins with http:// or https:// and carries no sign-in; raises PydanticCustomError."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refused(
            "Die Adresse muss mit http:// oder https:// beginnen und einen Rechner nennen.",
            "The address must start with http:// or https:// and name a host.",
        )
    if parts.username or parts.password:
        raise refused(
            "Die Adresse darf weder Benutzer noch Kennwort enthalten.",
            "The address must hold neither user nor password.",
        )
    return text


def _base_address(text: str) -> str:
    if urlsplit(text).query or urlsplit(text).fragment:
        raise refused(
            "Die Basisadresse darf kein „?“ und kein „#“ enthalten.",
            "The base address must not contain '?' or '#'.",
        )
    return web_address(text).rstrip("/")


def _address_or_reference(text: str) -> str:
    return text if text.startswith(("env:", "file:", "sealed:")) else web_address(text)


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as cause:
        raise refused(
            f"Die Zeitzone „{name}“ gibt es nicht. Beispiel: Europe/Berlin.",
            f"There is no time zone '{name}'. Example: Europe/Berlin.",
        ) from cause
    return name


def _data_class(value: object) -> object:
    if isinstance(value, DataClass):
        return value
    try:
        return DataClass.parse(str(value))
    except KeyError as cause:
        words = ", ".join(each.word for each in DataClass)
        raise refused(
            f"„{value}“ ist keine Datenklasse. Möglich sind: {words}.",
            f"'{value}' is no data class. Possible are: {words}.",
        ) from cause


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a limit binds. kind: `company` or one of SCOPES_WITH_NAME; name: `*` means each one by itself."""

    kind: str
    name: str = ""


def parse_scope(text: str) -> Scope:
    """Read `company`, `user:anna`, `department:*`; raises PydanticCustomError with the grammar."""
    kind, colon, name = text.partition(":")
    if text == "company":
        return Scope("company")
    if not colon or kind not in SCOPES_WITH_NAME or not 0 < len(_name(name)) <= MAX_NAME:
        raise refused(
            f"„{text}“ ist kein Geltungsbereich. Möglich sind: company, department:NAME, use_case:NAME, "
            "user:NAME, key:ID, model:NAME; * steht für jeden.",
            f"'{text}' is no scope. Possible are: company, department:NAME, use_case:NAME, user:NAME, "
            "key:ID, model:NAME; * stands for each.",
        )
    return Scope(kind, name)


def _scope(text: str) -> str:
    parse_scope(text)
    return text


def _named_scope(text: str) -> str:
    if parse_scope(text).name == EACH:
        raise refused(
            "Nennen Sie hier einen Namen, nicht „*“: zum Beispiel user:anna.",
            "Give a name here, not '*': for example user:anna.",
        )
    return text


def _grace_scope(text: str) -> str:
    if parse_scope(_named_scope(text)).kind not in ("user", "key", "use_case"):
        raise refused(
            f"„{text}“ kann keine Kulanz haben. Möglich sind: user:NAME, key:ID, use_case:NAME.",
            f"'{text}' cannot have grace. Possible are: user:NAME, key:ID, use_case:NAME.",
        )
    return text


def _period(text: str) -> str:
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError as cause:
        raise refused(
            f"„{text}“ ist weder ein Monat (2026-11) noch ein Tag (2026-11-23).",
            f"'{text}' is neither a month (2026-11) nor a day (2026-11-23).",
        ) from cause
    return text


_AT_LIMIT = re.compile(r"refuse|downgrade:\S.{0,119}")


def _at_limit(text: str) -> str:
    if not _AT_LIMIT.fullmatch(text):
        raise refused(
            f"„{text}“ ist nicht möglich. Schreiben Sie refuse oder downgrade:MODELL.",
            f"'{text}' is not possible. Write refuse or downgrade:MODEL.",
        )
    return text


def _secret(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    if colon and scheme in ("env", "file", "sealed") and not rest:
        raise refused(
            f"Nach „{scheme}:“ fehlt der Name, zum Beispiel env:OPENAI_API_KEY.",
            f"The name is missing after '{scheme}:', for example env:OPENAI_API_KEY.",
        )
    return text


def _unique(items: tuple[Any, ...]) -> tuple[Any, ...]:
    seen: set[Any] = set()
    for item in items:
        if item in seen:
            raise refused(f"„{item}“ steht zweimal in der Liste.", f"'{item}' is in the list twice.")
        seen.add(item)
    return items


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_name)]
Text = Annotated[str, Field(max_length=2000)]
ModelID = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_name)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Terms = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], AfterValidator(_unique)]
Names = Annotated[tuple[Name, ...], AfterValidator(_unique)]
Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=0, le=10**15)]
PositiveCount = Annotated[int, BeforeValidator(_no_bool), Field(ge=1, le=10**15)]
Amount = Annotated[
    Decimal,
    BeforeValidator(_no_bool),
    Field(ge=0, max_digits=15),  # up to 15 digits pass through JSON and YAML numbers unchanged
    PlainSerializer(_as_number),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
PositiveAmount = Annotated[
    Decimal,
    BeforeValidator(_no_bool),
    Field(gt=0, max_digits=15),
    PlainSerializer(_as_number),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
Seconds = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=86_400), PlainSerializer(_as_number)]
Pause = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, le=3_600), PlainSerializer(_as_number)]
Weight = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=1_000_000), PlainSerializer(_as_number)]
Day = Annotated[date, PlainSerializer(lambda day: day.isoformat(), return_type=str, when_used="json")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_address_or_reference)]
BaseAddress = Annotated[str, Field(max_length=2000), AfterValidator(_base_address)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
SecretReference = Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_secret)]
ScopeText = Annotated[str, AfterValidator(_scope)]
NamedScope = Annotated[str, AfterValidator(_named_scope)]
GraceScope = Annotated[str, AfterValidator(_grace_scope)]
PeriodLabel = Annotated[str, Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$"), AfterValidator(_period)]
Reason = Annotated[str, Field(min_length=3, max_length=300)]
AtLimit = Annotated[str, AfterValidator(_at_limit)]
ClassWord = Annotated[
    DataClass,
    BeforeValidator(_data_class),
    PlainSerializer(lambda data_class: data_class.word, return_type=str),
    WithJsonSchema({"type": "string", "enum": [each.word for each in DataClass]}),
]
State = Literal[
    "BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"
]  # fmt: skip
