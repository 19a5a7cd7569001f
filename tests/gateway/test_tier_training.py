"""The shipped weights are those that the labelled prompts give, and they judge as well as is written."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from leitstand.core.tiers import Tier
from leitstand.gateway.tiers.classify import judge

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def prompts() -> Counter[tuple[Tier, Tier]]:
    """How often each label was judged as each tier, on the prompts that nothing was fitted to."""
    sys.path.insert(0, str(BENCH))
    try:
        from tiers_set import UNSEEN, labelled
    finally:
        sys.path.remove(str(BENCH))
    return Counter((item.tier, judge(item.prompt).tier) for item in labelled(UNSEEN))


def test_the_weights_are_those_of_the_labelled_prompts() -> None:
    done = subprocess.run([sys.executable, str(BENCH / "tiers_train.py"), "--check"], timeout=60)
    assert done.returncode == 0, "run bench/tiers_train.py and commit weights.toml"


def test_no_unseen_complex_task_is_judged_simple(prompts: Counter[tuple[Tier, Tier]]) -> None:
    assert prompts[Tier.COMPLEX, Tier.SIMPLE] == 0


def test_most_unseen_tasks_are_judged_as_labelled(prompts: Counter[tuple[Tier, Tier]]) -> None:
    right = sum(count for (label, judged), count in prompts.items() if label is judged)
    assert right / prompts.total() >= 0.8
