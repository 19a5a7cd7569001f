"""How often placeholders come back right from answers that rewrite them, and how fast.

    python bench/restore.py [--answers N]

Answers are made by tests/support/model_spellings.py: inflected, translated, reformatted, tabulated, and beside things
that only look like placeholders. exact: the whole answer as it should be. wrong: an original where none belongs.
mixed: of 200 answers at a time, one that shows somebody else's data.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from leitstand.core.conversation import Frame, TextDelta
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.restore import Restorer
from support.model_spellings import Case, cases, pieces

AT_ONCE = 200


def shown(frame: Frame | None) -> str:
    """The text of a frame."""
    chunks = frame.chunks if frame else ()
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextDelta))


def streamed(case: Case) -> str:
    """The answer as its stream is restored."""
    restorer = Restorer(case.mapping)
    text = "".join(shown(restorer.frame(Frame((TextDelta(piece),)))[0]) for piece in pieces(case))
    return text + shown(restorer.finish())


def is_wrong(case: Case, restored: str) -> bool:
    """Whether an original stands in it more often than it should."""
    return any(
        restored.count(original) > case.expected.count(original) for _, original in case.mapping.entries
    )


def mixed(rounds: int) -> tuple[int, int]:
    """(checks, answers that show somebody else's data): equal placeholders, different people, streams interleaved."""
    checks = faults = 0
    for turn in range(rounds):
        people = [f"Geheim{turn}x{number}x" for number in range(AT_ONCE)]
        restorers = [Restorer(Mapping.from_entries([("Person_001", person)])) for person in people]
        texts = [""] * AT_ONCE
        for piece in ("An Per", "son_0", "01: **Person", "**_001"):
            for number, restorer in enumerate(restorers):
                texts[number] += shown(restorer.frame(Frame((TextDelta(piece),)))[0])
        for person, restorer, text in zip(people, restorers, texts, strict=True):
            checks += 1
            faults += text + shown(restorer.finish()) != f"An {person}: **{person}**"
    return checks, faults


def main() -> int:
    """Print the figures; 1 when one of them is below the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=20_000)
    count = parser.parse_args().answers
    exact = exact_stream = wrong = 0
    spent = 0.0
    for case in cases(count):
        begun = time.process_time()
        plain = Restorer(case.mapping).plain(case.answer)
        spent += time.process_time() - begun
        stream = streamed(case)
        exact += plain == case.expected
        exact_stream += stream == case.expected
        wrong += is_wrong(case, plain) or is_wrong(case, stream)
    checks, faults = mixed(500)
    print(f"answers            {count:>9,}")
    print(f"exact, plain       {exact / count:>9.3%}   (goal 99.5 %)")
    print(f"exact, streamed    {exact_stream / count:>9.3%}   (goal 99.5 %)")
    print(f"wrong              {wrong:>9,}   (goal 0)")
    print(f"mixed              {faults:>9,}   of {checks:,} checks, {AT_ONCE} at once (goal 0)")
    print(f"time               {spent / count * 1e6:>9.0f}   µs an answer")
    return int(wrong or faults or min(exact, exact_stream) < 0.995 * count)


if __name__ == "__main__":
    sys.exit(main())
