"""Reading request fields: every fault names the field and the value that was sent."""

from typing import Any

import msgspec

from leitstand.core.conversation import Json
from leitstand.core.errors import InvalidRequest

_SHOWN = 60
_MAX_DEPTH = 100  # lists and objects inside each other; tool schemas need about ten


def read_object(body: bytes) -> Json:
    """The body as a JSON object; raises InvalidRequest."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError as cause:
        raise _too_deep() from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise InvalidRequest(
            f"Der Inhalt der Anfrage ist kein gültiges JSON ({cause}). Bitte prüfen Sie Klammern und Anführungszeichen.",
            f"The request body is not valid JSON ({cause}). Check brackets and quotation marks.",
        ) from cause
    if not isinstance(value, dict):
        raise InvalidRequest(
            f"Der Inhalt der Anfrage muss ein JSON-Objekt sein, gesendet wurde {_shown(value)}.",
            f"The request body must be a JSON object, but {_shown(value)} was sent.",
        )
    if body.count(b"{") + body.count(b"[") > _MAX_DEPTH:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    """Later steps walk a request recursively; what nests deeper than any real one is refused here."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> InvalidRequest:
    return InvalidRequest(
        f"Der Inhalt der Anfrage ist tiefer als {_MAX_DEPTH} Ebenen verschachtelt. Bitte vereinfachen Sie ihn.",
        f"The request body nests deeper than {_MAX_DEPTH} levels. Make it simpler.",
    )


def wrong(param: str, value: Any, de: str, en: str) -> InvalidRequest:
    """A fault in one field. de, en: what is expected, e.g. `eine Zahl`, `a number`."""
    return InvalidRequest(
        f"Feld '{param}': Erwartet wird {de}, gesendet wurde {_shown(value)}.",
        f"Field '{param}': expected {en}, but {_shown(value)} was sent.",
        detail={"param": param},
    )


def missing(param: str) -> InvalidRequest:
    """A field that the dialect demands is not there."""
    return InvalidRequest(
        f"Feld '{param}' fehlt. Bitte ergänzen Sie es.",
        f"Field '{param}' is missing. Please add it.",
        detail={"param": param},
    )


def _shown(value: Any) -> str:
    shown = "null" if value is None else msgspec.json.encode(value).decode("utf-8", "replace")
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"


def text(value: Any, param: str) -> str:
    """A string."""
    if isinstance(value, str):
        return value
    raise missing(param) if value is None else wrong(param, value, "ein Text", "a string")


def name(value: Any, param: str) -> str:
    """A string that is not empty."""
    if value == "":
        raise wrong(param, value, "ein Name", "a name")
    return text(value, param)


def flag(value: Any, param: str) -> bool:
    """true or false; null counts as false."""
    if value is None or value is False:
        return False
    if value is True:
        return True
    raise wrong(param, value, "true oder false", "true or false")


def whole(value: Any, param: str, least: int = 0) -> int | None:
    """A whole number of at least `least`, or None for null."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise wrong(param, value, f"eine ganze Zahl ab {least}", f"a whole number of at least {least}")


def number(value: Any, param: str, most: float) -> float | None:
    """A number from 0 to `most`, or None for null."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    raise wrong(param, value, f"eine Zahl von 0 bis {most:g}", f"a number from 0 to {most:g}")


def members(value: Any, param: str) -> list[Any]:
    """A list."""
    if isinstance(value, list):
        return value
    raise missing(param) if value is None else wrong(param, value, "eine Liste", "a list")


def optional_members(value: Any, param: str) -> list[Any]:
    """A list; null counts as an empty one."""
    return [] if value is None else members(value, param)


def fields(value: Any, param: str) -> Json:
    """An object, as a copy whose fields can be taken out."""
    if isinstance(value, dict):
        return dict(value)
    raise missing(param) if value is None else wrong(param, value, "ein Objekt", "an object")


def words(value: Any, param: str) -> tuple[str, ...]:
    """Strings, given as a list or as one string; null: none."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(text(word, f"{param}[{position}]") for position, word in enumerate(members(value, param)))


def split_data_url(url: str) -> tuple[str, str] | None:
    """Media type and base64 data of a `data:` URL, None for every other URL. Source: RFC 2397."""
    if not url.startswith("data:"):
        return None
    head, comma, data = url[5:].partition(",")
    media_type, mark, rest = head.partition(";base64")
    if not comma or not mark or rest or ";" in media_type:
        return None  # unusual forms travel as they are
    return media_type, data
