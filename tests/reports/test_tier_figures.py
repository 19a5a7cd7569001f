"""The figures of model tiers, from records in a real table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, insert

from leitstand.core.tiers import Tier
from leitstand.reports.repository import Journal
from leitstand.reports.tiers import take_tiers
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(tmp_path)
    migrate(made)
    yield made
    made.dispose()


def write(
    engine: Engine,
    number: int,
    tier: dict[str, Any] | None,
    cost_nano: int = 100,
    outcome: str = "ok",
    **more: Any,
) -> None:
    detail = {"dialect": "chat"} | ({"tier": tier} if tier else {})
    row = {
        "seq": number, "id": f"req_{number}", "kind": "interaction", "time_us": number, "user": "anna", "use_case": "angebote",
        "model": "auto", "outcome": outcome, "cost_nano": cost_nano, "hash": b"x",
        "detail": msgspec.json.encode(detail).decode(),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(journal).values(**row | more))


def taken(tier: str, full_nano: int = 0, why: str = "judged", **more: Any) -> dict[str, Any]:
    return (
        {"taken": tier, "model": f"m-{tier}", "why": why}
        | ({"full_nano": full_nano} if full_nano else {})
        | more
    )


def test_each_tier_has_its_requests_its_cost_and_what_the_largest_would_have_cost(engine: Engine) -> None:
    write(engine, 10, taken("simple", 1000))
    write(engine, 11, taken("simple", 500), cost_nano=50)
    write(engine, 12, taken("complex", 700), cost_nano=700)
    snapshot = take_tiers(Journal(engine), 0, 100, recent=5)
    figures = {each.tier: (each.requests, each.cost_nano, each.full_nano) for each in snapshot.figures}
    assert figures == {Tier.SIMPLE: (2, 150, 1500), Tier.STANDARD: (0, 0, 0), Tier.COMPLEX: (1, 700, 700)}
    assert (snapshot.requests, snapshot.cost_nano, snapshot.full_nano) == (3, 850, 2200)


def test_only_answered_requests_of_the_period_that_took_a_tier_count(engine: Engine) -> None:
    write(engine, 10, taken("simple", 1000))
    write(engine, 11, None)
    write(engine, 12, taken("simple"), outcome="failed")
    write(engine, 13, {"judged": "complex", "score": 130.0, "features": {}})  # a budget sent it elsewhere
    write(engine, 14, taken("simple"), outcome="cached", cost_nano=0)
    write(engine, 200, taken("simple", 1000))
    snapshot = take_tiers(Journal(engine), 0, 100, recent=5)
    assert (snapshot.requests, snapshot.from_cache) == (1, 1)
    assert len(snapshot.recent) == 2


def test_the_last_decisions_come_first_with_their_reasons_and_without_persons(engine: Engine) -> None:
    write(engine, 10, taken("simple"))
    write(
        engine,
        11,
        taken(
            "complex",
            wanted="simple",
            passed=["simple"],
            score=131.0,
            features={"brief": [1, -9.0], "length": [1.1, 20.0], "main_analyse": [1, 27.0]},
        ),
    )
    [decision] = take_tiers(Journal(engine), 0, 100, recent=1).recent
    assert (decision.tier, decision.model, decision.why, decision.passed) == (
        Tier.COMPLEX,
        "m-complex",
        "judged",
        ("simple",),
    )
    assert (decision.score, decision.reasons) == (
        131.0,
        (("main_analyse", 27.0), ("length", 20.0), ("brief", -9.0)),
    )
    assert "anna" not in repr(decision)
