"""Which other objects a configuration object names, read from its body, even from a body with faults."""

from collections.abc import Iterator
from dataclasses import dataclass

from leitstand.configuration.channels import ON_CALL
from leitstand.configuration.finding import Path


@dataclass(frozen=True, slots=True)
class Reference:
    """A mention of object `name` of `kind`. path: the way to it inside the body."""

    kind: str
    name: str
    path: Path


def references(kind: str, body: object) -> Iterator[Reference]:
    """All mentions in a body of JSON types; parts that are not as they should be are passed over."""
    if not isinstance(body, dict):
        return
    if kind == "model":
        for position, target in enumerate(_list(body.get("targets"))):
            if isinstance(target, dict):
                yield from _mention("provider", target.get("provider"), ("targets", position, "provider"))
        tiers = body.get("tiers")
        for tier, name in tiers.items() if isinstance(tiers, dict) else ():
            yield from _mention("model", name, ("tiers", tier))
    elif kind == "use_case":
        for position, model in enumerate(_list(body.get("models"))):
            yield from _mention("model", model, ("models", position))
        budget = body.get("budget")
        if isinstance(budget, dict):
            yield from _downgrade(budget.get("at_limit"), ("budget", "at_limit"))
    elif kind == "mcp_server":
        for position, use_case in enumerate(_list(body.get("use_cases"))):
            yield from _mention("use_case", use_case, ("use_cases", position))
    elif kind == "price":
        yield from _mention("provider", body.get("provider"), ("provider",))
    elif kind == "limit":
        yield from _scope(body.get("scope"))
        yield from _downgrade(body.get("at_limit"), ("at_limit",))
    elif kind == "alert_route":
        for position, channel in enumerate(_list(body.get("channels"))):
            kind_of_it = ON_CALL if channel == ON_CALL else "alert_channel"
            yield from _mention(kind_of_it, channel, ("channels", position))
    elif kind == "on_call":
        for number, person in enumerate(_list(body.get("people"))):
            for position, channel in enumerate(
                _list(person.get("channels")) if isinstance(person, dict) else []
            ):
                yield from _mention("alert_channel", channel, ("people", number, "channels", position))
    elif kind in ("extension", "grace"):
        yield from _scope(body.get("scope"))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mention(kind: str, name: object, path: Path) -> Iterator[Reference]:
    if isinstance(name, str) and name:
        yield Reference(kind, name, path)


def _downgrade(at_limit: object, path: Path) -> Iterator[Reference]:
    if isinstance(at_limit, str) and at_limit.startswith("downgrade:"):
        yield from _mention("model", at_limit.removeprefix("downgrade:"), path)


def _scope(scope: object) -> Iterator[Reference]:
    if isinstance(scope, str):
        kind, _, name = scope.partition(":")
        if kind in ("use_case", "model") and name != "*":
            yield from _mention(kind, name, ("scope",))
