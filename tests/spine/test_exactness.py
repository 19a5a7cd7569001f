"""Limits are kept, sums are equal, and nobody is refused what can be paid: the short form of bench/exactness.py."""

import pytest

from spine.proof.exactness import run_round, warm
from spine.proof.world import folder


@pytest.mark.timeout(300)
def test_two_processes_keep_random_limits_to_the_nano_euro_and_refuse_nothing_that_can_be_paid() -> None:
    with folder(2) as world:
        keys = world.keys(30)
        warm(world, keys[0])
        verdicts = [run_round(world, keys, seed, calls_each=4) for seed in (3, 5)]
        assert world.verify()
    assert [line for verdict in verdicts for line in verdict.off] == []
    assert sum(verdict.answered for verdict in verdicts) > 40, "too few answers to prove anything"
    assert sum(verdict.refused for verdict in verdicts) > 20, "no limit was reached"
    assert sum(verdict.left for verdict in verdicts) > 20, "too few clients left"
