"""Free probes through the door, against simulated providers: who is there, who is not; and what is learnt by the way."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from leitstand.core import registry
from leitstand.core.classes import Region
from leitstand.core.conversation import Masked, Message, Prompt, Text
from leitstand.providers import adapters
from leitstand.providers.adapters.bedrock import ADAPTER as BEDROCK
from leitstand.providers.adapters.vertex import ADAPTER as VERTEX
from leitstand.providers.allowance import Allowance
from leitstand.providers.base import Adapter, Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.faults import UpstreamFault
from leitstand.providers.http.pool import Pool
from leitstand.providers.probing import Probing
from support.simulator import Simulator, start_simulator

KINDS = ["openai", "anthropic", "mistral", "together", "cohere", "gemini", "openai_compatible"]


@pytest.fixture(scope="module")
def simulator():
    with start_simulator() as running:
        yield running


@pytest.fixture
async def pool():
    pool = Pool()
    yield pool
    await pool.close()


def shelf() -> dict[str, Adapter]:
    return registry.load(adapters, "ADAPTER", "kind", Adapter)  # type: ignore[type-abstract]  # only instances


def target(simulator: Simulator, kind: str) -> Target:
    name = f"probe-{kind.replace('_', '-')}"
    return Target(name, kind, "m", Region.EU, simulator.url(name), "sk-x", Patience(2, 2, 2, 4))


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_a_provider_that_is_there_answers_and_nothing_is_asked_of_a_model(
    simulator: Simulator, pool: Pool, kind: str
) -> None:
    probed = target(simulator, kind)
    assert await Door(pool, shelf()).probe(probed) == 200
    assert not [entry for entry in simulator.log(probed.provider) if entry["model"]]


async def test_nobody_there_is_a_fault(simulator: Simulator, pool: Pool) -> None:
    gone = replace(target(simulator, "openai"), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(UpstreamFault) as fault:
        await Door(pool, shelf()).probe(gone)
    assert fault.value.kind == "connect"


@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_is_a_get_that_carries_the_key_and_no_body(kind: str) -> None:
    adapter = shelf()[kind]
    assert isinstance(adapter, Probing)
    request = adapter.probe(Target("p", kind, "m", Region.EU, "http://127.0.0.1:9/v2", "sk-x"))
    assert request is not None
    assert (request.method, request.body) == ("GET", b"")
    assert any("sk-x" in value for _, value in request.headers)
    assert "/models" in request.url


def test_azure_is_probed_with_a_key_and_not_with_an_application() -> None:
    adapter = shelf()["azure_openai"]
    assert isinstance(adapter, Probing)
    with_key = Target("p", "azure_openai", "m", Region.EU, "https://r.openai.azure.com", "sk-x")
    request = adapter.probe(with_key)
    assert request is not None
    assert request.url.startswith("https://r.openai.azure.com/openai/models?api-version=")
    assert adapter.probe(replace(with_key, options=(("entra_client_id", "c"),))) is None


async def test_a_kind_without_a_free_call_is_not_called(pool: Pool) -> None:
    assert not isinstance(BEDROCK, Probing)
    assert not isinstance(VERTEX, Probing)
    nowhere = Target("p", "bedrock", "m", Region.EU, "http://127.0.0.1:9")
    assert await Door(pool, shelf()).probe(nowhere) is None


@pytest.mark.parametrize("kind", ["openai", "anthropic", "mistral"])
async def test_what_a_provider_still_allows_is_learnt_with_every_answer(
    simulator: Simulator, pool: Pool, kind: str
) -> None:
    told: list[tuple[Target, tuple[Allowance, ...]]] = []
    door = Door(pool, shelf(), lambda *news: told.append(news))
    asked = target(simulator, kind)
    prompt = Prompt("chat", "m", (Message("user", (Text("echo: Guten Tag"),)),), max_tokens=20)
    async with aclosing(door.send(Masked(prompt), asked)) as frames:
        assert [frame async for frame in frames]
    ((of, allowances),) = told
    assert of == asked
    assert {"requests", "tokens"} <= {each.measure for each in allowances}
    assert all(each.limit is not None and each.remaining <= each.limit for each in allowances)
