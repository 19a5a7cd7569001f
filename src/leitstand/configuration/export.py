"""The stored configuration as a file again, and the difference between the two, for people."""

from enum import StrEnum
from typing import Any

import yaml

from leitstand.configuration import models as m
from leitstand.configuration.kinds import KINDS, Body, Kind
from leitstand.configuration.plan import Change, State
from leitstand.configuration.secrets import SEALED

_HEADER = """\
# Leitstand configuration. Check it with `leitstand config validate FILE`, apply it with
# `leitstand config apply FILE`. What the file does not name stays as it is.
"""
_SEALED_NOTE = """\
# `sealed:NAME` stands for a secret that is kept encrypted in this installation. Applied here again, it stays.
# In another installation write env:NAME, file:PATH or the secret itself in its place.
"""


def export(state: State) -> str:
    """All stored objects as YAML that leads to the same state when it is applied again. No secrets in clear."""
    root: dict[str, Any] = {}
    for kind in KINDS.values():
        bodies = _bodies(kind, state)
        if bodies:
            _place(root, kind, bodies)
    ordered = {section: root[section] for section in m.File.model_fields if section in root}
    text = yaml.dump(ordered, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110) if root else ""
    return _HEADER + (_SEALED_NOTE if SEALED in text else "") + text


def _bodies(kind: Kind, state: State) -> dict[str, Body]:
    found = sorted(
        (name, stored.value) for (each, name), stored in state.objects.items() if each == kind.name
    )
    return {name: _as_written(kind, body) for name, body in found}


def _as_written(kind: Kind, body: Body) -> Body:
    """The body with keys in the order of the documentation, and days as days."""
    return kind.model.model_validate(body).model_dump(exclude_unset=True)


def _place(root: dict[str, Any], kind: Kind, bodies: dict[str, Body]) -> None:
    target = root
    for step in kind.path[:-1]:
        target = target.setdefault(step, {})
    if kind.shape == "single":
        target[kind.path[-1]] = bodies[kind.name]
    elif kind.shape == "table":
        target[kind.path[-1]] = {word: bodies[word] for word in m.Policy.model_fields if word in bodies}
    else:
        target[kind.path[-1]] = list(bodies.values())


class _Dumper(yaml.SafeDumper):
    """Lists set in under their key, and no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_multi_representer(StrEnum, lambda dumper, word: dumper.represent_str(word.value))
_Dumper.add_representer(tuple, lambda dumper, items: dumper.represent_list(list(items)))


def lines(changes: list[Change]) -> list[str]:
    """The changes for people: `+` created, `~` changed, `-` removed; below them each key."""
    return [line for change in changes for line in _change_lines(change)]


def _change_lines(change: Change) -> list[str]:
    sign = {"created": "+", "changed": "~", "removed": "-"}[change.verb]
    single = KINDS[change.kind].shape == "single"
    head = f"{sign} {KINDS[change.kind].en}" + ("" if single else f" {change.name}")
    before, after = change.before or {}, change.after or {}
    if change.verb == "removed":
        return [head]
    shown = {key: _shown(after, key) for key in _keys(change, before, after)}
    if change.verb == "changed":
        shown = {key: f"{_shown(before, key)} → {text}" for key, text in shown.items()}
    found = [f"    {key}: {text}" for key, text in shown.items()]
    return [head, *found, *(f"    {key}: new secret" for key in change.renewed)]


def _keys(change: Change, before: Body, after: Body) -> list[str]:
    return [
        key
        for key in KINDS[change.kind].model.model_fields
        if before.get(key) != after.get(key) and not (key == "name" and after.get(key) == change.name)
    ]


def _shown(body: Body, key: str) -> str:
    if key not in body:
        return "—"
    text = yaml.safe_dump(body[key], default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()
