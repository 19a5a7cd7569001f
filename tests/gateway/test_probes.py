"""Probes: trouble is seen before a request meets it, and its end before the rest is over."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from gateway.gateway_kit import fault, target
from leitstand.gateway.health import Health
from leitstand.gateway.probes import Probes
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind, UpstreamFault

QUICK = 0.001


@dataclass
class ScriptedProber:
    """Answers with the next of `answers`, the last one for ever."""

    answers: list[int | UpstreamFault | None]
    asked: list[str] = field(default_factory=list)

    async def probe(self, target: Target) -> int | None:
        self.asked.append(target.provider)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, UpstreamFault):
            raise answer
        return answer


def probed_every(seconds: float, provider: str = "p1") -> Target:
    return replace(target(provider), probe_every_s=seconds)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leitstand.gateway.probes._CONFIRM_S", QUICK)


async def played(
    answers: list[int | UpstreamFault | None], rounds: int = 1
) -> tuple[Probes, Health, ScriptedProber]:
    health, prober = Health(), ScriptedProber(answers)
    probes = Probes(prober, health, lambda: [probed_every(QUICK)])
    await probes.round()  # the first one only notes when it is due
    assert not prober.asked
    for _ in range(rounds):
        await asyncio.sleep(2 * QUICK)
        await probes.round()
    return probes, health, prober


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_provider_that_answers_is_well() -> None:
    probes, health, _ = await played([200])
    assert (probes.last["p1"].status, probes.last["p1"].fault) == (200, "")
    assert health.rest_s(target("p1"), now()) == 0.0


async def test_one_failure_is_no_trouble_two_in_a_row_are() -> None:
    down = fault(FaultKind.CONNECT)
    probes, health, prober = await played([down, 200])
    assert probes.last["p1"].fault == ""
    assert health.rest_s(target("p1"), now()) == 0.0
    assert len(prober.asked) == 2

    health = Health()
    prober = ScriptedProber([down])
    probes = Probes(prober, health, lambda: [probed_every(0.04)])
    await probes.round()
    await asyncio.sleep(0.05)
    await probes.round()
    assert probes.last["p1"].fault == "connect"
    assert health.rest_s(target("p1"), now()) > 0
    assert len(prober.asked) == 2


async def test_a_good_probe_ends_a_rest_early() -> None:
    health = Health()
    health.failed(target("p1"), fault(FaultKind.AUTH), now())
    probes = Probes(ScriptedProber([200]), health, lambda: [probed_every(QUICK)])
    await probes.round()
    await asyncio.sleep(2 * QUICK)
    await probes.round()
    assert health.rest_s(target("p1"), now()) == 0.0
    assert health.of(target("p1")).recovering


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_an_answer_that_refuses_the_probe_proves_nothing(status: int) -> None:
    health = Health()
    health.failed(target("p1"), fault(FaultKind.AUTH), now())
    probes = Probes(ScriptedProber([status]), health, lambda: [probed_every(QUICK)])
    await probes.round()
    await asyncio.sleep(2 * QUICK)
    await probes.round()
    assert probes.last["p1"].status == status
    assert health.rest_s(target("p1"), now()) > 0


async def test_who_has_no_free_call_is_not_shown() -> None:
    probes, _, prober = await played([None])
    assert prober.asked
    assert not probes.last


async def test_a_provider_with_several_models_is_probed_once_and_one_without_wish_never() -> None:
    health, prober = Health(), ScriptedProber([200])
    several = [
        probed_every(QUICK),
        replace(probed_every(QUICK), model="n"),
        probed_every(0.0, "p2"),
    ]
    probes = Probes(prober, health, lambda: several)
    await probes.round()
    await asyncio.sleep(2 * QUICK)
    await probes.round()
    assert prober.asked == ["p1"]
    several.clear()
    await probes.round()
    assert not probes.last
