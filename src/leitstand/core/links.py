"""What a person may have written into the address of a picture or file: values of its query, e-mail addresses in its path."""

from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote, unquote_plus


def map_link(address: str, change: Callable[[str], str]) -> str:
    """The address with every readable value replaced by `change(value)`; host and names of parameters stay.

    Values are handed over decoded. What does not change keeps its spelling. An address whose values were changed
    leads nowhere: nobody can fetch it, but nobody reads it either.
    """
    start, path, mark, query, hash_mark, fragment = _parts(address)
    if not start:
        return address
    segments = [
        _mapped(segment, change, unquote) if _is_mail(segment) else segment for segment in path.split("/")
    ]
    fields = [_field(field, change) for field in query.split("&")]
    return (
        start + "/".join(segments) + mark + "&".join(fields) + hash_mark + _mapped(fragment, change, unquote)
    )


def named_values(address: str) -> Iterator[tuple[str, str]]:
    """Names and values of an address's query, decoded."""
    _, _, _, query, _, _ = _parts(address)
    for field in query.split("&"):
        name, _, value = field.partition("=")
        if value:
            yield unquote_plus(name), unquote_plus(value)


def _parts(address: str) -> tuple[str, str, str, str, str, str]:
    """(scheme and host, path, `?`, query, `#`, fragment); all empty for what is no web address."""
    scheme, colon, rest = address.partition("://")
    if not colon or scheme.lower() not in ("http", "https"):
        return "", "", "", "", "", ""
    rest, hash_mark, fragment = rest.partition("#")
    rest, mark, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{slash}", path, mark, query, hash_mark, fragment


def _field(field: str, change: Callable[[str], str]) -> str:
    name, equals, value = field.partition("=")
    return name + equals + _mapped(value, change, unquote_plus)


def _mapped(raw: str, change: Callable[[str], str], decode: Callable[[str], str]) -> str:
    clear = decode(raw)
    if not clear:
        return raw
    changed = change(clear)
    return raw if changed == clear else quote(changed, safe="")


def _is_mail(segment: str) -> bool:
    return "@" in segment or "%40" in segment
