"""How well the tier classifier of `auto` decides, what it saves, and how long it takes.

    python bench/tiers.py

Prints the confusion on the labelled prompts (5-fold cross-validation, 5 shuffles) and on unseen ones that
neither weights nor words were fitted to; the share of cost saved against the largest model for everything,
with a bootstrap interval; and the time per prompt. Costs are list prices with assumed lengths of answers.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np
from tiers_set import UNSEEN, Labelled, labelled
from tiers_train import matrix, train

from leitstand.accounting.estimate import estimate
from leitstand.accounting.pricebook import PriceBook
from leitstand.core.classes import Region
from leitstand.core.clock import Clock
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.core.tiers import Tier
from leitstand.gateway.tiers.classify import judge

MODELS = {
    Tier.SIMPLE: ("openai", "gpt-4o-mini"),
    Tier.STANDARD: ("anthropic", "claude-haiku-4-5"),
    Tier.COMPLEX: ("anthropic", "claude-sonnet-4-5"),
}
ANSWER_TOKENS = {
    Tier.SIMPLE: 120,
    Tier.STANDARD: 500,
    Tier.COMPLEX: 1200,
}  # by what the task is, on any model
MIXES = {"as labelled": (1, 1, 1), "office day (60/30/10)": (6, 3, 1)}
PENALTIES = np.array([[0, 1, 2], [2, 0, 1], [6, 2, 0]])  # rows: label; columns: decision


def cross_validated(items: Sequence[Labelled], folds: int = 5, shuffles: int = 5) -> np.ndarray:
    """(3, 3) mean counts, label by decision, of prompts with a single question."""
    values, ranks = matrix(list(items))
    counts = np.zeros((3, 3))
    for seed in range(shuffles):
        fold = np.random.default_rng(seed).permutation(len(ranks)) % folds
        for number in range(folds):
            weights = train(values[fold != number], ranks[fold != number])
            scores = weights.base + values[fold == number] @ np.array(list(weights.points.values()))
            decided = (scores >= weights.standard_from).astype(int) + (scores >= weights.complex_from)
            np.add.at(counts, (ranks[fold == number], decided), 1)
    return counts / shuffles


def confusion(items: Sequence[Labelled]) -> np.ndarray:
    """(3, 3) counts, label by decision of the shipped classifier."""
    counts = np.zeros((3, 3))
    for item in items:
        counts[item.tier.rank, judge(item.prompt).tier.rank] += 1
    return counts


def table(title: str, counts: np.ndarray) -> None:
    """Print a confusion with accuracy and mean penalty."""
    total = counts.sum()
    print(
        f"\n{title}: {total:.0f} prompts, accuracy {np.trace(counts) / total:.1%}, "
        f"mean penalty {(counts * PENALTIES).sum() / total:.3f} "
        f"(everything complex: {(counts.sum(axis=1) * PENALTIES[:, 2]).sum() / total:.3f})"
    )
    print("label \\ decision" + "".join(f"{tier:>10}" for tier in Tier))
    for tier in Tier:
        print(f"{tier:16}" + "".join(f"{count:10.1f}" for count in counts[tier.rank]))


def costs(items: Sequence[Labelled]) -> np.ndarray:
    """(n, 2) EUR: with the decided tier, and with the largest one."""
    book = PriceBook(Clock())
    prices = {tier: book.price(kind, kind, Region.EU, model) for tier, (kind, model) in MODELS.items()}

    def cost(item: Labelled, tier: Tier) -> float:
        price, size = prices[tier], estimate(item.prompt).upper
        return float(size * price.input + ANSWER_TOKENS[item.tier] * price.output) / 1e6

    return np.array([(cost(each, judge(each.prompt).tier), cost(each, Tier.COMPLEX)) for each in items])


def saving(items: Sequence[Labelled], mix: tuple[int, int, int]) -> tuple[float, float, float]:
    """Share of cost saved with its 95 % interval; prompts are drawn anew within each label."""
    paid, ranks = costs(items), np.array([item.tier.rank for item in items])
    random = np.random.default_rng(1)

    def share(rows: Sequence[np.ndarray]) -> float:
        means = sum(part * paid[row].mean(axis=0) for part, row in zip(mix, rows, strict=True))
        return float(1 - means[0] / means[1])

    rows = [np.flatnonzero(ranks == rank) for rank in range(3)]
    draws = [share([random.choice(row, len(row)) for row in rows]) for _ in range(2000)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return share(rows), float(low), float(high)


def microseconds(items: Sequence[Labelled]) -> list[float]:
    """The best of five for each prompt."""
    found = []
    for item in items:
        rounds = []
        for _ in range(5):
            begun = time.perf_counter()
            judge(item.prompt)
            rounds.append(time.perf_counter() - begun)
        found.append(min(rounds) * 1e6)
    return found


def long_conversation() -> Labelled:
    """Twenty questions of 400 characters with answers of 2,000, the largest usual case."""
    question, answer = "Vergleiche die beiden Angebote und begründe die Wahl. " * 8, "Antwort. " * 220
    messages = tuple(
        Message("user" if number % 2 == 0 else "assistant", (Text(question if number % 2 == 0 else answer),))
        for number in range(39)
    )
    return Labelled(Tier.COMPLEX, "de", "", question, Prompt("chat", "auto", messages))


def main() -> int:
    """Print everything."""
    items, unseen = labelled(), labelled(UNSEEN)
    table("Cross-validated (words were chosen on these prompts)", cross_validated(items))
    table("Unseen", confusion(unseen))
    print(
        "\nCost saved against the largest model for everything "
        f"({', '.join(f'{tier}: {model}' for tier, (_kind, model) in MODELS.items())}):"
    )
    for name, mix in MIXES.items():
        for which, group in (("labelled", items), ("unseen", unseen)):
            print(
                f"  {name}, {which}: {'{:.1%} (95 % interval {:.1%} to {:.1%})'.format(*saving(group, mix))}"
            )
    spent = sorted(microseconds(items))
    print(
        f"\nTime: median {spent[len(spent) // 2]:.0f} µs, 99th percentile {spent[int(len(spent) * 0.99)]:.0f} µs, "
        f"20 questions in one conversation {microseconds([long_conversation()])[0]:.0f} µs"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
