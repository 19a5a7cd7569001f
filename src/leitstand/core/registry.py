"""A shelf of parts: a package whose modules each carry one part under the same name.

A new provider, detector or page is a new file on its shelf; nothing else has to be told.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

Part = TypeVar("Part")


class BadPart(Exception):
    """A module on a shelf carries no part, a wrong one, or one that is already there; names the module."""


def load(shelf: ModuleType, constant: str, key: str, kind: type[Part]) -> dict[str, Part]:
    """All parts of a package by their own `key` attribute, in order of file names.

    constant: the module-level name that holds the part, e.g. `ADAPTER`. kind: the class, or the
    runtime-checkable protocol, that each part must satisfy. Raises BadPart.
    """
    parts: dict[str, Part] = {}
    for entry in pkgutil.iter_modules(shelf.__path__, f"{shelf.__name__}."):
        module = importlib.import_module(entry.name)
        part = getattr(module, constant, None)
        if not isinstance(part, kind):
            raise BadPart(f"{entry.name} has no {constant} that is a {kind.__name__}")
        name = str(getattr(part, key))
        if name in parts:
            raise BadPart(f"{entry.name}: {key} {name!r} is taken by {type(parts[name]).__module__}")
        parts[name] = part
    return parts
