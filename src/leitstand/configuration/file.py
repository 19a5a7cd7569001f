"""Read a configuration file: everything that is wrong in it at once, each fault with its line.

A document with one error is applied in no part (apply.py refuses it).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path as FilePath

from pydantic import ValidationError

from leitstand.configuration import models as m
from leitstand.configuration import yaml_nodes
from leitstand.configuration.checks import Known, Placed, check, unknown
from leitstand.configuration.finding import Finding, Path, Remark, suggestion
from leitstand.configuration.kinds import KINDS, Body, Kind, plain, split
from leitstand.configuration.messages import remarks
from leitstand.configuration.yaml_nodes import Node, Unreadable
from leitstand.core.classes import DataClass


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that the document names. body: JSON types, only what was written; may hold a literal secret."""

    kind: str
    name: str
    body: Body


@dataclass(frozen=True)
class Document:
    """A configuration file as read. findings: in the order of lines."""

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid to apply it."""
        return tuple(each for each in self.findings if each.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether it can be applied."""
        return not self.errors


def read(source: FilePath | str | bytes, known: Known | None = None, today: date | None = None) -> Document:
    """Read a file (a path) or its text, and check it by itself and against what exists.

    known: what the installation holds already; nothing when None. today: for expiry dates, default: now.
    Raises OSError when the file cannot be read; all other faults are findings.
    """
    text = source.read_bytes() if isinstance(source, FilePath) else source
    folder = source.absolute().parent if isinstance(source, FilePath) else None
    try:
        parsed = yaml_nodes.parse(text)
    except Unreadable as cause:
        return Document((), (cause.finding,))
    if parsed.root is None or parsed.root.value is None:
        return Document((), tuple(parsed.findings))
    reader = _Reader(parsed.root, folder)
    placed = reader.objects()
    known = (known or Known()).with_objects(placed, reader.declared)
    reader.remarks += reader.unknown(known)
    reader.remarks += check(placed, known, today or datetime.now(UTC).date())
    findings = [*parsed.findings, *reader.findings()]
    findings.sort(key=lambda each: (each.line, each.column, each.path))
    entries = tuple(Entry(each.kind, each.name, plain(each.value)) for each in placed)
    return Document(entries, tuple(findings))


class _Reader:
    """Walks the sections; collects valid objects, and remarks on the others."""

    def __init__(self, root: Node, folder: FilePath | None) -> None:
        self.root = root
        self.remarks: list[Remark] = []
        self.declared: dict[str, set[str]] = {}
        self._bodies: list[tuple[str, Path, object]] = []
        self._folder = folder

    def findings(self) -> Iterator[Finding]:
        """All remarks with their places."""
        for each in self.remarks:
            yield each.at(yaml_nodes.locate(self.root, each.path, on_key=each.on_key))

    def unknown(self, known: Known) -> Iterator[Remark]:
        """Remarks on what objects name and does not exist; objects with other faults are looked at too."""
        for kind, path, body in self._bodies:
            yield from unknown(kind, body, path, known)

    def objects(self) -> list[Placed]:
        """All valid objects of the file."""
        if not self._is_table(self.root, (), m.File.model_fields):
            return []
        alerts = self.root.value.get("alerts")
        if alerts is not None and alerts.value is not None:
            self._is_table(alerts, ("alerts",), m.Alerts.model_fields)
        return [placed for kind in KINDS.values() for placed in self._section(kind)]

    def _section(self, kind: Kind) -> Iterator[Placed]:
        node: Node | None = self.root
        for step in kind.path:
            node = node.value.get(step) if node is not None and isinstance(node.value, dict) else None
        if node is None or node.value is None:
            return
        if kind.shape == "single":
            yield from self._object(kind, node, kind.path, kind.name)
        elif kind.shape == "table":
            yield from self._table(kind, node)
        elif isinstance(node.value, list):
            for position, item in enumerate(node.value):
                yield from self._object(kind, item, (*kind.path, position))
        else:
            self._say(kind.path, "Hier gehört eine Liste hin: Zeilen mit „- “.", "A list belongs here.")

    def _table(self, kind: Kind, node: Node) -> Iterator[Placed]:
        words = {each.word: None for each in DataClass}
        if not self._is_table(node, kind.path, words):
            return
        for word, inner in node.value.items():
            if word in words and inner.value is not None:
                yield from self._object(kind, inner, (*kind.path, word), word)

    def _object(self, kind: Kind, node: Node, path: Path, name: str = "") -> Iterator[Placed]:
        body = yaml_nodes.unplaced(node)
        self._bodies.append((kind.name, path, body))
        try:
            value = kind.model.model_validate(body)
        except ValidationError as cause:
            self.remarks += remarks(cause, kind.model, path)
            if isinstance(body, dict) and isinstance(body.get("name"), str):
                self.declared.setdefault(kind.name, set()).add(body["name"])
            return
        for part in self._parts(kind, value):
            yield Placed(kind.name, name or part.key, part, path)

    def _parts(self, kind: Kind, value: m.Section) -> Iterator[m.Section]:
        """The value with file references made absolute; a limit with several measures as several."""
        if isinstance(value, m.Provider) and self._folder and (value.api_key or "").startswith("file:"):
            path = FilePath((value.api_key or "").removeprefix("file:")).expanduser()
            value = value.model_copy(update={"api_key": f"file:{self._folder / path}"})
        if isinstance(value, m.Limit) and len(value.measures) > 1:
            yield from (kind.model.model_validate(body) for body in split(value))
        else:
            yield value

    def _is_table(self, node: Node, path: Path, known: Mapping[str, object]) -> bool:
        """Whether the node has keys and values; unknown keys are remarked."""
        if not isinstance(node.value, dict):
            self._say(path, "Hier gehören Schlüssel mit Werten hin.", "Keys with values belong here.")
            return False
        for word in node.value:
            if word not in known:
                de, en = f"Der Schlüssel „{word}“ ist unbekannt.", f"The key '{word}' is unknown."
                self.remarks.append(Remark((*path, word), de, en, *suggestion(word, known), on_key=True))
        return True

    def _say(self, path: Path, de: str, en: str) -> None:
        self.remarks.append(Remark(path, de, en))
