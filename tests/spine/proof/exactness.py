"""Exactness: limits are never passed, everything adds up, and nobody is refused what can be paid.

A round draws limits on random scopes, lets many clients ask at once (plain, streamed, left at any moment, with
providers that fail), and then compares four counts that were made apart from each other: the counters, the journal,
the simulator's own log priced here, and what clients were told.

1. At any moment, seen by an onlooker every 20 ms: spent <= limit, on every counter. Each process has answered one call
   of each model before (`warm`): until then it knows no tokenizer, and a limit that is smaller than its estimate of a
   single prompt is tried once, since refusing would shut the model out for good (`accounting.sizing.Sizing.floor`).
2. When all is done: nothing is held; each counter is the sum of the journal for its scope; and each call costs in the
   journal what the simulator computed for it, to the nano-euro. A call that was answered with a head is compared by
   itself; those whose client left before it learnt the id are compared together, key by key. Where a provider did not
   say what it used (`estimated`), the figure is ours, and it is compared apart.
3. No refusal while an affordable request remains. A request is affordable on a limit when the limit, less what is
   *spent* there (what others hold comes back or becomes spent), covers its input and all of its output cap at its
   cheapest target. Refusals name the limit and what is spent at that moment, so each one is checked by itself: a
   refusal for good ("used up") of an affordable request is wrong; a refusal for now ("reserved") is right only where
   others hold what it needs. And when all is done, one of the refused of each limit is asked again with the largest
   output cap that what is left of all its limits still pays: it must be answered.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from leitstand.accounting.limits import LimitRule, Measure, Subject, strictest
from leitstand.core.money import NANO_PER_EURO, euro
from spine.proof.calling import Told, Wish, call, draw
from spine.proof.world import DEPARTMENTS, MODELS, PROVIDERS, USE_CASES, Key, World, cost_nano
from support.house import wait_until

_WATCH_S = 0.02
_FAULTS = ("server_error", "rate_limit", "overloaded", "unavailable", "refused_connection")
"""Failures that no provider bills: the others leave figures that only the provider knows."""
_MEASURES: tuple[Measure, ...] = ("eur_per_day", "eur_per_month", "tokens_per_day", "tokens_per_month")


@dataclass
class Verdict:
    """One round. off: what does not add up, as sentences; estimated_nano: journal minus simulator where we guess."""

    asked: int = 0
    answered: int = 0
    refused: int = 0
    left: int = 0
    failed: int = 0
    estimated: int = 0
    estimated_nano: int = 0
    looks: int = 0
    again: int = 0
    spent_nano: int = 0
    off: list[str] = field(default_factory=list)


def warm(world: World, key: Key) -> None:
    """One answer of each model from each server, without limits."""
    world.limit([])
    for server in world.servers:
        for model in MODELS:
            answer = asyncio.run(call(server.port, Wish("warm", key, "", model, "chat", False, 20, 20)))
            assert answer.status == 200, answer.error
    _settle_down(world, [], [], Verdict())


def run_round(world: World, keys: Sequence[Key], seed: int, calls_each: int = 6) -> Verdict:
    """One seed: limits, load, and all comparisons."""
    dice = random.Random(seed)
    before = world.records()
    for provider in PROVIDERS:
        world.simulator.reset(provider)
        world.simulator.configure(
            provider,
            first_token_ms=dice.uniform(0, 40),
            token_ms=dice.uniform(0, 1.5),
            chunk_tokens=4,
            keep=200_000,
        )
        faults = [
            {"fault": dice.choice(_FAULTS), "times": dice.randint(1, 3), "retry_after": 0.1} for _ in range(4)
        ]
        gaps = [{"fault": "none", "times": dice.randint(20, 80)} for _ in faults]
        world.simulator.faults(provider, *(line for pair in zip(gaps, faults, strict=True) for line in pair))
    rules = _limits(dice, before, keys)
    world.limit(rules)
    verdict = Verdict()
    told = asyncio.run(_storm(world, keys, dice, seed, calls_each, rules, verdict))
    _settle_down(world, rules, keys, verdict)
    records = world.records()[len(before) :]
    _count(told, records, verdict)
    _compare_calls(world, told, records, verdict)
    _compare_counters(world, rules, keys, [*before, *records], verdict)
    _judge_refusals(told, verdict)
    _ask_again(world, rules, told, verdict)
    return verdict


# ------------------------------------------------------------ limits and load


def _limits(dice: random.Random, before: Sequence[dict[str, Any]], keys: Sequence[Key]) -> list[LimitRule]:
    """Limits of which most will be reached: what is used already, and room for some tens of calls."""
    scopes = ["company", "user:*", "key:*", f"department:{dice.choice(DEPARTMENTS)}"]
    scopes += [f"use_case:{dice.choice(USE_CASES)}", f"model:{dice.choice(tuple(MODELS))}"]
    scopes += [f"key:{dice.choice(keys).id}", f"user:{dice.choice(keys).user}"]
    rules = []
    for scope in dice.sample(scopes, dice.randint(2, 5)):
        measure = dice.choice(_MEASURES)
        calls = dice.uniform(0.5, 4) if scope.startswith(("key", "user")) else dice.uniform(10, 60)
        money = measure.startswith("eur")
        typical = cost_nano("anthropic-eu" if dice.random() < 0.5 else "openai-eu", 20, 60) if money else 80
        used = max((_used(before, each, measure) for each in _named(scope, keys)), default=0)
        units = used + round(calls * typical)
        rules.append(LimitRule(scope, measure, euro(units) if money else Decimal(units)))
    return rules


def _named(scope: str, keys: Sequence[Key]) -> set[str]:
    """The scopes with names that a rule binds among these keys."""
    kind, _, name = scope.partition(":")
    if name != "*":
        return {scope}
    return {f"{kind}:{key.id if kind == 'key' else key.user}" for key in keys}


_COLUMN = {
    "department": "department",
    "use_case": "use_case",
    "user": "user",
    "key": "key_id",
    "model": "model",
}


def _used(records: Iterable[dict[str, Any]], scope: str, measure: str) -> int:
    """What the journal says was used in a scope; rounds do not cross midnight."""
    kind, _, name = scope.partition(":")
    rows = [row for row in records if kind == "company" or row[_COLUMN[kind]] == name]
    if measure.startswith("eur"):
        return sum(row["cost_nano"] for row in rows)
    return sum(row["input_tokens"] + row["output_tokens"] for row in rows)


async def _storm(
    world: World, keys: Sequence[Key], dice: random.Random, seed: int, calls_each: int,
    rules: Sequence[LimitRule], verdict: Verdict,
) -> list[Told]:  # fmt: skip
    told: list[Told] = []
    wishes = [
        [draw(dice, _marker(seed, number, turn), key) for turn in range(calls_each)]
        for number, key in enumerate(keys)
    ]
    ports = [server.port for server in world.servers]

    async def client(number: int) -> None:
        for turn, wish in enumerate(wishes[number]):
            told.append(await call(ports[(number + turn) % len(ports)], wish))

    done = asyncio.Event()
    watching = asyncio.create_task(_watch(world, rules, keys, done, verdict))
    await asyncio.gather(*(client(number) for number in range(len(keys))))
    done.set()
    await watching
    return told


def _marker(seed: int, client: int, turn: int) -> str:
    """Nine letters, for digits might be masked as a telephone number."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{seed:03}{client:03}{turn:03}")


async def _watch(
    world: World, rules: Sequence[LimitRule], keys: Sequence[Key], done: asyncio.Event, verdict: Verdict
) -> None:
    places = [
        (rule, scope) for rule in rules for scope in _named(rule.scope, keys) if _counts(rule, scope, rules)
    ]
    passed: dict[str, str] = {}
    while not done.is_set():
        for rule, scope in places:
            reading = world.read(rule, scope)
            if reading.spent > rule.units:
                passed[f"{scope} {rule.measure}"] = f"{reading.spent} spent of {rule.units}"
        verdict.looks += 1
        await asyncio.sleep(_WATCH_S)
    verdict.off += [f"{name}: {what}" for name, what in passed.items()]


def _counts(rule: LimitRule, scope: str, rules: Sequence[LimitRule]) -> bool:
    """Whether no rule with a name, or a smaller one, takes this one's place for a scope."""
    kind, _, name = scope.partition(":")
    fields = {"user": "", "department": "", "use_case": "", "key_id": "", "model": ""}
    if kind != "company":
        fields[_COLUMN[kind]] = name
    return strictest(rules, Subject(**fields)).get((scope, rule.measure)) is rule


def _settle_down(
    world: World, rules: Sequence[LimitRule], keys: Sequence[Key], verdict: Verdict, timeout_s: float = 30.0
) -> None:
    """Wait until nothing runs: no provider is asked, nothing is held, and the journal has stopped growing."""
    for provider in PROVIDERS:
        world.simulator.summary(provider, idle=True, wait_s=timeout_s)
    places = [(rule, scope) for rule in rules for scope in _named(rule.scope, keys)]
    try:
        wait_until(lambda: not any(world.read(*place).held for place in places), timeout_s)
    except AssertionError:
        held = {f"{scope} {rule.measure}": world.read(rule, scope).held for rule, scope in places}
        verdict.off.append(f"still held: { {name: units for name, units in held.items() if units} }")
    count, still_since = -1, time.monotonic()
    while time.monotonic() - still_since < 0.3:
        now = len(world.ids())
        if now != count:
            count, still_since = now, time.monotonic()
        time.sleep(0.1)


# ------------------------------------------------------------ comparisons


def _count(told: Sequence[Told], records: Sequence[dict[str, Any]], verdict: Verdict) -> None:
    verdict.asked = len(told)
    verdict.answered = sum(1 for each in told if each.status == 200 and each.complete)
    verdict.refused = sum(1 for each in told if each.status == 429)
    verdict.left = sum(1 for each in told if each.wish.leave and not each.complete)
    verdict.failed = sum(1 for each in told if each.status >= 500)
    verdict.spent_nano = sum(row["cost_nano"] for row in records)
    silent = [each for each in told if not each.status and not each.wish.leave]
    verdict.off += [f"{each.wish.marker}: no answer in {each.took_s:.0f} s" for each in silent]
    odd = {each.status for each in told} - {0, 200, 429, 500, 502, 503, 504, 529}
    if odd:
        verdict.off.append(
            f"unexpected statuses {odd}: {next(each.error for each in told if each.status in odd)}"
        )


def _compare_calls(
    world: World, told: Sequence[Told], records: Sequence[dict[str, Any]], verdict: Verdict
) -> None:
    truth = _computed(world)
    by_id: dict[str, dict[str, Any]] = {}
    for row in records:
        if by_id.setdefault(row["id"], row) is not row:
            verdict.off.append(f"{row['id']} is in the journal twice")
    unknown: dict[str, int] = defaultdict(int)
    for each in told:
        if not each.request_id:
            unknown[each.wish.key.id] += truth.get(each.wish.marker, 0)
            continue
        row = by_id.pop(each.request_id, None)
        if row is None:
            verdict.off.append(f"{each.request_id} was answered ({each.status}) and is not in the journal")
        else:
            _compare(
                each.request_id, row["cost_nano"], truth.get(each.wish.marker, 0), row["estimated"], verdict
            )
    rest: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in by_id.values():
        rest[row["key_id"]].append(row)
    for key_id in unknown.keys() | rest.keys():
        rows = rest[key_id]
        booked, guessed = sum(row["cost_nano"] for row in rows), any(row["estimated"] for row in rows)
        _compare(f"left by {key_id}", booked, unknown[key_id], guessed, verdict)


def _compare(name: str, booked: int, computed: int, guessed: bool, verdict: Verdict) -> None:
    if guessed:
        verdict.estimated += 1
        verdict.estimated_nano += booked - computed
    elif booked != computed:
        verdict.off.append(f"{name}: the journal has {booked}, the simulator {computed} nano-euro")


def _computed(world: World) -> dict[str, int]:
    """By marker, what the simulator's own log says the calls cost; of failed ones too."""
    found: dict[str, int] = defaultdict(int)
    for provider in PROVIDERS:
        for entry in world.simulator.log(provider, idle=True):
            marker = entry["body"].partition("Vorgang ")[2][:9]
            found[marker] += cost_nano(provider, entry["billed_input"], entry["billed_output"])
    return found


def _compare_counters(
    world: World,
    rules: Sequence[LimitRule],
    keys: Sequence[Key],
    records: Sequence[dict[str, Any]],
    verdict: Verdict,
) -> None:
    for rule in rules:
        for scope in _named(rule.scope, keys):
            counted, booked = world.read(rule, scope).spent, _used(records, scope, rule.measure)
            if _counts(rule, scope, rules) and counted != booked:
                verdict.off.append(f"{scope} {rule.measure}: the counter has {counted}, the journal {booked}")


# ------------------------------------------------------------ refusals

_INPUT_TOKENS = 20  # of every prompt here, by the simulator's rule; one more than it is


def _worst(wish: Wish, measure: str) -> int:
    """The input and all of the output cap, at the cheapest target of the model."""
    if not measure.startswith("eur"):
        return _INPUT_TOKENS + wish.cap
    return min(cost_nano(provider, _INPUT_TOKENS, wish.cap) for provider in MODELS[wish.model])


def _judge_refusals(told: Sequence[Told], verdict: Verdict) -> None:
    for each in told:
        if each.code != "budget_exhausted" or "used" not in each.error:
            continue
        error = each.error
        unit = NANO_PER_EURO if error["measure"].startswith("eur") else 1
        amount, used, held = (round(error[name] * unit) for name in ("amount", "used", "held"))
        gone = used if "resets_at" in error else used + held
        if amount - gone >= _worst(each.wish, error["measure"]):
            verdict.off.append(f"{each.wish.marker} was refused although {amount - gone} is left: {error}")


def _ask_again(world: World, rules: Sequence[LimitRule], told: Sequence[Told], verdict: Verdict) -> None:
    """One refused request of each limit, as long as can be paid: nothing runs, and no provider fails now."""
    refused = {
        (each.error["limit"], each.error["measure"]): each.wish
        for each in told
        if each.code == "budget_exhausted" and "limit" in each.error
    }
    for provider in PROVIDERS:
        world.simulator.faults(provider)
    for number, wish in enumerate(refused.values()):
        again = _payable(world, rules, replace(wish, leave="", marker=f"z{wish.marker[1:]}", stream=False))
        if again is None:
            continue
        answer = asyncio.run(call(world.servers[number % len(world.servers)].port, again))
        verdict.again += 1
        if answer.status == 429:
            verdict.off.append(
                f"{again.marker}: {again.cap} tokens could be paid and were refused: {answer.error}"
            )
    _settle_down(world, rules, [wish.key for wish in refused.values()], verdict)


def _payable(world: World, rules: Sequence[LimitRule], wish: Wish) -> Wish | None:
    """The wish with the largest cap up to its own that all its limits pay; None where not a token is left."""
    rooms = [
        (rule.measure, rule.units - world.read(rule, scope).spent) for scope, rule in _bound(rules, wish)
    ]
    for cap in range(wish.cap, 0, -1):
        shorter = replace(wish, cap=cap, words=cap)
        if all(_worst(shorter, measure) <= room for measure, room in rooms):
            return shorter
    return None


def _bound(rules: Sequence[LimitRule], wish: Wish) -> list[tuple[str, LimitRule]]:
    key = wish.key
    subject = Subject(key.user, key.department, wish.use_case, key.id, wish.model)
    return [(scope, rule) for (scope, _), rule in strictest(rules, subject).items()]
