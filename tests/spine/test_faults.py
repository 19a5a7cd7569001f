"""Every fault of a provider, through the whole house: who answers, and what the client hears.

Each fault meets every client dialect, plain, streamed and streamed from a buffered model, and both kinds of
upstream, in three situations:
a healthy second target stands behind (`pair`), the target is alone (`alone`), and it is alone and fails once
(`once`). What happened is the table in `docs/faults.md`; `LEITSTAND_WRITE_DOCS=1` writes it anew.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest

from leitstand.simulator.faults import FAULTS
from support.answers import EVERY_PATH, Heard, body_of, heard
from support.house import House, wait_until
from support.simulator import Simulator

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
TEXT = "eins zwei drei vier fünf sechs"
LATER = 3  # tokens after which a fault inside an answer strikes
AT_ONCE = 24  # requests at a time
SITUATIONS = ("pair", "alone", "once")
KINDS = {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-5"}
DIALECTS = ("chat", "messages", "responses")
WAYS = ("stream", "plain", "buffered")
ENDS = {"chat": "stop", "messages": "end_turn", "responses": "completed"}

SECOND = "the second target answers"
FIRST = "the target answers"
SAME = "the same target answers when asked again"
FILTERED = "the text so far, ended as filtered"
OVERLOADED = "503 overloaded"
FAILED = "502 upstream_failed"
TIMEOUT = "504 upstream_timeout"
FILTER = "400 content_filter"
TOO_LONG = "400 context_length_exceeded"
BROKEN = "the text so far, then one error event upstream_failed"
STALLED = "the text so far, then one error event upstream_timeout"


@dataclass(frozen=True)
class Expected:
    """What a client is to hear. Of a pair, alone, and alone with a fault that passes; plain and buffered
    like streamed where `plain` says nothing else."""

    pair: str
    alone: str
    once: str
    plain: tuple[str, str, str] | None = None

    def of(self, situation: str, way: str) -> str:
        row = (self.pair, self.alone, self.once) if way == "stream" or self.plain is None else self.plain
        return row[SITUATIONS.index(situation)]


_PASSING = Expected(SECOND, FAILED, SAME)  # tried once more at the same place, then elsewhere
_LASTING = Expected(SECOND, FAILED, FAILED)  # asking again does not help
_FULL = Expected(SECOND, OVERLOADED, SAME)
_SILENT = Expected(SECOND, TIMEOUT, TIMEOUT)
_INSIDE = Expected(BROKEN, BROKEN, BROKEN, plain=(SECOND, FAILED, SAME))
_MEANT = Expected(FILTER, FILTER, FILTER)
_UNHEARD = Expected(STALLED, STALLED, STALLED, plain=(SECOND, TIMEOUT, TIMEOUT))

EXPECTED = {
    "none": Expected(FIRST, FIRST, FIRST),
    "rate_limit": _FULL,
    "rate_limit_bare": _FULL,
    "quota": _LASTING,
    "server_error": _PASSING,
    "unavailable": _FULL,
    "overloaded": _FULL,
    "bad_gateway": _PASSING,
    "unauthorized": _LASTING,
    "forbidden": _LASTING,
    "not_found": _LASTING,
    "context_overflow": Expected(SECOND, TOO_LONG, TOO_LONG),
    "content_filter": _MEANT,
    "content_filter+": Expected(FILTERED, FILTERED, FILTERED),
    "refused_connection": _PASSING,
    "hang_before_headers": _SILENT,
    "hang_after_headers": _SILENT,
    "stall_before_first": _SILENT,
    "stall_after_first": _UNHEARD,
    "stall_after_first+": _UNHEARD,
    "cut_before_first": _PASSING,
    "cut_stream": _INSIDE,
    "cut_stream+": _INSIDE,
    "cut_plain": _INSIDE,
    "malformed_chunk": _PASSING,
    "malformed_chunk+": _INSIDE,
    "malformed_plain": _PASSING,
    "error_in_stream": _PASSING,
    "error_in_stream+": _INSIDE,
    "empty_body": _PASSING,
    "empty_stream": _PASSING,
    "html_body": _PASSING,
    "slow_drip": _SILENT,
}
"""By fault; with `+` it strikes after the first content."""
BUSY_ALONE = {
    ("error_in_stream", "anthropic", "stream"): OVERLOADED,
    ("error_in_stream", "anthropic", "buffered"): OVERLOADED,
    ("error_in_stream+", "anthropic", "buffered"): OVERLOADED,
}
"""Anthropic's error event says `overloaded_error` where OpenAI's says `server_error`."""


@dataclass(frozen=True)
class Case:
    """One request of the run. kind: of the upstream that fails."""

    fault: str
    situation: str
    kind: str
    dialect: str
    way: str

    @property
    def stream(self) -> bool:
        return self.way != "plain"

    @property
    def model(self) -> str:
        return f"{self.fault.replace('+', '-later')}.{self.situation}.{self.kind}.{self.dialect}.{self.way}"

    @property
    def provider(self) -> str:
        return provider_of(self.fault, self.kind)

    def __str__(self) -> str:
        return self.model

    def expected(self) -> str:
        said = EXPECTED[self.fault].of(self.situation, self.way)
        if self.situation == "alone":
            return BUSY_ALONE.get((self.fault, self.kind, self.way), said)
        return said


@dataclass(frozen=True)
class Result:
    """What came of a case. took_s: until the last byte."""

    heard: Heard
    took_s: float

    @property
    def request_id(self) -> str:
        return str(self.heard.headers["x-leitstand-request-id"])


@dataclass(frozen=True)
class Run:
    """All cases. journal: the records of the run by request id."""

    results: dict[Case, Result]
    journal: dict[str, dict[str, Any]]


CASES = [
    case
    for row in product(EXPECTED, SITUATIONS, KINDS, DIALECTS, WAYS)
    if (case := Case(*row)).way != "buffered" or case.dialect != "responses"
]


def provider_of(fault: str, kind: str) -> str:
    return f"{fault.replace('_', '-').replace('+', '-later')}-{kind}"


def patience_of(fault: str) -> dict[str, float]:
    """Time-outs of a provider in seconds: short only where they are what is tested."""
    if fault.startswith("stall_after_first"):
        return {"connect": 10, "first_token": 5, "idle": 0.5, "total": 10}
    if fault.startswith(("hang", "stall", "slow")):
        return {"connect": 10, "first_token": 0.5, "idle": 0.5, "total": 10}
    return {"connect": 10, "first_token": 20, "idle": 20, "total": 30}


def script_of(fault: str, kind: str) -> list[dict[str, Any]]:
    """The fault for every model of this provider, once or for ever."""
    line = {
        "fault": fault.rstrip("+"),
        "after_tokens": LATER if fault.endswith("+") else 0,
        "retry_after": 0.2,
    }
    return [
        {**line, "model": upstream_model(case), "times": 1 if case.situation == "once" else None}
        for case in CASES
        if case.fault == fault and case.kind == kind
    ]


def upstream_model(case: Case) -> str:
    """One model name per case, so that no case sees the cooldown that another one caused."""
    return f"{KINDS[case.kind]}-{case.situation}-{case.dialect}-{case.way[0]}"


def configuration(simulator: Simulator) -> str:
    faulty = [(provider_of(fault, kind), kind, patience_of(fault)) for fault in EXPECTED for kind in KINDS]
    well = [(f"well-{kind}", kind, patience_of("none")) for kind in KINDS]
    lines = ["providers:"]
    for name, kind, patience in [*faulty, *well]:
        waits = ", ".join(f"{word}: {seconds}" for word, seconds in patience.items())
        lines.append(
            f"  - {{name: {name}, kind: {kind}, base_url: '{simulator.url(name)}', api_key: sk-of-nobody-at-all, "
            f"region: eu, dpa: {{signed: 2026-01-15, expires: 2099-01-15}}, probe: {{every: 0}}, timeouts: {{{waits}}}}}"
        )
    lines.append("models:")
    for case in CASES:
        targets = [f"{{provider: {case.provider}, model: {upstream_model(case)}}}"]
        if case.situation == "pair":
            other = "anthropic" if case.kind == "openai" else "openai"
            targets.append(f"{{provider: well-{other}, model: {KINDS[other]}}}")
        wish = "buffered: true, " if case.way == "buffered" else ""
        lines.append(f"  - {{name: {case.model}, {wish}targets: [{', '.join(targets)}]}}")
    lines.append(
        "users:\n  - {name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}\n"
    )
    return "\n".join(lines)


async def _ask_all(url: str, key: str) -> dict[Case, Result]:
    turn = asyncio.Semaphore(AT_ONCE)
    async with httpx2.AsyncClient(
        base_url=url, timeout=60, headers={"authorization": f"Bearer {key}"}
    ) as client:

        async def ask(case: Case) -> Result:
            body = body_of(case.dialect, case.model, f"echo: {TEXT}", stream=case.stream, max_tokens=20)
            async with turn:
                began = time.monotonic()
                answer = await client.post(EVERY_PATH[case.dialect], json=body)
                return Result(heard(case.dialect, answer), time.monotonic() - began)

        return dict(zip(CASES, await asyncio.gather(*map(ask, CASES)), strict=True))


@pytest.fixture(scope="module")
def run(simulator: Simulator) -> Iterator[Run]:
    """The whole run, made once."""
    with House(configuration(simulator)) as house:
        key = house.key()
        server = house.serve()
        for fault, kind in product(EXPECTED, KINDS):
            simulator.faults(provider_of(fault, kind), *script_of(fault, kind))
        results = asyncio.run(_ask_all(server.url, key))
        wait_until(lambda: len(house.export()) >= len(CASES))
        yield Run(results, {row["request_id"]: row for row in house.export()})


@pytest.fixture
def results(run: Run) -> dict[Case, Result]:
    return run.results


def outcome(case: Case, said: Heard) -> str:
    """What the client heard, in the words of the table; asserts what holds for each of them."""
    if said.status != 200:
        return f"{said.status} {said.code}"
    assert said.starts == 1
    assert TEXT.startswith(said.text)
    if said.error:
        assert said.text, "nothing had been sent, so it had to be a plain status"
        assert (said.ends, said.stop) == (0, ""), "an error and an end"
        return f"the text so far, then one error event {said.code}"
    assert said.ends == 1
    if said.stop in ("content_filter", "refusal"):
        return FILTERED
    assert (said.text, said.stop) == (TEXT, ENDS[case.dialect])
    if said.provider != case.provider:
        assert said.headers["x-leitstand-fallback"] == "1"
        return SECOND
    assert said.headers["x-leitstand-fallback"] == "0"
    return FIRST if case.fault == "none" else SAME


def test_every_fault_of_the_catalogue_is_here() -> None:
    assert {fault.rstrip("+") for fault in EXPECTED} == set(FAULTS)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("fault", EXPECTED)
def test_client_hears_one_answer_or_one_clear_error(
    results: dict[Case, Result], fault: str, situation: str
) -> None:
    cases = [case for case in CASES if (case.fault, case.situation) == (fault, situation)]
    seen = {str(case): outcome(case, results[case].heard) for case in cases}
    assert seen == {str(case): case.expected() for case in cases}


def test_no_case_takes_longer_than_its_patience(results: dict[Case, Result]) -> None:
    """A silence ends by its limit (0.5 to 3.5 s here); the rest leaves room for a busy machine."""
    late = {str(case): result.took_s for case, result in results.items() if result.took_s > 8}
    assert not late


def test_every_request_is_journalled_once_as_the_client_met_it(run: Run) -> None:
    assert len(run.journal) == len(CASES)
    for case, result in run.results.items():
        said, record = result.heard, run.journal[result.request_id]
        expected = "ok" if said.status == 200 and not said.error else "failed"
        if said.status == 400:
            expected = "refused"
        assert (record["outcome"], record["code"]) == (expected, said.code), case
        assert record["provider"] == said.provider, case
        assert record["fallback"] == int(said.headers.get("x-leitstand-fallback", record["fallback"])), case
        lost = sum(each.get("tokens", 0) for each in record["detail"].get("attempts", ()))
        assert (record["cost"] > 0) == (said.status == 200 or lost > 0), case


def test_errors_name_the_request_and_never_the_secret(results: dict[Case, Result]) -> None:
    for case, result in results.items():
        said = result.heard
        assert said.headers["x-leitstand-request-id"].startswith("req_"), case
        if said.error:
            assert said.error["message"], case
            assert "sk-of-nobody" not in str(said.error), case
        if said.code == "overloaded":
            assert int(said.headers["retry-after"]) >= 1, case


def test_a_target_that_filters_is_never_routed_around(
    results: dict[Case, Result], simulator: Simulator
) -> None:
    filtered = [case for case in CASES if case.fault.startswith("content_filter")]
    for case in filtered:
        entries = [e for e in simulator.log(case.provider) if e["model"] == upstream_model(case)]
        assert len(entries) == 1, case
        assert results[case].heard.provider in ("", case.provider)


def test_a_fault_is_tried_at_most_twice_at_one_target(
    results: dict[Case, Result], simulator: Simulator
) -> None:
    """A kept connection that is reset at once may have been dead before; the pool then sends anew, once per try."""
    for fault, kind in product(EXPECTED, KINDS):
        models = [entry["model"] for entry in simulator.log(provider_of(fault, kind), idle=True)]
        assert max(map(models.count, models)) <= 2, fault


def test_the_table_in_the_documentation_is_what_happened(results: dict[Case, Result]) -> None:
    written = document({case: outcome(case, result.heard) for case, result in results.items()})
    if os.environ.get("LEITSTAND_WRITE_DOCS") == "1":
        DOCUMENT.write_text(written, "utf-8")
    assert DOCUMENT.read_text("utf-8") == written


_HEAD = """# When a provider fails

Made by `tests/spine/test_faults.py` from a run against real servers; `LEITSTAND_WRITE_DOCS=1` writes it anew.

Each row was met by clients of three dialects (Chat Completions, Messages, Responses) with an OpenAI and an
Anthropic upstream; all six heard the same. "Two targets": a healthy one of the other kind stands behind the failing one.
"Alone": the model has this target only. "Alone, once": it fails one time and is well again.

Nothing has been sent to the client before the first content, so until then every failure is a plain HTTP status.
After it nobody else may answer: the client gets exactly one error event and nothing after it. A model with
`buffered: true` sends nothing before the whole answer is there, so that every fault is met as by a plain answer.
What failed attempts are billed is booked with the request.
"""
TITLES = ("Streamed answers", "Plain answers", "Streamed answers of a buffered model")


def document(seen: dict[Case, str]) -> str:
    """The page, from what was seen."""
    parts = [_HEAD]
    for way, title in zip(WAYS, TITLES, strict=True):
        parts.append(f"\n## {title}\n\n| fault | two targets | alone | alone, once |\n|---|---|---|---|\n")
        for fault in EXPECTED:
            cells = [_cell(seen, fault, situation, way) for situation in SITUATIONS]
            name = fault.replace("+", f" after {LATER} tokens")
            sentence = FAULTS[fault.rstrip("+")].en
            parts.append(f"| `{name}`: {sentence} | {' | '.join(cells)} |\n")
    return "".join(parts)


def _cell(seen: dict[Case, str], fault: str, situation: str, way: str) -> str:
    here = {
        said
        for case, said in seen.items()
        if (case.fault, case.situation, case.way) == (fault, situation, way)
    }
    return " or ".join(sorted(here))
