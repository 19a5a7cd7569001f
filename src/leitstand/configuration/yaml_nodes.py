"""YAML text to values that remember their line: safe types only, bounded in size, depth and aliases.

Built from the parser's events, because the compiled composer recurses without a bound: 200,000 opening
brackets end the whole process there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from leitstand.configuration.finding import Finding, Path, Place

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 20
MAX_VALUES = 5_000_000  # after aliases are written out; 100,000 users are 600,000 values

_Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD_TAGS = tuple(
    f"tag:yaml.org,2002:{word}" for word in ("str", "int", "float", "bool", "null", "timestamp")
)


class Unreadable(Exception):
    """The text is no YAML that we take; holds the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message_en)
        self.finding = finding


@dataclass(slots=True)
class Node:
    """A value with its place. value: a scalar, a dict of nodes by key, or a list of nodes."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)


@dataclass(slots=True)
class Read:
    """A parsed text: its root (None: empty) and faults that do not stop the reading."""

    root: Node | None
    findings: list[Finding]


def parse(text: str | bytes) -> Read:
    """Parse one YAML document; raises Unreadable for what makes the whole text useless."""
    if len(text) > MAX_BYTES:
        raise _unreadable(Place(1, 1), "Die Datei ist größer als 64 MiB.", "The file is larger than 64 MiB.")
    try:
        return _Builder(_decoded(text)).document()
    except yaml.MarkedYAMLError as cause:
        raise Unreadable(_syntax_finding(cause)) from cause
    except yaml.YAMLError as cause:
        raise _unreadable(
            Place(1, 1), f"Die Datei ist kein gültiges YAML: {cause}", f"The file is no valid YAML: {cause}"
        ) from cause


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        before = text[: cause.start]
        place = Place(before.count(b"\n") + 1, cause.start - before.rfind(b"\n"))
        raise _unreadable(
            place, "Die Datei ist nicht in UTF-8 gespeichert.", "The file is not saved as UTF-8."
        ) from cause


def _unreadable(place: Place, de: str, en: str) -> Unreadable:
    return Unreadable(Finding(place.line, place.column, "", de, en))


def _syntax_finding(cause: yaml.MarkedYAMLError) -> Finding:
    mark = cause.problem_mark or cause.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    problem = cause.problem or "syntax error"
    return Finding(
        place.line, place.column, "",
        f"Hier ist das YAML nicht gültig: {problem}.",
        f"The YAML is not valid here: {problem}.",
        "Prüfen Sie Einrückung (nur Leerzeichen), Klammern, Doppelpunkte und Anführungszeichen.",
        "Check indentation (spaces only), brackets, colons and quotes.",
    )  # fmt: skip


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


class _Builder:
    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_Parser)
        self._scalars = yaml.SafeLoader("")
        self._anchors: dict[str, Node] = {}
        self._sizes: dict[int, int] = {}
        self._findings: list[Finding] = []

    def document(self) -> Read:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _unreadable(
                        _place(event),
                        "Die Datei enthält mehrere YAML-Dokumente („---“); erlaubt ist eines.",
                        "The file holds several YAML documents ('---'); one is allowed.",
                    )
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 1)[0]
        return Read(root, self._findings)

    def _node(self, event: yaml.Event, depth: int) -> tuple[Node, int]:
        """The node that starts with `event`, and how many values it is with aliases written out."""
        if depth > MAX_DEPTH:
            raise _unreadable(
                _place(event),
                f"Die Datei ist tiefer als {MAX_DEPTH} Ebenen verschachtelt.",
                f"The file is nested deeper than {MAX_DEPTH} levels.",
            )
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.ScalarEvent):
            node, size = Node(self._scalar(event), _place(event)), 1
        elif isinstance(event, yaml.MappingStartEvent):
            node, size = self._mapping(event, depth)
        else:
            node, size = self._sequence(event, depth)
        if size > MAX_VALUES:
            raise _unreadable(
                _place(event), "Die Datei enthält zu viele Werte.", "The file holds too many values."
            )
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = node
            self._sizes[id(node)] = size
        return node, size

    def _alias(self, event: yaml.AliasEvent) -> tuple[Node, int]:
        node = self._anchors.get(str(event.anchor))
        if node is None:
            raise _unreadable(
                _place(event),
                f"Der Verweis „*{event.anchor}“ zeigt auf nichts, was vorher steht.",
                f"The alias '*{event.anchor}' points to nothing above it.",
            )
        return node, self._sizes[id(node)]

    def _sequence(self, start: yaml.Event, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        total = 1
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item, size = self._node(event, depth + 1)
            items.append(item)
            total += size
        return Node(items, _place(start)), total

    def _mapping(self, start: yaml.Event, depth: int) -> tuple[Node, int]:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        total = 1
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            value, size = self._node(next(self._events), depth + 1)
            total += size + 1
            if key in entries:
                self._findings.append(_twice(key, _place(event), keys[key]))
                continue
            entries[key], keys[key] = value, _place(event)
        return Node(entries, _place(start), keys), total

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _unreadable(
                _place(event), "Ein Schlüssel muss ein Wort sein.", "A key must be a single word."
            )
        return str(event.value)

    def _implicit_tag(self, text: str) -> str:
        """What a value without quotes is: a number, a day, true or false, nothing, or text."""
        for first in (text[:1], None):
            for tag, pattern in self._scalars.yaml_implicit_resolvers.get(first, ()):
                if pattern.match(text):
                    return str(tag)
        return "tag:yaml.org,2002:str"

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if event.tag is None and not event.implicit[0]:
            return event.value
        tag = event.tag or self._implicit_tag(event.value)
        if tag not in _STANDARD_TAGS:
            if event.tag is None:
                return event.value  # `<<` and `=` have no meaning of their own here
            raise _unreadable(
                _place(event),
                f"Die Kennzeichnung „{tag}“ ist nicht erlaubt.",
                f"The tag '{tag}' is not allowed.",
            )
        if tag == "tag:yaml.org,2002:str":
            return event.value
        try:
            return self._scalars.construct_object(yaml.ScalarNode(tag, event.value), deep=True)
        except (ValueError, KeyError, yaml.YAMLError):
            return event.value  # e.g. 2026-02-30: the model says what is wrong with it


def _twice(key: str, place: Place, first: Place) -> Finding:
    return Finding(
        place.line, place.column, key,
        f"Der Schlüssel „{key}“ steht hier zum zweiten Mal; zuerst in Zeile {first.line}.",
        f"The key '{key}' is given twice; first in line {first.line}.",
        "Löschen Sie eine der beiden Angaben.",
        "Delete one of the two.",
    )  # fmt: skip


def unplaced(node: Node) -> Any:
    """The node as plain values: dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: unplaced(inner) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [unplaced(inner) for inner in node.value]
    return node.value


def locate(root: Node, path: Path, *, on_key: bool = False) -> Place:
    """The place of the value at `path`, or of the nearest value above it that exists.

    on_key: the place of its key instead of its value.
    """
    node, place = root, root.place
    for position, step in enumerate(path):
        last = position == len(path) - 1
        if isinstance(node.value, dict) and isinstance(step, str) and step in node.value:
            place = node.keys[step]
            node = node.value[step]
            if last and on_key:
                return place
        elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return place
        place = node.place
    return place
