"""Learns the points of the tier classifier from the labelled prompts and writes `weights.toml`.

    python bench/tiers_train.py [--check]

--check writes nothing and ends with 1 when the shipped file is not what the prompts give.

Ordinal logistic regression: one weight per feature, two thresholds, so that a score has one direction and
each feature adds its points. Rennie and Srebro (2005), "Loss functions for preference levels": the
all-threshold loss, solved by Newton's method with an L2 penalty. A threshold stands where the expected
costs of both mistakes are equal: a faulty simple text is seen at once, a shallow analysis is not.
"""

import sys
from pathlib import Path

import numpy as np
from tiers_set import Labelled, labelled

import leitstand.gateway.tiers
from leitstand.core.tiers import Tier
from leitstand.gateway.tiers.classify import Weights
from leitstand.gateway.tiers.features import FEATURES, turns

TARGET = Path(leitstand.gateway.tiers.__file__).with_name("weights.toml")
PENALTY = 3.0  # per squared weight of a feature scaled to spread 1; 1 to 10 give the same accuracy
TOO_SMALL_COSTS = (1.0, 2.0)  # times what too large a tier costs, at each threshold
STANDARD_FROM, COMPLEX_FROM = 50.0, 100.0  # the scale on which points are told


def matrix(items: list[Labelled]) -> tuple[np.ndarray, np.ndarray]:
    """(n, features) float64 of the prompts with a single question, and (n,) ranks of their labels."""
    asked = [(list(turns(item.prompt)), item.tier.rank) for item in items]
    rows = [(questions[0], rank) for questions, rank in asked if len(questions) == 1]
    values = np.array([[row.get(feature.name, 0.0) for feature in FEATURES] for row, _rank in rows])
    return values, np.array([rank for _row, rank in rows])


def train(values: np.ndarray, ranks: np.ndarray) -> Weights:
    """Fit the points. values: (n, features); ranks: (n,) of 0, 1, 2."""
    spread = values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    scaled = values / scale
    n, width = scaled.shape
    # One row per prompt and threshold: is it above? Columns: the features, then one intercept per threshold.
    design = np.zeros((2 * n, width + 2))
    design[:n, :width] = design[n:, :width] = scaled
    design[:n, width] = design[n:, width + 1] = 1.0
    above = np.concatenate([ranks > 0, ranks > 1]).astype(float)
    penalty = np.diag([PENALTY] * width + [0.0, 0.0])
    beta = np.zeros(width + 2)
    for _ in range(25):
        chance = 1 / (1 + np.exp(-design @ beta))
        slope = design.T @ (above - chance) - penalty @ beta
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve, slope)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return _as_points(beta[:width] / scale, beta[width], beta[width + 1])


def _as_points(slopes: np.ndarray, first: float, second: float) -> Weights:
    """Log-odds as whole points on the scale of the two thresholds."""
    low, high = np.array([-first, -second]) - np.log(TOO_SMALL_COSTS)
    factor = (COMPLEX_FROM - STANDARD_FROM) / (high - low)
    points = {
        feature.name: round(float(slope * factor)) for feature, slope in zip(FEATURES, slopes, strict=True)
    }
    return Weights(round(float(STANDARD_FROM - low * factor)), STANDARD_FROM, COMPLEX_FROM, points)


def text(weights: Weights, count: int) -> str:
    """The file as it is shipped."""
    lines = [
        f"# Points of the tier classifier, learned by bench/tiers_train.py from {count} labelled prompts.",
        "# score = base + points x value of every feature found; how values are counted: features.py.",
        f"# Below standard_from a question is {Tier.SIMPLE}, from complex_from on {Tier.COMPLEX}.",
        f"base = {weights.base:.0f}",
        f"standard_from = {weights.standard_from:.0f}",
        f"complex_from = {weights.complex_from:.0f}",
        "",
        "[points]",
        *(f"{each.name} = {weights.points[each.name]}  # {each.en}" for each in FEATURES),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Train and write, or compare."""
    items = labelled()
    made = text(train(*matrix(items)), len(items))
    if "--check" in sys.argv[1:]:
        return int(made != TARGET.read_text("utf-8"))
    TARGET.write_text(made, "utf-8")
    print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
