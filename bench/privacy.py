"""How much personal data gets through, how much else is masked, and what scanning costs.

    python bench/privacy.py DATA.jsonl [--rules] [--leaks N] [--beside presidio]

DATA: one record a line: `text`, `entities` [{start, end, type}], `source`, and optionally `annotated` (types, or
"ALL"), `full` (everything personal is marked), `ignore` (spans that count neither way), `allow` (own names).
All shares count letters and digits only. leak: personal characters that no find covers, whatever its type.
over-masking: covered characters among those that are not personal. false alarms: finds per 1,000 characters
in full records without personal data. Time: CPU of one thread, each text read once.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import venv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.scan import Scanner
from leitstand.privacy.tagger import tagger

CHECKED = ("IBAN", "CREDIT_CARD", "EMAIL", "VAT_ID", "SSN", "HEALTH_ID", "LICENSE_PLATE", "PHONE", "VIN")
BY_CUE = ("DATE_OF_BIRTH", "REF_ID", "TAX_ID", "ID_DOC", "USERNAME")


@dataclass
class Score:
    """Sums over records. leaked, personal: characters by type."""

    leaked: Counter[str] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)
    records: int = 0
    leaky_records: int = 0
    covered: int = 0
    ordinary: int = 0
    alarms: int = 0
    quiet_characters: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, record: dict, finds: Iterable[Entity]) -> None:
        """Count one record; finds: disjoint or not, of any type."""
        text = record["text"]
        counts = bytes(char.isalnum() for char in text)
        wanted = record.get("annotated", "ALL")
        spans = [(e["start"], e["end"], e["type"]) for e in record["entities"]]
        gold = [span for span in spans if wanted == "ALL" or span[2] in wanted]
        aside = [(e["start"], e["end"]) for e in record.get("ignore", ())] + [
            s[:2] for s in spans if s not in gold
        ]
        found = [(find.start, find.end) for find in finds]
        mask = _mask(len(text), found)
        leaky = False
        for start, end, type_ in gold:
            size = sum(counts[start:end])
            open_ = sum(counts[i] and not mask[i] for i in range(start, end))
            self.personal[type_] += size
            self.leaked[type_] += open_
            if open_ >= (2 if size > 2 else 1):
                leaky = True
                self.misses.append(f"{type_}\t{text[start:end]!r}\t{record.get('source', '')}")
        self.records += bool(gold)
        self.leaky_records += leaky
        if record.get("full"):
            self._add_ordinary(record, counts, mask, found, gold, aside)

    def _add_ordinary(self, record, counts, mask, found, gold, aside) -> None:
        size = len(counts)
        known, ignored = _mask(size, [span[:2] for span in gold]), _mask(size, aside)
        free = [i for i in range(size) if counts[i] and not known[i] and not ignored[i]]
        self.ordinary += len(free)
        self.covered += sum(mask[i] for i in free)
        if not record["entities"]:
            self.quiet_characters += size
            self.alarms += sum(any(counts[i] and not ignored[i] for i in range(s, e)) for s, e in found)

    def leak(self, *types: str) -> float | None:
        """Leaked characters of the types (all when none is named), in percent."""
        names = types or tuple(self.personal)
        whole = sum(self.personal[name] for name in names)
        return 100 * sum(self.leaked[name] for name in names) / whole if whole else None


def _mask(size: int, spans: Iterable[tuple[int, int]]) -> bytearray:
    mask = bytearray(size)
    for start, end in spans:
        mask[start:end] = b"\1" * (end - start)
    return mask


def measure(records: list[dict], rules_only: bool) -> tuple[dict[str, Score], float]:
    """Scores by source (`""`: all), and CPU milliseconds per 1,000 characters."""
    reader = None if rules_only else tagger()
    if reader is not None:
        reader.warm()
    Scanner(tagger=reader).scan_text("Frau Beispiel wohnt in 70173 Stuttgart.")
    scanners: dict[tuple[str, ...], Scanner] = {}
    scores: dict[str, Score] = defaultdict(Score)
    spent = 0.0
    for record in records:
        allow = tuple(record.get("allow") or ())
        scanner = scanners.setdefault(allow, Scanner(allow, tagger=reader))
        begin = time.process_time()
        finds = scanner.scan_text(record["text"])
        spent += time.process_time() - begin
        for name in ("", record.get("source", "unnamed")):
            scores[name].add(record, finds)
    return scores, 1e6 * spent / sum(len(record["text"]) for record in records)


def measure_beside(records: list[dict]) -> tuple[dict[str, Score], float]:
    """The same for Presidio, in a virtual environment of its own under .bench (privacy_beside.py)."""
    home = Path(__file__).parent.parent / ".bench" / "presidio"
    if not home.exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", "presidio-analyzer"], check=True)
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [home / "bin" / "python", Path(__file__).with_name("privacy_beside.py")],
        input="".join(json.dumps({"text": record["text"]}) + "\n" for record in records),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime  # its start included
    scores: dict[str, Score] = defaultdict(Score)
    for record, line in zip(records, done.stdout.splitlines(), strict=True):
        finds = [Entity(start, end, EntityType.REF_ID, "presidio", 1.0) for start, end, _ in json.loads(line)]
        for name in ("", record.get("source", "unnamed")):
            scores[name].add(record, finds)
    return scores, 1e6 * spent / sum(len(record["text"]) for record in records)


def goals(scores: dict[str, Score], cost_ms: float) -> Iterator[tuple[str, float | None, float]]:
    """What is wanted: name, measured, at most."""
    whole, generated = scores[""], scores.get("generated", Score())
    yield "leak %", whole.leak(), 1.5
    yield "leak, people %", whole.leak("PERSON"), 2.5
    yield "leak, people, own texts %", generated.leak("PERSON"), 1.0
    yield "leak, people, GermEval %", scores.get("GermEval2014", Score()).leak("PERSON"), 6.0
    yield "leak, companies %", whole.leak("ORG"), 2.5
    yield "leak, addresses %", whole.leak("ADDRESS"), 0.5
    yield "leak, numbers with check digits or a form of their own %", whole.leak(*CHECKED), 0.3
    for name in BY_CUE:
        yield f"leak, {name} %", whole.leak(name), 2.0
    yield "own texts with a leak %", 100 * generated.leaky_records / max(generated.records, 1), 6.0
    yield "over-masking %", 100 * whole.covered / max(whole.ordinary, 1), 1.0
    yield "false alarms per 1,000 characters", 1000 * whole.alarms / max(whole.quiet_characters, 1), 0.4
    yield "CPU ms per 1,000 characters", cost_ms, 25.0


def main() -> int:
    """Print the goals and what was measured; 0 when all are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--rules", action="store_true", help="without the tagger")
    parser.add_argument("--leaks", type=int, default=0, metavar="N", help="show N leaks")
    parser.add_argument("--beside", choices=["presidio"], help="score this one on the same data, too")
    args = parser.parse_args()
    records = [json.loads(line) for line in args.data.read_text("utf-8").splitlines() if line.strip()]
    scores, cost_ms = measure(records, args.rules)
    beside: Iterable[tuple[str, float | None, float]] = goals(*measure_beside(records)) if args.beside else ()
    others = {name: value for name, value, _ in beside}
    met = True
    for name, value, most in goals(scores, cost_ms):
        fine = value is None or value <= most
        met = met and fine
        shown = "—" if value is None else f"{value:.2f}"
        other = f"   {args.beside}: {others[name]:.2f}" if others.get(name) is not None else ""
        print(f"{'✓' if fine else '✗'} {name:<58} {shown:>7}   (at most {most}){other}")
    for name, score in sorted(scores.items()):
        leak = score.leak()
        print(
            f"  {name or 'all':<20} leak {'—' if leak is None else f'{leak:.2f} %':>8}, over-masked {score.covered} of {score.ordinary}"
        )
    for miss in scores[""].misses[: args.leaks]:
        print("leak\t" + miss)
    size = sum(path.stat().st_size for path in _shipped())
    print(f"model and word lists: {size / 1e6:.1f} MB")
    return 0 if met else 1


def _shipped() -> list[Path]:
    import leitstand.privacy

    folder = Path(leitstand.privacy.__file__).parent
    return [*(folder / "model").iterdir(), *(folder / "gazetteers").iterdir()]


if __name__ == "__main__":
    sys.exit(main())
