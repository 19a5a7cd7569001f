"""Processes are killed under load and nothing acknowledged is lost: the short form of bench/chaos.py."""

import pytest

from spine.proof import chaos
from spine.proof.chaos import run, stage


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_killed_gateway_database_and_valkey_cost_no_acknowledged_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chaos, "_order", lambda stage, rounds, dice: ["PostgreSQL", "Valkey", "gateway 1"])
    with stage() as everything:
        outcome = run(everything, 3, clients=10)
    assert outcome.off == []
    assert len(outcome.rounds) == 3
    assert outcome.acknowledged > 50, "too few answers to prove anything"
    assert any(each.answered for each in outcome.rounds), "one process that is gone must not stop the others"
