"""The door against the provider simulator: each scripted fault is named, each answer is whole."""

import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from leitstand.core import registry
from leitstand.core.classes import Region
from leitstand.core.conversation import Frame, Masked, Message, Prompt, Text, TextDelta, Used
from leitstand.providers import adapters
from leitstand.providers.base import Adapter, Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.faults import UpstreamFault
from leitstand.providers.http.pool import Pool

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

_PATIENCE = Patience(connect_s=2, first_token_s=0.4, idle_s=0.4, total_s=1.5)
both = pytest.mark.parametrize("kind", ["openai", "anthropic"])


@pytest.fixture(scope="module")
def simulator():
    with start_simulator() as running:
        yield running


async def _ask(
    simulator: Simulator, kind: str, stream: bool, text: str = "echo: Guten Tag, Frau Ümit"
) -> list[Frame]:
    pool = Pool()
    target = Target(kind, kind, "gpt-4o-mini", Region.EU, simulator.url(kind), "sk-x", _PATIENCE)
    prompt = Prompt("chat", "m", (Message("user", (Text(text),)),), stream=stream)
    try:
        door = Door(pool, registry.load(adapters, "ADAPTER", "kind", Adapter))
        async with aclosing(door.send(Masked(prompt), target)) as frames:
            return [frame async for frame in frames]
    finally:
        await pool.close()


@both
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_is_whole_with_its_usage(simulator: Simulator, kind: str, stream: bool) -> None:
    simulator.faults(kind)
    chunks = [chunk for frame in await _ask(simulator, kind, stream) for chunk in frame.chunks]
    assert "".join(chunk.text for chunk in chunks if isinstance(chunk, TextDelta)) == "Guten Tag, Frau Ümit"
    assert [chunk for chunk in chunks if isinstance(chunk, Used)][-1].usage.output_tokens > 0


async def test_anthropics_address_may_be_given_with_or_without_its_version(simulator: Simulator) -> None:
    pool = Pool()
    door = Door(pool, registry.load(adapters, "ADAPTER", "kind", Adapter))
    prompt = Prompt("messages", "m", (Message("user", (Text("echo: Ja"),)),), max_tokens=20)
    for address in (simulator.url("anthropic"), simulator.root("anthropic")):
        target = Target("a", "anthropic", "claude", Region.EU, address, "sk-x", _PATIENCE)
        async with aclosing(door.send(Masked(prompt), target)) as frames:
            assert [frame async for frame in frames]
    await pool.close()


@both
@pytest.mark.parametrize(
    ("fault", "stream", "expected"),
    [
        ("rate_limit", True, "rate_limited"),
        ("quota", True, "quota"),
        ("server_error", False, "server"),
        ("bad_gateway", False, "server"),
        ("overloaded", True, "overloaded"),
        ("unauthorized", True, "auth"),
        ("forbidden", False, "forbidden"),
        ("not_found", False, "model_missing"),
        ("context_overflow", True, "context_too_long"),
        ("hang_before_headers", True, "timeout_first"),
        ("hang_after_headers", True, "timeout_first"),
        ("stall_before_first", True, "timeout_first"),
        ("stall_after_first", True, "timeout_idle"),
        ("hang_before_headers", False, "timeout_first"),
        ("cut_before_first", True, "cut"),
        ("cut_stream", True, "cut"),
        ("cut_plain", False, "cut"),
        ("malformed_chunk", True, "malformed"),
        ("malformed_plain", False, "malformed"),
        ("empty_body", False, "empty"),
        ("empty_stream", True, "empty"),
        ("html_body", True, "malformed"),
        ("html_body", False, "malformed"),
    ],
)
async def test_each_scripted_fault_is_named(
    simulator: Simulator, kind: str, fault: str, stream: bool, expected: str
) -> None:
    simulator.faults(kind, {"fault": fault, "times": 1, "after_tokens": 2})
    with pytest.raises(UpstreamFault) as caught:
        await _ask(simulator, kind, stream)
    assert caught.value.kind == expected, caught.value
