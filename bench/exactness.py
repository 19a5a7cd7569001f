"""Exactness: are limits kept, does everything add up to the nano-euro, and is nobody refused what can be paid?

    make bench-exactness SEEDS=20
    python bench/exactness.py [--seeds 20] [--clients 200] [--worlds folder-1,folder-2,folder-4,cluster-1,cluster-2,cluster-4]

Real `serve` processes, the provider simulator with a count of its own, many clients at once that ask plain and streamed,
leave at any moment and meet failing providers. What is compared is written in tests/spine/proof/exactness.py. Prints a
table, writes docs/benchmarks/exactness.md, and ends with 1 where anything is off.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

from page import begin, write

from spine.proof.exactness import Verdict, run_round, warm
from spine.proof.world import cluster, folder

WORLDS = ("folder-1", "folder-2", "folder-4", "cluster-1", "cluster-2", "cluster-4")
HEAD = (
    "installation, processes",
    "seeds",
    "requests",
    "answered",
    "left",
    "refused",
    "failed",
    "asked again",
    "EUR",
    "off",
)


@dataclass
class Row:
    """All seeds of one installation."""

    name: str
    verdicts: list[Verdict]
    intact: bool
    took_s: float

    @property
    def off(self) -> list[str]:
        chain = [] if self.intact else ["the journal's chain does not verify"]
        return [line for verdict in self.verdicts for line in verdict.off] + chain

    def cells(self) -> tuple[str, ...]:
        def total(name: str) -> int:
            return sum(getattr(verdict, name) for verdict in self.verdicts)

        counts = [f"{total(name):,}" for name in ("asked", "answered", "left", "refused", "failed", "again")]
        return (
            self.name,
            str(len(self.verdicts)),
            *counts,
            f"{total('spent_nano') / 1e9:.6f}",
            str(len(self.off)),
        )


def prove(world_name: str, seeds: int, clients: int) -> Row:
    """All seeds on one installation; they share its keys, so that limits begin with something spent."""
    kind, _, processes = world_name.partition("-")
    began = time.monotonic()
    with (folder if kind == "folder" else cluster)(int(processes)) as world:
        keys = world.keys(clients)
        warm(world, keys[0])
        verdicts = []
        for seed in range(seeds):
            verdicts.append(run_round(world, keys, seed))
            told = verdicts[-1]
            print(
                f"{world.name}, seed {seed}: {told.asked} asked, {told.refused} refused, {len(told.off)} off",
                flush=True,
            )
            for line in told.off[:10]:
                print(f"  {line}")
        return Row(world.name, verdicts, world.verify(), time.monotonic() - began)


def page(rows: Sequence[Row], clients: int, command: str) -> str:
    """The document."""
    guessed = sum(verdict.estimated for row in rows for verdict in row.verdicts)
    looks = sum(verdict.looks for row in rows for verdict in row.verdicts)
    lines = begin("Genauigkeit: Limits, Summen, Ablehnungen", command)
    lines += [
        f"{clients} gleichzeitige Clients je Runde, jede Runde mit eigenen Limits (Unternehmen, Abteilung, Anwendungsfall,",
        "Person, Schlüssel, Modell; Euro und Tokens, Tag und Monat). Ein Viertel der Clients geht vor oder mitten in der",
        "Antwort; Anbieter lehnen zwischendurch ab, dann antwortet der nächste. Geprüft wird:",
        "",
        "1. Verbraucht ≤ Limit, alle 20 ms von außen gelesen, auf jedem Zähler.",
        "2. Danach ist nichts mehr reserviert; Zähler = Journal = eigene Rechnung des Simulators, auf das Nano-Euro.",
        "3. Keine Ablehnung, solange eine bezahlbare Anfrage übrig ist: bei jeder Ablehnung, und danach noch einmal gefragt.",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
        *(f"| {' | '.join(row.cells())} |" for row in rows),
        "",
        f"Zähler von außen gelesen: {looks:,} Mal. Anfragen, deren Verbrauch der Anbieter nicht nannte und Leitstand schätzte: {guessed}.",
        "",
        "Vor der ersten Runde hat jeder Prozess je Modell eine Anfrage beantwortet. Bis dahin kennt er dessen Tokenzählung",
        "nicht: Ist ein Limit kleiner als die Schätzung einer einzigen Eingabe, wird es einmal versucht und kann um den",
        "Fehler dieser Schätzung überschritten werden. Abzulehnen schlösse das Modell für immer aus.",
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def main() -> int:
    """Read the options, prove, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--worlds", default=",".join(WORLDS))
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    rows = [prove(name, options.seeds, options.clients) for name in options.worlds.split(",")]
    command = f"make bench-exactness SEEDS={options.seeds}"
    write("exactness.md", page(rows, options.clients, command), print_only=options.no_write)
    return 1 if any(row.off for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
