"""The ports of what-if and blind verdicts for page tests: scenarios in memory; votes on a real trial in a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from memory_model_tests import MemoryModelTests
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from leitstand.answers.blind import BlindState, BlindVotes, Side
from leitstand.answers.quality import Quality
from leitstand.answers.regression import Plan
from leitstand.core.clock import Clock
from leitstand.core.errors import NotFound
from leitstand.core.i18n import Bilingual
from leitstand.prompts.regression.repository import VoteRows
from leitstand.reports.what_if.result import (
    CacheEffect,
    Control,
    Pace,
    Range,
    Result,
    SpeedRow,
    TokenFactor,
    UseCaseCost,
)
from leitstand.reports.what_if.scenario import Scenario, read
from leitstand.reports.what_if.scenarios import Told
from leitstand.store.schema import metadata
from leitstand.web.ports import Viewer, WhatIfChoices

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
_EURO = 1_000_000_000
RESULT = Result(
    requests=12_840,
    moved=9_312,
    before_nano=1_204 * _EURO,
    after_nano=Range(410 * _EURO, 512.4 * _EURO, 690 * _EURO),
    use_cases=(
        UseCaseCost("angebote", 8_000, 6_900, 900 * _EURO, Range(300 * _EURO, 380 * _EURO, 500 * _EURO)),
        UseCaseCost("werbung", 4_000, 2_412, 280 * _EURO, Range(90 * _EURO, 112.4 * _EURO, 166 * _EURO)),
        UseCaseCost("", 840, 0, 24 * _EURO, Range(24 * _EURO, 24 * _EURO, 24 * _EURO)),
    ),
    stays={"policy": 231, "task": 40},
    cut=12,
    unpriced=0,
    factors=(
        TokenFactor("angebote", "gpt-4o", "claude-haiku", Range(1.05, 1.1, 1.16), Range(0.8, 0.9, 1.0), "paired", 40),
        TokenFactor("werbung", "gpt-4o", "claude-haiku", Range(0.8, 1, 1.25), Range(0.6, 1, 1.67), "assumed", 0),
    ),
    speed=(
        SpeedRow("angebote", "gross", "klein", Pace(6_900, 4.2, 11.0, 0.9, 2.2, 21), Pace(812, 1.9, 5.1, 0.4, 0.9, 9), False),
        SpeedRow("werbung", "gross", "klein", Pace(2_412, 3.9, 9.0), Pace(12, None, None), True),
    ),
    cache=CacheEffect(0, 310, 44, int(NOW.timestamp()) * 1_000_000),
    control=Control(12_700, 90, 50, 0, -1_200_000),
    notes=(Bilingual("Wie schnell das neue Modell in werbung antwortet, ist nicht bekannt.", "How fast the new model answers in werbung is not known."),),
    switch="# What the scenario would change.\nmodels:\n- name: gross\n  targets:\n  - provider: anthropic-eu\n    model: claude-haiku\n",
)  # fmt: skip


def told(number: str, state: str = "done", result: Result | None = RESULT, **wish: Any) -> Told:
    scenario = read(
        {
            "period": {"begin": "2026-10-18", "end": "2026-11-16"},
            **(wish or {"replace": {"gross": "klein"}, "max_output_tokens": {"*": 800}}),
        }
    )
    return Told(
        number, "gross → klein" if not wish else "Preise plus zehn Prozent", scenario, state, 30 if result else 4, 30,
        None, result, NOW, "jonas", NOW if result else None,
    )  # fmt: skip


class MemoryWhatIf:
    """web.ports.WhatIf. asked: what was asked for, in order."""

    def __init__(self) -> None:
        self.kept: dict[str, Told] = {}
        self.asked: list[Scenario] = []
        self.qualities: tuple[Quality, ...] = (Quality("gross", "klein", None, None, ()),)

    def fill(self) -> None:
        """Three scenarios: two done, one running."""
        dearer = replace(
            told("wif_2", price_factors={"*": "1.1"}),
            result=None,
        )
        more = Range(1_324.4 * _EURO, 1_324.4 * _EURO, 1_324.4 * _EURO)
        import msgspec

        result = msgspec.structs.replace(RESULT, after_nano=more, moved=0, factors=(), speed=(), notes=())
        self.kept = {
            "wif_1": told("wif_1"),
            "wif_2": replace(dearer, result=result),
            "wif_3": told("wif_3", "running", None),
        }

    async def list(self, most: int) -> Sequence[Told]:
        return list(self.kept.values())[:most]

    async def get(self, scenario: str) -> Told:
        if scenario not in self.kept:
            raise NotFound("Dieses Szenario gibt es nicht.", "There is no such scenario.")
        return self.kept[scenario]

    async def ask(self, viewer: Viewer, scenario: Scenario) -> str:
        if "nirgends" in scenario.replace.values():
            raise NotFound("Modell „nirgends“ gibt es nicht.", "There is no model 'nirgends'.")
        self.asked.append(scenario)
        self.kept["wif_9"] = replace(told("wif_9", "waiting", None), scenario=scenario)
        return "wif_9"

    async def remove(self, viewer: Viewer, scenario: str) -> None:
        del self.kept[scenario]

    async def quality(self, told: Told) -> Sequence[Quality]:
        return self.qualities

    def choices(self) -> WhatIfChoices:
        return WhatIfChoices(
            ("gross", "klein", "auto"), ("angebote", "werbung"), ("openai-eu", "anthropic-eu")
        )

    def usual_period(self) -> tuple[date, date]:
        return date(2026, 10, 18), date(2026, 11, 16)


class MemoryBlind:
    """web.ports.Blind over the real votes; its own trial is `self.trial`."""

    def __init__(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        metadata.create_all(engine)
        self.tests = MemoryModelTests()
        self.rows = VoteRows(engine)
        self.votes = BlindVotes(self.tests.regression, self.rows, Clock(), lambda _record: None)
        self.trial = ""

    def prepare(self, repetitions: int = 1) -> str:
        """A finished trial in which `klein` fails the first question; returns its id."""
        self.trial = self.tests.regression.start(
            Plan("angebote", "klein", "standard", repetitions), "jonas"
        ).id
        self.tests.answer_all(self.trial, "klein")
        return self.trial

    async def state(self, viewer: Viewer, trial: str) -> BlindState:
        return self.votes.state(trial, viewer.name)

    async def vote(self, viewer: Viewer, trial: str, case: str, repetition: int, side: Side) -> None:
        self.votes.vote(trial, viewer.name, case, repetition, side)
