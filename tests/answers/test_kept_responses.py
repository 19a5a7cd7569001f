"""Kept responses: for their owner only, sealed, gone in time."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import Engine, update

from leitstand.answers.responses.kept import Kept, KeptResponses, Owner
from leitstand.answers.responses.repository import KeptRows
from leitstand.core.sealing import Sealer, WrongKey
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.retention import expire
from leitstand.store.schema import kept_response

ANNA, BEN = Owner("anna", "allgemein"), Owner("ben", "allgemein")
OFFERS = Owner("anna", "angebote")
_DAY_US = 24 * 3600 * 1_000_000


class HandClock:
    """A clock that a test moves."""

    now_us = 100 * _DAY_US

    def time_us(self) -> int:
        return self.now_us


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[Engine]:
    engine = open_engine(tmp_path)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def kept(engine: Engine, clock: HandClock) -> KeptResponses:
    return KeptResponses(KeptRows(engine), Sealer(bytes(32)), clock)  # type: ignore[arg-type]  # only the time is asked


def said(question: str, answer: str) -> Kept:
    return Kept([_item("user", question)], {"output": [_item("assistant", answer)]})


def _item(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def test_a_conversation_is_put_together_in_order(kept: KeptResponses) -> None:
    kept.keep(ANNA, "r1", "", said("1", "2"))
    kept.keep(ANNA, "r2", "r1", said("3", "4"))
    kept.keep(ANNA, "r3", "r1", said("5", "6"))
    texts = [[item["content"] for item in kept.history(ANNA, end) or ()] for end in ("r1", "r2", "r3")]
    assert texts == [["1", "2"], ["1", "2", "3", "4"], ["1", "2", "5", "6"]]


@pytest.mark.parametrize("stranger", [BEN, OFFERS])
def test_nobody_else_finds_it(kept: KeptResponses, stranger: Owner) -> None:
    kept.keep(ANNA, "r1", "", said("1", "2"))
    assert kept.get(stranger, "r1") is None
    assert kept.history(stranger, "r1") is None
    assert not kept.delete(stranger, "r1")
    kept.keep(stranger, "r2", "r1", said("3", "4"))
    assert kept.history(stranger, "r2") is None
    assert kept.get(ANNA, "r1") == said("1", "2")


def test_a_conversation_with_a_gap_is_none(kept: KeptResponses) -> None:
    kept.keep(ANNA, "r1", "", said("1", "2"))
    kept.keep(ANNA, "r2", "r1", said("3", "4"))
    assert kept.delete(ANNA, "r1")
    assert not kept.delete(ANNA, "r1")
    assert kept.history(ANNA, "r2") is None


def test_a_row_given_to_somebody_else_does_not_open(kept: KeptResponses, engine: Engine) -> None:
    kept.keep(ANNA, "r1", "", said("1", "2"))
    with engine.begin() as connection:
        connection.execute(update(kept_response).values(user="ben"))
    with pytest.raises(WrongKey):
        kept.get(BEN, "r1")


def test_what_is_too_old_goes(kept: KeptResponses, clock: HandClock, engine: Engine) -> None:
    kept.keep(ANNA, "r1", "", said("1", "2"))
    clock.now_us += 30 * _DAY_US
    kept.keep(ANNA, "r2", "", said("3", "4"))
    assert list(expire(engine, "responses_days", 30, clock.now_us)) == []
    assert list(expire(engine, "responses_days", 30, clock.now_us + 1)) == [1]
    assert kept.get(ANNA, "r1") is None
    assert kept.get(ANNA, "r2") is not None


def test_keeping_costs_little(kept: KeptResponses) -> None:
    """What stands between an answer and its end; far below what a person or program notices."""
    took_s = []
    for number in range(50):
        began = time.perf_counter()
        kept.keep(ANNA, f"r{number}", "", said("Frage " * 200, "Antwort " * 500))
        took_s.append(time.perf_counter() - began)
    assert median(took_s) < 0.05
