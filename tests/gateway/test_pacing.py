"""Turns: limits are foreseen, free targets preferred, and people take turns when all is full."""

import asyncio
from dataclasses import replace

import pytest

from gateway.gateway_kit import candidate
from leitstand.core.errors import Overloaded
from leitstand.gateway.gauges import Gauge
from leitstand.gateway.pacing import Load, Pacing, Turn
from leitstand.policy.admit import Candidate
from leitstand.providers.allowance import Allowance
from leitstand.providers.base import Limits

ANNA, BERND = Load("anna", 100), Load("bernd", 100)


def limited(provider: str, **limits: float) -> Candidate:
    """A candidate whose provider has these limits."""
    plain = candidate(provider)
    target = replace(plain.target, limits=Limits(**limits))  # type: ignore[arg-type]  # counts and seconds
    return Candidate(replace(plain.offer, target=target), plain.protection)


async def provider_of(pacing: Pacing, *candidates: Candidate, load: Load = ANNA) -> str:
    return (await pacing.turn(candidates, load)).candidate.target.provider


async def settled() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        ({"requests_per_minute": 3}, 3),
        ({"tokens_per_minute": 250}, 2),
        ({"concurrency": 4}, 4),
        ({"requests_per_minute": 5, "concurrency": 2}, 2),
        ({"tokens_per_minute": 50}, 1),  # one call that is larger than the limit goes when all is free
    ],
)
async def test_so_many_calls_fit_and_the_next_takes_the_other_provider(
    limits: dict[str, int], fits: int
) -> None:
    pacing, full, other = Pacing(), limited("p1", **limits), candidate("p2")
    taken = [await provider_of(pacing, full, other) for _ in range(fits + 1)]
    assert taken == ["p1"] * fits + ["p2"]


async def test_several_processes_share_the_configured_limits() -> None:
    pacing, full, other = Pacing(), limited("p1", requests_per_minute=4), candidate("p2")
    pacing.share = 2
    assert [await provider_of(pacing, full, other) for _ in range(3)] == ["p1", "p1", "p2"]


async def test_what_the_provider_counted_replaces_the_estimate() -> None:
    pacing, full, other = Pacing(), limited("p1", tokens_per_minute=250), candidate("p2")
    turn = await pacing.turn((full, other), ANNA)
    turn.settle(10)
    assert [await provider_of(pacing, full, other) for _ in range(3)] == ["p1", "p1", "p2"]


async def test_without_room_a_request_waits_until_a_call_ends() -> None:
    pacing, full = Pacing(), limited("p1", concurrency=1)
    first = await pacing.turn((full,), ANNA)
    second = asyncio.create_task(pacing.turn((full,), BERND))
    await settled()
    assert not second.done()
    assert pacing.waiting == 1
    first.end()
    assert (await second).candidate is full
    assert pacing.waiting == 0


async def test_people_take_turns_so_that_a_batch_starves_nobody() -> None:
    pacing, full = Pacing(), limited("p1", concurrency=1)
    served: list[str] = []
    running = await pacing.turn((full,), ANNA)

    async def ask(load: Load) -> None:
        nonlocal running
        running = await pacing.turn((full,), load)
        served.append(load.person)

    tasks = [asyncio.create_task(ask(ANNA)) for _ in range(5)]
    await settled()
    tasks += [asyncio.create_task(ask(BERND)), asyncio.create_task(ask(Load("carla")))]
    for count in range(1, 8):
        await settled()
        running.end()
        await settled()
        assert len(served) == count
    await asyncio.gather(*tasks)
    assert served == ["anna", "bernd", "carla", "anna", "anna", "anna", "anna"]


async def test_a_newcomer_does_not_overtake_who_waits_but_may_go_elsewhere() -> None:
    pacing, full = Pacing(), limited("p1", concurrency=1)
    running = await pacing.turn((full,), ANNA)
    waiting = asyncio.create_task(pacing.turn((full,), ANNA))
    await settled()
    assert await provider_of(pacing, full, candidate("p2"), load=BERND) == "p2"
    assert pacing.at_once(full, BERND) is None
    running.end()
    (await waiting).end()


async def test_who_waits_too_long_is_told_when_to_come_again() -> None:
    pacing, full = Pacing(), limited("p1", concurrency=1, max_wait_s=0.05)
    await pacing.turn((full,), ANNA)
    with pytest.raises(Overloaded, match="p1") as refused:
        await pacing.turn((full,), BERND)
    assert (refused.value.status, refused.value.retry_after_s) == (503, 5.0)
    assert pacing.waiting == 0


async def test_a_wait_that_would_be_in_vain_is_not_begun() -> None:
    pacing, full = Pacing(), limited("p1", requests_per_minute=1)
    await pacing.turn((full,), ANNA)
    with pytest.raises(Overloaded) as refused:
        await pacing.turn((full,), BERND)
    assert refused.value.retry_after_s == pytest.approx(60.0, abs=1.0)


async def test_with_no_wish_to_wait_nobody_waits() -> None:
    pacing, full = Pacing(), limited("p1", concurrency=1, max_wait_s=0.0)
    await pacing.turn((full,), ANNA)
    with pytest.raises(Overloaded):
        await pacing.turn((full,), BERND)


async def test_a_waiting_client_that_leaves_makes_room_for_the_next() -> None:
    pacing, full = Pacing(), limited("p1", concurrency=1)
    running = await pacing.turn((full,), ANNA)
    leaving = asyncio.create_task(pacing.turn((full,), ANNA))
    staying = asyncio.create_task(pacing.turn((full,), BERND))
    await settled()
    running.end()  # the turn is given to the one that leaves before it can take it
    leaving.cancel()
    await settled()
    assert leaving.cancelled()
    (await staying).end()
    assert pacing.budget(full.target).open == 0
    assert pacing.waiting == 0


async def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leitstand.gateway.pacing.MOST_WAITING", 2)
    pacing, full = Pacing(), limited("p1", concurrency=1)
    running = await pacing.turn((full,), ANNA)
    waiting = [asyncio.create_task(pacing.turn((full,), ANNA)) for _ in range(2)]
    await settled()
    with pytest.raises(Overloaded):
        await pacing.turn((full,), BERND)
    for task in waiting:
        running.end()
        running = await task
    running.end()


async def test_nothing_is_lost_or_overbooked_under_storm() -> None:
    """Two hundred requests with cancellations among them: never more than three at once, all places given back."""
    pacing, full = Pacing(), limited("p1", concurrency=3, max_wait_s=20.0)
    most, open_now, done = 0, 0, 0

    async def ask(number: int) -> None:
        nonlocal most, open_now, done
        turn: Turn = await pacing.turn((full,), Load(f"person {number % 7}"))
        open_now += 1
        most = max(most, open_now)
        try:
            for _ in range(number % 5):
                await asyncio.sleep(0)
        finally:
            open_now -= 1
            turn.end()
        done += 1

    tasks = [asyncio.create_task(ask(number)) for number in range(200)]
    await settled()
    for task in tasks[::3]:
        task.cancel()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
    assert most == 3
    assert done >= 133
    assert (pacing.budget(full.target).open, pacing.waiting) == (0, 0)


# ------------------------------------------------------------ what providers tell


async def test_a_used_up_allowance_is_foreseen_and_the_other_provider_asked() -> None:
    pacing, told, other = Pacing(), candidate("p1"), candidate("p2")
    pacing.learn(told.target, (Allowance("requests", "", 2, 100, 60.0),))
    assert [await provider_of(pacing, told, other) for _ in range(3)] == ["p1", "p1", "p2"]


async def test_a_short_lack_is_waited_out() -> None:
    pacing, told = Pacing(), candidate("p1")
    pacing.learn(told.target, (Allowance("requests", "", 0, None, 0.05),))
    began = asyncio.get_running_loop().time()
    await pacing.turn((told,), ANNA)
    assert asyncio.get_running_loop().time() - began >= 0.04


async def test_news_of_the_provider_wakes_those_who_wait() -> None:
    pacing, told = Pacing(), candidate("p1")
    pacing.learn(told.target, (Allowance("tokens", "", 0, None, 9.0),))
    waiting = asyncio.create_task(pacing.turn((told,), ANNA))
    await settled()
    assert not waiting.done()
    pacing.learn(told.target, (Allowance("tokens", "", 5000, None, 9.0),))
    await waiting


@pytest.mark.parametrize(
    ("told", "after_s", "left"),
    [
        (Allowance("requests", "", 0, 60, 60.0), 0.0, 0.0),
        (Allowance("requests", "", 0, 60, 60.0), 30.0, 30.0),  # a bucket refills evenly
        (Allowance("requests", "minute", 0, 60), 59.0, 0.0),  # a window begins anew
        (Allowance("requests", "minute", 0, 60), 60.0, float("inf")),
        (Allowance("requests", "", 0, 60, 86_400.0), 89.0, 60 * 89 / 86_400),
        (Allowance("requests", "", 0, 60, 86_400.0), 90.0, float("inf")),  # longer nothing is believed
        (Allowance("tokens", "", 7, None, 10.0), 9.0, 7.0),
    ],
)
def test_what_is_left_is_reckoned(told: Allowance, after_s: float, left: float) -> None:
    assert Gauge(told, 100.0, 100.0).left(100.0 + after_s) == pytest.approx(left)


def test_the_end_of_a_window_is_known_from_its_beginning() -> None:
    gauge = Gauge(Allowance("requests", "minute", 9, 10), 100.0, 100.0)
    later = gauge.followed_by(Allowance("requests", "minute", 0, 10), 150.0)
    assert later.wait_s(1, 150.0) == pytest.approx(10.0)
    assert later.followed_by(Allowance("requests", "minute", 9, 10), 161.0).full_at == pytest.approx(221.0)
