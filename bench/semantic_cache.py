"""What the semantic cache gets right: cosine alone, and cosine with the second look (gateway/agreement.py).

    make bench-semantic            figures of both sets, and what one look-up costs
    python bench/semantic_cache.py --show dev     every pair of a set that is judged wrongly

Pairs: bench/data/semantic_pairs.txt. A pair counts as served when the cosine reaches the threshold (and, for
the second figure, the readings agree). Precision: served pairs that may share an answer, of all served.
Recall: served of all that may share one. The interval is Wilson's, 95 %.
"""

import argparse
import itertools
import json
import math
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitstand.gateway.agreement import Disagreement, disagreement
from leitstand.gateway.reading import Reading, read
from leitstand.gateway.semantic import THRESHOLD
from leitstand.gateway.semantic_index import Index
from leitstand.providers.local_encoder import LocalEncoder

PAIRS = Path(__file__).parent / "data" / "semantic_pairs.txt"
GOAL = 0.99


@dataclass(frozen=True)
class Pair:
    """Two questions; same: whether they may share an answer. kind: of a look-alike, what is different."""

    domain: str
    set: str
    one: str
    other: str
    same: bool
    kind: str


@dataclass(frozen=True)
class Judged:
    """A pair with what both looks say."""

    pair: Pair
    cosine: float
    verdict: Disagreement | None


def pairs(path: Path = PAIRS) -> Iterator[Pair]:
    """Every pair of the file."""
    domain = set_ = ""
    asked: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        sign, _, text = line.partition(" ")
        if sign == "##":
            domain, set_ = text.split()
        elif sign == "=":
            asked = [text]
        elif sign == "~":
            yield from (Pair(domain, set_, one, text, True, "") for one in asked)
            asked.append(text)
        elif sign == "!":
            kind, _, text = text.partition(" ")
            yield from (Pair(domain, set_, one, text, False, kind) for one in asked)


def judge(all_pairs: list[Pair], encoder: LocalEncoder) -> list[Judged]:
    """Both looks at every pair."""
    texts = sorted({text for pair in all_pairs for text in (pair.one, pair.other)})
    vectors = {text: encoder.question(text) for text in texts}
    readings: dict[str, Reading] = {text: read(text) for text in texts}
    return [
        Judged(
            pair,
            float(vectors[pair.one] @ vectors[pair.other]),
            disagreement(readings[pair.one], readings[pair.other]),
        )
        for pair in all_pairs
    ]


def figures(served: Iterable[Judged], among: list[Judged]) -> dict[str, float | int]:
    """Precision with its interval, and recall."""
    served = list(served)
    right = sum(each.pair.same for each in served)
    wanted = sum(each.pair.same for each in among)
    low, high = _wilson(right, len(served))
    return {
        "served": len(served), "wrong": len(served) - right,
        "precision": round(right / len(served), 4) if served else 1.0,
        "precision_low": round(low, 4), "precision_high": round(high, 4), "recall": round(right / wanted, 4),
    }  # fmt: skip


def _wilson(right: int, number: int) -> tuple[float, float]:
    if not number:
        return 0.0, 1.0
    z, share = 1.96, right / number
    centre, spread = (
        share + z * z / (2 * number),
        z * math.sqrt(share * (1 - share) / number + z * z / (4 * number**2)),
    )
    return (centre - spread) / (1 + z * z / number), (centre + spread) / (1 + z * z / number)


def best_threshold(judged: list[Judged]) -> float:
    """The lowest cosine from which on cosine alone reaches the goal; above every pair where none does."""
    for threshold in np.arange(0.80, 1.0001, 0.0005):
        served = [each for each in judged if each.cosine >= threshold]
        if served and sum(each.pair.same for each in served) / len(served) >= GOAL:
            return float(threshold)
    return 1.01


def cost(encoder: LocalEncoder, loaded: int, entries: int = 10_000) -> dict[str, float]:
    """Time of the parts of a look-up, in milliseconds (median), and memory. loaded: KiB that the encoder took."""
    questions = [pair.one for pair in itertools.islice(pairs(), 200)]
    random = np.random.default_rng(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index: Index[int] = Index(entries, max_bytes=entries)
    for number in range(entries):
        vector = random.standard_normal(384, dtype=np.float32)
        index.put("group", vector / np.linalg.norm(vector), number, 1)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / entries
    vector = encoder.question(questions[0])
    one, other = read(questions[0]), read(questions[1])
    return {
        "encode_ms": _median_ms(lambda text: encoder.question(text), questions),
        "search_10k_ms": _median_ms(lambda _: index.nearest("group", vector, 5), questions),
        "read_ms": _median_ms(read, questions),
        "agree_ms": _median_ms(lambda _: disagreement(one, other), questions),
        "index_bytes_per_entry": round(grown),
        "encoder_mib": round(loaded / 1024, 1),
    }


def _median_ms(work: object, inputs: list[str]) -> float:
    spent = []
    for text in inputs:
        started = time.perf_counter()
        work(text)  # type: ignore[operator]  # any of the callables above
        spent.append(time.perf_counter() - started)
    return round(sorted(spent)[len(spent) // 2] * 1000, 3)


def main() -> None:
    """Print the figures as JSON, or the wrong verdicts of one set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--show", choices=("dev", "held"), help="print the pairs of this set that are judged wrongly"
    )
    show = parser.parse_args().show
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    encoder = LocalEncoder()
    encoder.question("Wie lange gilt unser Angebot?")
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    judged = judge([pair for pair in pairs() if show in (None, pair.set)], encoder)
    if show:
        _show(judged)
        return
    dev = [each for each in judged if each.pair.set == "dev"]
    threshold = best_threshold(dev)
    report: dict[str, object] = {"threshold_cosine_alone": round(threshold, 4), "threshold": THRESHOLD}
    for name in ("dev", "held"):
        among = [each for each in judged if each.pair.set == name]
        report[name] = {
            "pairs": len(among),
            "may_share": sum(each.pair.same for each in among),
            "cosine_alone": figures((each for each in among if each.cosine >= threshold), among),
            "cosine_at_our_threshold": figures((each for each in among if each.cosine >= THRESHOLD), among),
            "with_second_look": figures(
                (each for each in among if each.cosine >= THRESHOLD and each.verdict is None), among
            ),
            "refused_look_alikes_by_reason": dict(
                Counter(
                    each.verdict.kind for each in among if each.verdict and not each.pair.same
                ).most_common()
            ),
        }
    report["cost"] = cost(encoder, loaded)
    json.dump(report, sys.stdout, indent=1, ensure_ascii=False)
    print()


def _show(judged: list[Judged]) -> None:
    for each in sorted(judged, key=lambda each: (each.pair.same, each.cosine)):
        served = each.cosine >= THRESHOLD and each.verdict is None
        if served != each.pair.same:
            print(
                f"{'missed' if each.pair.same else 'WRONG '} {each.cosine:.3f} {each.pair.one} | {each.pair.other}"
            )
            print(f"       {each.verdict}")


if __name__ == "__main__":
    main()
