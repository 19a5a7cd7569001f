"""Runs the matrix: every row of every client at every provider, once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from spine.matrix.cells import At, Client, Place, Row, Without
from spine.matrix.frameworks import (
    LangChain,
    LlamaIndex,
    PydanticAIChat,
    PydanticAIMessages,
    PydanticAIResponses,
)
from spine.matrix.official import AnthropicSDK, CohereSDK, OpenAISDK
from spine.matrix.open_webui import OpenWebUI
from spine.matrix.upstreams import UPSTREAMS, Upstream
from support.simulator import Simulator

CLIENTS: tuple[type[Client], ...] = (
    OpenAISDK, AnthropicSDK, CohereSDK, LangChain, LlamaIndex,
    PydanticAIChat, PydanticAIResponses, PydanticAIMessages, OpenWebUI,
)  # fmt: skip
PASSES = "passes"
WITHOUT = "answers without it"
_AT_ONCE = 4  # providers


@dataclass(frozen=True)
class Cell:
    """One place in the table."""

    client: type[Client]
    row: Row
    upstream: Upstream


Outcomes = dict[Cell, str]
"""By cell: PASSES, WITHOUT, `refused: FEATURE`, or what went wrong."""

CELLS = [Cell(client, row, each) for each in UPSTREAMS for client in CLIENTS for row in client.rows()]


def run(place: Place, simulator: Simulator) -> Outcomes:
    """All cells; those of one provider one after the other, so that its log tells what was sent."""
    clients = {kind: kind(place) for kind in CLIENTS}
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = pool.map(lambda each: _at_one(each, clients, simulator), UPSTREAMS)
            return {cell: outcome for part in parts for cell, outcome in part.items()}
    finally:
        for client in clients.values():
            client.close()


def _at_one(upstream: Upstream, clients: dict[type[Client], Client], simulator: Simulator) -> Outcomes:
    cells: Sequence[Cell] = [cell for cell in CELLS if cell.upstream is upstream]
    return {cell: _outcome(cell, clients[cell.client], simulator) for cell in cells}


def _outcome(cell: Cell, client: Client, simulator: Simulator) -> str:
    asked = _requests(simulator, cell.upstream)
    try:
        getattr(client, cell.row.method)(At(cell.upstream, cell.upstream.public(cell.row.job)))
    except Without:
        return WITHOUT
    except Exception as error:
        return _failure(cell, client, error, sent=_requests(simulator, cell.upstream) - asked)
    return PASSES


def _failure(cell: Cell, client: Client, error: Exception, *, sent: int) -> str:
    """What an exception means. sent: requests that reached the provider before it."""
    refused = client.refusal(error)
    if refused is None or sent:
        return f"failed after {sent} requests: {type(error).__name__}: {error}"
    _, named, feature = refused.message.partition(f"{cell.upstream.name}: does not support: ")
    if refused.status != 400 or not named:
        return f"refused with {refused.status}: {refused.message}"
    return f"refused: {feature.removesuffix('.')}"


def _requests(simulator: Simulator, upstream: Upstream) -> int:
    return int(simulator.summary(upstream.simulated)["requests"])
