"""The simulator's own interface, for tests and for the page that shows it: `/_sim…`, JSON in and out.

    GET    /_sim                     the providers met so far, and the catalogue of faults
    GET    /_sim/NAME                settings and fault script of a provider
    PUT    /_sim/NAME                its settings (`provider.Settings`; what is left out: the default)
    DELETE /_sim/NAME                forget everything: settings, faults, caches, log
    PUT    /_sim/NAME/faults         its fault script, a list of `faults.Fault`
    GET    /_sim/NAME/faults         what is left of it
    GET    /_sim/NAME/log            every request received (`log.Entry`), oldest first
    GET    /_sim/NAME/summary        counts and sums (`log.Summary`)
    DELETE /_sim/NAME/log            forget the requests only
    POST   /_sim/NAME/contains       `{"needles": […]}` → which of them occur in any received byte

`log` and `summary` take `arrived=N` (wait until N requests have come) and `idle=1` (wait until none is in
flight), both up to `wait_s` seconds (default 5), and then answer with what there is.
"""

from collections.abc import Callable
from urllib.parse import parse_qs, unquote

import msgspec

from leitstand.simulator.faults import FAULTS, Fault, Script
from leitstand.simulator.http import Reply, Request
from leitstand.simulator.provider import Provider, Settings
from leitstand.simulator.wire import JSON_TYPE

_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0
_FIND = Callable[[str], Provider]


class Needles(msgspec.Struct, forbid_unknown_fields=True):
    """What `contains` looks for."""

    needles: list[str]


async def serve(request: Request, reply: Reply, known: dict[str, Provider], find: _FIND) -> None:
    """Answer a control request. find: the provider of a name, made on first use."""
    names = [unquote(part) for part in request.path.split("/")[2:] if part]
    try:
        if not names and request.method == "GET":
            return _send(reply, _overview(known))
        if not names or len(names) > 2:
            return _send(reply, {"error": "no such path"}, 404)
        return await _provider(request, reply, find(names[0]), names[1] if len(names) > 1 else "")
    except (msgspec.MsgspecError, ValueError) as cause:
        return _send(reply, {"error": str(cause)}, 400)


async def _provider(request: Request, reply: Reply, provider: Provider, topic: str) -> None:
    match request.method, topic:
        case "GET", "":
            return _send(reply, _described(provider))
        case "PUT", "":
            provider.configure(msgspec.json.decode(request.body, type=Settings))
            return _send(reply, _described(provider))
        case "DELETE", "":
            provider.reset()
            return _send(reply, {"reset": provider.name})
        case "GET", "faults":
            return _send(reply, provider.script.remaining())
        case "PUT", "faults":
            provider.script = Script(msgspec.json.decode(request.body, type=list[Fault]))
            return _send(reply, provider.script.remaining())
        case "GET", "log":
            await _waited(request, provider)
            return _send(reply, provider.log.entries())
        case "DELETE", "log":
            provider.clear_log()
            return _send(reply, {"reset": provider.name})
        case "GET", "summary":
            await _waited(request, provider)
            return _send(reply, provider.log.summary)
        case "POST", "contains":
            needles = msgspec.json.decode(request.body, type=Needles).needles
            return _send(reply, provider.log.contains(needles))
    return _send(reply, {"error": f"{request.method} is not served here"}, 404)


async def _waited(request: Request, provider: Provider) -> None:
    """Obey `arrived`, `idle` and `wait_s`."""
    query = parse_qs(request.query)
    arrived = int(query.get("arrived", ["0"])[-1])
    idle = query.get("idle", ["0"])[-1] not in ("", "0")
    wait_s = min(_LONGEST_WAIT_S, float(query.get("wait_s", [_WAIT_S])[-1]))

    def is_so() -> bool:
        summary = provider.log.summary
        return summary.requests >= arrived and not (idle and summary.in_flight)

    if not is_so():
        await provider.wait_until(is_so, wait_s)


def _overview(known: dict[str, Provider]) -> dict[str, object]:
    return {
        "providers": sorted(known),
        "faults": [{"name": row.name, "de": row.de, "en": row.en} for row in FAULTS.values()],
    }


def _described(provider: Provider) -> dict[str, object]:
    return {"name": provider.name, "settings": provider.settings, "faults": provider.script.remaining()}


def _send(reply: Reply, value: object, status: int = 200) -> None:
    reply.send(status, [("content-type", JSON_TYPE)], msgspec.json.encode(value))
