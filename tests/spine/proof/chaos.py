"""Chaos: processes are killed under load, again and again, and nothing that was acknowledged is lost or booked twice.

Two machines with a gateway each (and a worker, where the program has one) share PostgreSQL and Valkey. In each round
one process is killed (`kill -9`), stays away for a second or two while clients go on, and is started again. Then:

- every answer that a client read to its end, refusals too, is in the journal, once, and the chain verifies;
- no call took longer than its deadline, whatever was gone;
- nothing is held any more, and each counter is the sum of the journal, but for calls that were settled when their
  process was killed and had not reached its spool: nobody got their answers. There are at most as many of them as ran
  in the killed gateways;
- a limit is passed by no more than documented (docs/skalieren.md): what was spent in the second before each outage of
  Valkey, and what a killed gateway's calls are booked at.
"""

import asyncio
import random
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from leitstand.accounting.limits import LimitRule
from leitstand.core.money import euro
from spine.proof.calling import Told, call, draw
from spine.proof.world import PROVIDERS, Key, World, cluster, cost_nano
from support.house import COMMAND, House

DEADLINE_S = 30.0
"""No call here may take longer, from connecting to its last byte; answers themselves take up to 0.3 s."""
_DEAREST_NANO = cost_nano("anthropic-eu", 20, 140)
_LOST_AFTER_S = 60.0


@dataclass
class Round:
    """One kill. back_s: from the restart until every gateway says `ready`."""

    victim: str
    away_s: float
    back_s: float
    answered: int = 0


@dataclass
class Outcome:
    """What came of it all. off: what is wrong, as sentences."""

    rounds: list[Round] = field(default_factory=list)
    asked: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    slowest_s: float = 0.0
    lost: int = 0
    beyond_nano: int = 0
    off: list[str] = field(default_factory=list)


def has_worker() -> bool:
    """Whether this version has background processes of its own."""
    return subprocess.run([*COMMAND, "worker", "--help"], capture_output=True, timeout=60).returncode == 0


class Worker:
    """`leitstand worker` on one machine."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "worker", "--data", str(self._house.data)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


@dataclass
class Stage:
    """Everything that can be killed, by name: how to end it, and how to start it again. Both block."""

    world: World
    worker: Worker | None

    def victims(self) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        database, valkey = self.world.database, self.world.valkey
        assert database is not None
        assert valkey is not None
        found = {"PostgreSQL": (database.kill, database.start), "Valkey": (valkey.kill, valkey.start)}
        for number in range(len(self.world.servers)):
            found[f"gateway {number + 1}"] = (
                lambda number=number: self.world.servers[number].kill(),
                lambda number=number: self._serve(number),
            )  # type: ignore[assignment]  # defaults bind the number
        if self.worker is not None:
            found["worker"] = (self.worker.kill, self.worker.start)
        return found

    def _serve(self, number: int) -> None:
        self.world.servers[number] = self.world.houses[number].serve()

    def is_ready(self) -> bool:
        """Whether every gateway has all it needs again."""
        return all(
            httpx2.get(f"{server.url}/readyz", timeout=5).json()["status"] == "ready"
            for server in self.world.servers
        )


@contextmanager
def stage() -> Iterator[Stage]:
    """Two machines, PostgreSQL, Valkey, and a worker where there is one."""
    with cluster(2, careful=True) as world:
        worker = Worker(world.houses[0]) if has_worker() else None
        try:
            yield Stage(world, worker)
        finally:
            if worker is not None:
                worker.kill()


def run(stage: Stage, rounds: int, seed: int = 1, clients: int = 24) -> Outcome:
    """All rounds, and then the comparison."""
    dice, outcome, world = random.Random(seed), Outcome(), stage.world
    keys = world.keys(clients)
    for provider in PROVIDERS:
        world.simulator.configure(provider, first_token_ms=30, token_ms=0.5, chunk_tokens=4, keep=10)
    rules = [
        LimitRule("company", "eur_per_day", euro(10**12)),
        LimitRule("user:*", "eur_per_day", euro(60_000_000)),
    ]
    world.limit(rules)
    told = asyncio.run(_play(stage, keys, _order(stage, rounds, dice), dice, outcome))
    _compare(world, rules, keys, told, outcome)
    return outcome


def _order(stage: Stage, rounds: int, dice: random.Random) -> list[str]:
    """Whom to kill: everything once before anything twice, in random order."""
    order: list[str] = []
    while len(order) < rounds:
        names = list(stage.victims())
        dice.shuffle(names)
        order += names
    return order[:rounds]


async def _play(
    stage: Stage, keys: Sequence[Key], order: Sequence[str], dice: random.Random, outcome: Outcome
) -> list[Told]:
    told: list[Told] = []
    done = asyncio.Event()

    async def client(number: int) -> None:
        turn = 0
        while not done.is_set():
            server = stage.world.servers[dice.randrange(len(stage.world.servers))]
            wish = draw(dice, "chaos", keys[number])
            told.append(await call(server.port, wish))
            turn += 1
            await asyncio.sleep(0.02 if told[-1].status else 0.1)

    async def kill_in_turn() -> None:
        for name in order:
            await asyncio.sleep(dice.uniform(0.5, 1.0))
            outcome.rounds.append(await _one_round(stage, name, dice.uniform(0.8, 2.0), told))
        await asyncio.sleep(0.5)
        done.set()

    await asyncio.gather(kill_in_turn(), *(client(number) for number in range(len(keys))))
    return told


async def _one_round(stage: Stage, name: str, away_s: float, told: list[Told]) -> Round:
    end, start = stage.victims()[name]
    before = len(told)
    await asyncio.to_thread(end)
    await asyncio.sleep(away_s)
    answered = sum(1 for each in told[before:] if each.status == 200)
    await asyncio.to_thread(start)
    began = time.monotonic()
    await _until(lambda: asyncio.to_thread(stage.is_ready), 40)
    return Round(name, away_s, time.monotonic() - began, answered)


async def _until(condition: Callable[[], Awaitable[bool]], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            if await condition():
                return
        except httpx2.TransportError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError("the gateways did not become ready again")
        await asyncio.sleep(0.05)


def _compare(
    world: World, rules: Sequence[LimitRule], keys: Sequence[Key], told: Sequence[Told], outcome: Outcome
) -> None:
    acknowledged = {each.request_id for each in told if each.complete and each.request_id}
    outcome.asked, outcome.acknowledged = len(told), len(acknowledged)
    outcome.unanswered = sum(1 for each in told if not each.complete and not each.wish.leave)
    outcome.slowest_s = max(each.took_s for each in told)
    if outcome.slowest_s > DEADLINE_S:
        outcome.off.append(f"a call took {outcome.slowest_s:.1f} s")
    places = [(rules[0], "company"), *((rules[1], f"user:{user}") for user in {key.user for key in keys})]
    _wait(lambda: not any(world.read(*place).held for place in places), "something is still held", outcome)
    outcome.off += [
        f"{scope}: {world.read(rule, scope).held} held"
        for rule, scope in places
        if world.read(rule, scope).held
    ]
    _wait(lambda: acknowledged <= set(world.ids()), "acknowledged and not in the journal", outcome)
    found = world.records()
    missing = acknowledged - {row["id"] for row in found}
    twice = [name for name, count in Counter(row["id"] for row in found).items() if count > 1]
    outcome.off += [f"not in the journal: {missing}"] if missing else []
    outcome.off += [f"twice in the journal: {twice}"] if twice else []
    outcome.lost = sum(1 for row in found if row["outcome"] == "lost")
    if not world.verify():
        outcome.off.append("the journal's chain does not verify")
    _compare_counters(world, places, found, len(keys), outcome)


def _compare_counters(
    world: World, places: Sequence[tuple[LimitRule, str]], records: Sequence[dict[str, Any]], clients: int, outcome: Outcome
) -> None:  # fmt: skip
    kills = sum(1 for each in outcome.rounds if each.victim.startswith("gateway"))
    for rule, scope in places:
        user = scope.partition(":")[2]
        rows = [row for row in records if not user or row["user"] == user]
        counted, booked = world.read(rule, scope).spent, sum(row["cost_nano"] for row in rows)
        open_nano = kills * (clients if not user else 2) * _DEAREST_NANO
        if not 0 <= counted - booked <= open_nano:
            outcome.off.append(f"{scope}: the counter has {counted}, the journal {booked}")
        beyond = counted - rule.units
        outcome.beyond_nano = max(outcome.beyond_nano, beyond)
        if beyond > _bound(rows, outcome):
            outcome.off.append(f"{scope}: {beyond} nano-euro beyond its limit of {rule.units}")


def _bound(rows: Sequence[dict[str, Any]], outcome: Outcome) -> int:
    """By how much a limit may be passed: the dearest second for each outage of Valkey, and calls of killed gateways."""
    seconds: Counter[int] = Counter()
    for row in rows:
        seconds[row["time_us"] // 1_000_000] += row["cost_nano"]
    outages = sum(1 for each in outcome.rounds if each.victim == "Valkey")
    lost = sum(row["cost_nano"] for row in rows if row["outcome"] == "lost")
    return outages * (max(seconds.values(), default=0) + _DEAREST_NANO) + lost


def _wait(condition: Callable[[], bool], name: str, outcome: Outcome) -> None:
    deadline = time.monotonic() + _LOST_AFTER_S + 20
    while not condition():
        if time.monotonic() > deadline:
            outcome.off.append(name)
            return
        time.sleep(0.2)
