"""Money and limits: the failures of peers that let budgets be passed, or refuse while money is left."""

import asyncio
import random
import time
from decimal import Decimal

import httpx2
import pytest

from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.limits import LimitRule, address
from leitstand.accounting.periods import Calendar
from spine.peers.peer_desk import Desk, line, peer_configuration
from support.answers import EVERY_PATH, body_of
from support.house import House, Running, wait_until
from support.simulator import Simulator

TWELVE = "count: 12"
SCOPES = ("company", "department:vertrieb", "use_case:angebote", "user:anna", "key", "model:nur-openai")
TINY = {"eur_per_day": "0.000001", "eur_per_month": "0.000001", "tokens_per_day": 1, "tokens_per_month": 1}


def test_peer_08_parallel_requests_never_overshoot_a_budget(desk: Desk) -> None:
    """All parallel requests saw the same free budget and passed together. Here money for three is three calls,
    whatever dialect asks and whether it streams."""
    made = desk.key()
    model = desk.model(
        "geld-fuer-drei", "openai-eu"
    )  # its answers are all alike, so none is worth shortening
    cost = float(desk.ask(made["key"], model, TWELVE, max_tokens=12).headers["x-leitstand-cost"])
    desk.simulator.reset("openai-eu")
    desk.simulator.configure("openai-eu", first_token_ms=50)
    rival = desk.key()
    ways = [(dialect, stream) for dialect in EVERY_PATH for stream in (True, False)]
    asked = [
        (dialect, body_of(dialect, model, TWELVE, stream=stream, max_tokens=12))
        for number in range(50)
        for dialect, stream in [ways[number % len(ways)]]
    ]
    with desk.limit(f"key:{rival['id']}", eur_per_day=f"{cost * 3.4:.9f}"):
        answers = asyncio.run(desk.ask_all(rival["key"], asked))
    assert sorted(answer.status for answer in answers) == [200] * 3 + [429] * 47
    assert {answer.code for answer in answers if answer.status == 429} == {"budget_exhausted"}
    assert desk.calls() == 3


def test_peer_09_calls_left_at_any_moment_leave_no_reservation_behind(desk: Desk) -> None:
    """Reservations of abandoned calls were never given back, until a budget refused although it was hardly used.
    A thousand calls are left at random moments: nothing stays held, and what is spent is what the journal says."""
    made = desk.key()
    desk.simulator.configure("openai-eu", first_token_ms=10, token_ms=1)
    dice = random.Random(9)

    async def storm() -> None:
        turn = asyncio.Semaphore(32)

        async def leave(number: int) -> None:
            async with turn, line(desk.server.port) as caller:
                caller.send(made["key"], body_of("chat", "nur-openai", "count: 20", stream=number % 2 == 0))
                await caller.writer.drain()
                await asyncio.sleep(dice.uniform(0, 0.08))

        await asyncio.gather(*(leave(number) for number in range(1000)))

    with desk.limit(f"key:{made['id']}", eur_per_month="1000"):
        asyncio.run(storm())
        counters = SharedCounters(desk.house.data / "limits.counters")
        rule = LimitRule(f"key:{made['id']}", "eur_per_month", Decimal(1000))
        place = [address(rule.scope, rule, Calendar().period("month", time.time()))]
        try:
            wait_until(lambda: counters.read(place)[0].held == 0)
            reading = counters.read(place)[0]
        finally:
            counters.close()
    desk.simulator.summary("openai-eu", idle=True)
    booked: list[int] = []

    def journal_agrees() -> bool:
        booked[:] = [row["cost_nano"] for row in desk.records(made["id"])]
        return sum(booked) == reading.spent

    wait_until(journal_agrees)
    assert sum(1 for cost in booked if cost) > 100, "too few calls came through to prove anything"
    assert desk.ask(made["key"], "nur-openai", TWELVE).status == 200


def version(server: Running, office: str) -> int:
    """Of the configuration that a server has taken over."""
    headers = {"authorization": f"Bearer {office}"}
    return int(httpx2.get(f"{server.url}/api/configuration", headers=headers, timeout=60).json()["version"])


def test_peer_10_three_processes_hold_one_limit_together(simulator: Simulator) -> None:
    """Each replica counted for itself, so that three of them allowed three times the limit."""
    with House(peer_configuration(simulator)) as house:
        office, first = house.key("sina"), house.serve()
        servers = [first, house.serve(), house.serve()]
        with Desk(house, first, simulator, office) as desk:
            paced, paid = desk.key(), desk.key()
            cost = float(
                desk.ask(paid["key"], "nur-openai", TWELVE, max_tokens=12).headers["x-leitstand-cost"]
            )
            simulator.reset("openai-eu")
            simulator.configure("openai-eu", first_token_ms=20)
            asked = [("chat", body_of("chat", "nur-openai", TWELVE, max_tokens=12))] * 10

            async def ask_everywhere(key: str) -> list[int]:
                desks = [Desk(house, each, simulator, office) for each in servers]
                rounds = await asyncio.gather(*(each.ask_all(key, asked) for each in desks))
                return [answer.status for answers in rounds for answer in answers]

            with (
                desk.limit(f"key:{paced['id']}", requests_per_minute=7),
                desk.limit(f"key:{paid['id']}", eur_per_day=f"{cost * 4.4:.9f}"),
            ):
                wait_until(lambda: len({version(each, office) for each in servers}) == 1)
                time.sleep(0.5)  # from the version that is told to the limit that is in force
                answers = asyncio.run(ask_everywhere(paced["key"]))
                assert (answers.count(200), answers.count(429)) == (7, 23)
                answers = asyncio.run(ask_everywhere(paid["key"]))
                assert (answers.count(200), answers.count(429)) == (3, 27), "one of the four was spent before"
        assert len(simulator.log("openai-eu", idle=True)) == 10


@pytest.mark.parametrize("scope", SCOPES)
def test_peer_12_every_limit_that_is_accepted_is_stored_and_enforced(desk: Desk, scope: str) -> None:
    """A limit was accepted, and then neither stored nor enforced. Each measure of each scope is set, read back
    by API and export, met by a request, and gone when it is removed."""
    made = desk.key(use_cases=["angebote"])
    place = f"key:{made['id']}" if scope == "key" else scope

    def code() -> str:
        answer = desk.ask(made["key"], "nur-openai", TWELVE, max_tokens=12)
        return answer.code or str(answer.status)

    for measure, amount in [*TINY.items(), ("requests_per_minute", 1)]:
        with desk.limit(place, **{measure: amount}) as path:
            assert Decimal(str(desk.administer("GET", path).json()[measure])) == Decimal(str(amount)), measure
            assert measure in desk.administer("GET", "").json()["yaml"]
            if measure == "requests_per_minute":
                assert [code(), code()] == ["200", "rate_limited"]
            else:
                assert code() == "budget_exhausted", measure
        assert code() == "200", f"{measure} still binds"


@pytest.mark.parametrize("model", ["nur-openai", "nur-anthropic"])
@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_13_a_stream_that_its_reader_leaves_is_booked(desk: Desk, dialect: str, model: str) -> None:
    """Who closed the page in mid-answer was not billed, while the provider billed the company."""
    provider = "openai-eu" if model == "nur-openai" else "anthropic-eu"
    desk.simulator.configure(provider, token_ms=10)
    key = desk.key()["key"]
    with httpx2.stream(
        "POST", f"{desk.server.url}{EVERY_PATH[dialect]}", timeout=20, headers={"authorization": f"Bearer {key}"},
        json=body_of(dialect, model, "count: 60", stream=True, max_tokens=60),
    ) as stream:  # fmt: skip
        request_id = stream.headers["x-leitstand-request-id"]
        lines = stream.iter_lines()
        for _ in range(9):
            next(lines)
    record, truth = desk.house.record(request_id), desk.simulator.log(provider, arrived=1, idle=True)[0]
    assert (record["outcome"], record["estimated"]) == ("left", False)
    assert (record["input_tokens"], record["output_tokens"]) == (
        truth["billed_input"],
        truth["billed_output"],
    )
    assert record["cost"] > 0


def test_peer_14_a_plain_answer_that_nobody_waits_for_is_booked(desk: Desk) -> None:
    """The provider bills an answer that is computed, read or not; the gateway forgot it."""
    desk.simulator.configure("openai-eu", first_token_ms=400)
    made = desk.key()

    async def leave() -> None:
        async with line(desk.server.port) as caller:
            caller.send(made["key"], body_of("chat", "nur-openai", "count: 33", max_tokens=60))
            await caller.writer.drain()
            await asyncio.to_thread(desk.simulator.log, "openai-eu", arrived=1)

    asyncio.run(leave())
    truth = desk.simulator.log("openai-eu", idle=True)[0]
    wait_until(lambda: desk.records(made["id"]))
    [record] = desk.records(made["id"])
    assert record["outcome"] == "left"
    assert record["cost_nano"] > 0
    if not record["estimated"]:
        assert record["output_tokens"] == truth["billed_output"] == 33


def test_peer_29_tokens_are_reserved_before_the_stream_and_not_counted_after_it(desk: Desk) -> None:
    """A quota was charged when a stream ended, so any number of streams could begin on the last token."""
    desk.simulator.configure("openai-eu", token_ms=8)
    made, quota = desk.key(), 260
    body = body_of("chat", "nur-openai", "count: 200", stream=True, max_tokens=200)
    with desk.limit(f"key:{made['id']}", tokens_per_day=quota):

        async def overlap() -> int:
            streams = asyncio.create_task(desk.ask_all(made["key"], [("chat", body)] * 5))
            await asyncio.to_thread(desk.simulator.log, "openai-eu", arrived=1)
            await asyncio.sleep(0.5)  # the first stream takes 1.6 s; the others had the time to begin, too
            running = await asyncio.to_thread(desk.simulator.summary, "openai-eu")
            await streams
            return int(running["requests"])

        assert asyncio.run(overlap()) == 1
    used = desk.simulator.summary("openai-eu", idle=True)
    assert used["billed_input"] + used["billed_output"] <= quota
