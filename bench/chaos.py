"""Chaos: processes are killed under load, again and again; nothing acknowledged is lost, and nothing hangs.

    make bench-chaos ROUNDS=10
    python bench/chaos.py [--rounds 10] [--clients 24] [--seed 1]

Two gateways (and a worker, where `leitstand worker` exists), PostgreSQL with fsync and Valkey with its append-only file,
clients that ask all the time. What is killed, and what must hold afterwards: tests/spine/proof/chaos.py. Prints a table,
writes docs/benchmarks/chaos.md, and ends with 1 where anything is off.
"""

import argparse

from page import begin, write

from spine.proof.chaos import DEADLINE_S, Outcome, run, stage


def page(outcome: Outcome, with_worker: bool, clients: int, command: str) -> str:
    """The document."""
    lines = begin("Chaos: `kill -9` unter Last", command)
    lines += [
        f"Zwei Maschinen mit je einem Gateway{', ein Arbeiter' if with_worker else ''}, PostgreSQL, Valkey; {clients} Clients",
        "fragen ohne Pause. Je Runde stirbt ein Prozess durch `kill -9`, bleibt 0,8 bis 2 s weg und wird neu gestartet.",
        "",
        "| Runde | getötet | weg (s) | bis alle wieder `ready` (s) | Antworten 200, solange er weg war |",
        "|---|---|---|---|---|",
        *(
            f"| {number} | {each.victim} | {each.away_s:.1f} | {each.back_s:.1f} | {each.answered} |"
            for number, each in enumerate(outcome.rounds, 1)
        ),
        "",
        "| gefragt | bestätigt | ohne Antwort (ihr Prozess starb) | längste (s) | Frist (s) | als verloren gebucht | nicht in Ordnung |",
        "|---|---|---|---|---|---|---|",
        f"| {outcome.asked:,} | {outcome.acknowledged:,} | {outcome.unanswered:,} | {outcome.slowest_s:.1f} | {DEADLINE_S:.0f} "
        f"| {outcome.lost} | {len(outcome.off)} |",
        "",
        *(f"- {line}" for line in outcome.off),
        "Geprüft: Jede zu Ende gelesene Antwort, auch jede Ablehnung, steht genau einmal im Journal; `audit verify` findet die",
        "Kette auf beiden Maschinen unversehrt; keine Anfrage dauerte länger als ihre Frist; am Ende ist nichts reserviert, und",
        "Zähler = Journal (bis auf Aufrufe, die beim Tod ihres Prozesses schon gebucht, aber noch niemandem beantwortet waren).",
        f"Größte Überschreitung eines Limits: {max(0, outcome.beyond_nano) / 1e9:.6f} EUR; erlaubt ist, was docs/skalieren.md nennt.",
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def main() -> int:
    """Read the options, kill, compare, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with stage() as everything:
        outcome = run(everything, options.rounds, options.seed, options.clients)
        text = page(
            outcome,
            everything.worker is not None,
            options.clients,
            f"make bench-chaos ROUNDS={options.rounds}",
        )
    write("chaos.md", text, print_only=options.no_write)
    return 1 if outcome.off else 0


if __name__ == "__main__":
    raise SystemExit(main())
