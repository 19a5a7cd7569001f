"""Forms with files (RFC 7578), from a body that is there as a whole."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from leitstand.core.errors import InvalidRequest

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MAX_PARTS = 100


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """fields: every value of each name, in order. files: the last file of each name."""

    fields: dict[str, list[str]]
    files: dict[str, Upload]


def read_form(body: bytes, content_type: str) -> Form:
    """The form in a body; raises InvalidRequest."""
    kind, options = parse_options_header(content_type)
    border = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not border:
        raise InvalidRequest(
            f"Erwartet wird ein Formular mit Datei (multipart/form-data mit boundary), gesendet wurde „{content_type[:80]}“.",
            f"A form with a file is expected (multipart/form-data with a boundary), but '{content_type[:80]}' was sent.",
            detail={"param": "content-type"},
        )
    parts = _Parts()
    try:
        MultipartParser(border, parts.callbacks()).write(body)
        return _form(parts.complete())
    except (FormParserError, UnicodeDecodeError) as cause:
        raise InvalidRequest(
            f"Das Formular ist nicht lesbar ({cause}).", f"The form cannot be read ({cause})."
        ) from cause


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)


class _Parts:
    """Takes what the parser finds, piece by piece."""

    def __init__(self) -> None:
        self._whole: list[_Part] = []
        self._ended = False
        self._name = bytearray()
        self._value = bytearray()

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": lambda data, start, end: self._whole[-1].content.extend(data[start:end]),
            "on_end": self._end,
        }

    def complete(self) -> list[_Part]:
        """All parts; raises FormParserError where the body breaks off before its last boundary."""
        if not self._ended:
            raise FormParserError("the last boundary is missing")
        return self._whole

    def _begin(self) -> None:
        if len(self._whole) == _MAX_PARTS:
            raise FormParserError(f"it has more than {_MAX_PARTS} parts")
        self._whole.append(_Part())

    def _header(self) -> None:
        self._whole[-1].headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _end(self) -> None:
        self._ended = True


def _form(parts: list[_Part]) -> Form:
    fields: dict[str, list[str]] = {}
    files: dict[str, Upload] = {}
    for part in parts:
        _, options = parse_options_header(part.headers.get(b"content-disposition", b"").decode("latin-1"))
        name = options.get(b"name", b"").decode()
        if b"filename" in options:
            media_type = part.headers.get(b"content-type", b"").decode("latin-1")
            files[name] = Upload(options[b"filename"].decode(), media_type, bytes(part.content))
        else:
            fields.setdefault(name, []).append(part.content.decode())
    return Form(fields, files)
