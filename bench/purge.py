"""Purge millions of records from a journal: how long it takes, and how much memory.

    python bench/purge.py [--records 2000000]

It builds a chained journal in a temporary folder, then runs `leitstand retention --run` on it in a process of its own
and prints records per second and the process's largest resident memory. The goal: under 512 MB for 2 million.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from leitstand.configuration.repository import Stored, encode
from leitstand.journal import chain, repository
from leitstand.journal.chain import Head, Signer
from leitstand.journal.records import INTERACTION, Record
from leitstand.journal.verify import verify
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import configuration, configuration_version

_DAY_US = 86_400_000_000
_BATCH = 10_000
_GOAL_MB = 512


def main() -> int:
    """Build, purge, verify; 1 when it took more memory than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=2_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leitstand-purge-") as folder:
        data = Path(folder)
        _build(data, args.records)
        size_mb = (data / "leitstand.sqlite").stat().st_size / 1e6
        began = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", "leitstand", "retention", "--run", "--json", "--data", folder]
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took_s, most_mb = time.monotonic() - began, usage.ru_maxrss / 1024
        verdict = verify(data)
    print(
        f"{args.records:,} records ({size_mb:,.0f} MB): {took_s:.1f} s, {args.records / took_s:,.0f} records/s, "
        f"CPU {usage.ru_utime + usage.ru_stime:.1f} s, largest resident memory {most_mb:.0f} MB; "
        f"left {verdict.rows}, intact: {verdict.intact}"
    )
    return 0 if child.returncode == 0 and verdict.intact and most_mb < _GOAL_MB else 1


def _build(data: Path, records: int) -> None:
    engine, signer = open_engine(data), Signer.load(data)
    migrate(engine)
    head = Head(0, chain.genesis(signer.public_key))
    old_us = int(time.time() * 1_000_000) - 400 * _DAY_US
    for first in range(0, records, _BATCH):
        rows = []
        for number in range(first, min(first + _BATCH, records)):
            row = chain.row_of(head.seq + 1, _record(number, old_us + number))
            head = Head(head.seq + 1, chain.link(head.hash, row))
            rows.append((row, head.hash))
        with engine.begin() as connection:
            repository.append(connection, rows)
            repository.write_checkpoint(connection, signer.sign(head, old_us))
    with engine.begin() as connection:
        connection.execute(
            insert(configuration).values(
                kind="retention", name="retention", body=encode(Stored({"journal_days": 365})), changed_us=0,
                changed_by="bench",
            )
        )  # fmt: skip
        connection.execute(insert(configuration_version).values(id=1, version=1))
    engine.dispose()


def _record(number: int, time_us: int) -> Record:
    return Record(
        id=f"req_{number:026d}", kind=INTERACTION, time_us=time_us, user=f"user{number % 100}", department="vertrieb",
        use_case="angebote", key_id="key_01m85b1gqnp7sy1vqd8b7fm50q", model="standard", provider="openai-eu",
        provider_model="gpt-4o-mini", region="eu", data_class="internal", outcome="ok", input_tokens=812,
        output_tokens=231, cost_nano=215_000, latency_us=812_345, first_token_us=120_500, cache="miss",
        detail={"attempts": [{"provider": "openai-eu", "outcome": "ok"}], "entities": {"PERSON": 2, "ADDRESS": 1}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
