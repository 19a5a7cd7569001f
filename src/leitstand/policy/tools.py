"""The decision on one tool call: rights, published tools, data class, residency, contract. It fails closed.

The same rules decide what a caller sees in the list and what a call may do; a call is judged anew, whatever
the list has shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from leitstand.core.classes import DataClass, Role
from leitstand.core.conversation import Json
from leitstand.core.errors import NoTargetByPolicy, NotFound, NotPermitted
from leitstand.identity.callers import Caller
from leitstand.policy.admit import (
    CLASS_DE,
    Protection,
    objection,
    protection,
    use_case_of,
)
from leitstand.policy.media import holds_base64
from leitstand.policy.rulebook import Rulebook, ToolServer, UseCase

SEPARATOR = "__"


@dataclass(frozen=True, slots=True)
class ToolAsk:
    """What policy must know of a call. name: SERVER__TOOL. found: the class that detectors imply in `arguments`.

    only: the one server that the caller's address names, empty for all.
    """

    caller: Caller
    name: str
    use_case: str | None
    stated: DataClass | None
    found: DataClass
    arguments: Json
    only: str = ""


@dataclass(frozen=True, slots=True)
class AdmittedTool:
    """A call that may be made, and what the server may see of it. Only this file makes it."""

    caller: Caller
    use_case: UseCase
    data_class: DataClass
    server: ToolServer
    tool: str
    protection: Protection


def servers_for(
    rules: Rulebook, caller: Caller, wish: str | None, only: str = ""
) -> tuple[UseCase, tuple[ToolServer, ...]]:
    """The use case of a caller's request and the servers open to it; raises as `use_case_of`, or NotFound.

    only: a server's name; one that is not open to the caller is not known to exist.
    """
    use_case = use_case_of(rules, caller, wish)
    found = tuple(
        server for server in rules.tools.values()
        if only in ("", server.name) and _is_open(server, caller.role, use_case)
    )  # fmt: skip
    if only and not found:
        raise NotFound(
            f"Einen MCP-Server „{only}“ gibt es für Sie im Anwendungsfall „{use_case.name}“ nicht.",
            f"There is no MCP server '{only}' for you in the use case '{use_case.name}'.",
        )
    return use_case, found


def is_published(server: ToolServer, tool: str) -> bool:
    """Whether the allow and deny patterns publish a tool."""
    allowed = any(fnmatchcase(tool, pattern) for pattern in server.allow)
    return allowed and not any(fnmatchcase(tool, pattern) for pattern in server.deny)


def admit_tool(rules: Rulebook, ask: ToolAsk, today: date) -> AdmittedTool:
    """Decide on a call; raises InvalidRequest, NotFound, NotPermitted or NoTargetByPolicy."""
    use_case, servers = servers_for(rules, ask.caller, ask.use_case, ask.only)
    name, separator, tool = ask.name.partition(SEPARATOR)
    server = next((each for each in servers if each.name == name), None)
    if server is None or not separator:
        raise NotFound(
            f"Das Werkzeug „{ask.name}“ gibt es für Sie im Anwendungsfall „{use_case.name}“ nicht. „tools/list“ zeigt "
            "alle.",
            f"There is no tool '{ask.name}' for you in the use case '{use_case.name}'. 'tools/list' shows all.",
        )
    if not is_published(server, tool):
        raise NotPermitted(
            f"Das Werkzeug „{ask.name}“ ist nicht freigegeben.{_whom(rules, 'de')}",
            f"The tool '{ask.name}' is not published.{_whom(rules, 'en')}",
        )
    data_class = max(use_case.data_class, ask.found, ask.stated or DataClass.PUBLIC)
    shown = protection(server.offer, rules.policy[data_class], use_case)
    reasons = [*_objections(rules, server, data_class, today), *_unreadable(ask, data_class, shown)]
    if reasons:
        raise _refused(rules, ask.name, server, data_class, reasons)
    return AdmittedTool(ask.caller, use_case, data_class, server, tool, shown)


def may_hold(rules: Rulebook, server: ToolServer, data_class: DataClass, today: date) -> bool:
    """Whether policy lets calls of a class go to a server today."""
    return next(_objections(rules, server, data_class, today), None) is None


def _is_open(server: ToolServer, role: Role, use_case: UseCase) -> bool:
    return (not server.roles or role in server.roles) and (
        not server.use_cases or use_case.name in server.use_cases
    )


def _objections(
    rules: Rulebook, server: ToolServer, data_class: DataClass, today: date
) -> Iterator[tuple[str, str, str]]:
    """(word, German, English) of each rule that says no."""
    if data_class > server.data_class:
        yield (
            "data_class",
            f"er bekommt höchstens Daten der Klasse „{CLASS_DE[server.data_class]}“",
            f"it gets {server.data_class.word} data at most",
        )
    dropped = objection(server.offer, rules.policy[data_class], data_class, today)
    if dropped is not None:
        yield dropped.reason, dropped.de, dropped.en


def _unreadable(ask: ToolAsk, data_class: DataClass, shown: Protection) -> Iterator[tuple[str, str, str]]:
    if shown is Protection.MASKED and data_class >= DataClass.PERSONAL and holds_base64(ask.arguments):
        yield (
            "media",
            "Bilder und Dateien lassen sich nicht pseudonymisieren",
            "images and files cannot be pseudonymised",
        )


def _refused(
    rules: Rulebook, name: str, server: ToolServer, data_class: DataClass, reasons: list[tuple[str, str, str]]
) -> NoTargetByPolicy:
    de, en = "; ".join(reason[1] for reason in reasons), "; ".join(reason[2] for reason in reasons)
    return NoTargetByPolicy(
        f"Der Aufruf von „{name}“ enthält Daten der Klasse „{CLASS_DE[data_class]}“, die nicht an den Server "
        f"„{server.title}“ gehen dürfen: {de}. Lassen Sie die Angaben weg.{_whom(rules, 'de')}",
        f"The call of '{name}' holds {data_class.word} data, which may not go to the server '{server.title}': {en}. "
        f"Leave the data out.{_whom(rules, 'en')}",
        detail={"data_class": data_class.word, "dropped": {server.name: reasons[0][0]}},
    )


def _whom(rules: Rulebook, language: str) -> str:
    if not rules.contact:
        return ""
    return f" Fragen beantwortet: {rules.contact}." if language == "de" else f" Ask: {rules.contact}."
