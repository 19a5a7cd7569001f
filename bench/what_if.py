"""How long a what-if scenario takes over a million records, and how much memory.

    .venv/bin/python bench/what_if.py [RECORDS]

One day of RECORDS interactions (default 1,000,000) in SQLite, half of them of a model that is replaced, one in five a
repeat of an earlier question. Prints seconds per step, records per second and the peak of memory of the replay.
"""

import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

from what_if_cases import NOON_US, PERIOD, Company

from leitstand.accounting.prices import cost
from leitstand.app.what_if import DirectTurn
from leitstand.core.conversation import Usage
from leitstand.reports.what_if.scenario import read
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal

_BATCH = 20_000


def main(records: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(Path(folder))
        migrate(engine)
        company = Company(engine)
        fill(company, records)
        before_mib = _peak_mib()
        for name, change in (
            ("nothing changed", {}),
            ("another model, cached", {"replace": {"gross": "claude"}, "cache": {"claude": True}}),
            ("dearer price list", {"price_factors": {"*": "1.1"}}),
        ):
            scenario_id = company.scenarios.ask(read({"period": PERIOD, **change}), "bench")
            started = time.perf_counter()
            company.scenarios.work(DirectTurn(datetime.now(UTC)))
            took = time.perf_counter() - started
            told = company.scenarios.get(scenario_id)
            assert told.result is not None
            print(f"{name}: {took:.1f} s, {records / took:,.0f} records/s, {told.result.requests} requests")
        print(f"peak memory: {_peak_mib():.0f} MiB ({before_mib:.0f} MiB before the replay)")
        engine.dispose()


def fill(company: Company, records: int) -> None:
    """Write the journal in batches; records differ in size, model, use case and person."""
    company.call("gross")
    company.call("klein")
    samples = [dict(row) for row in company.rows]
    prices = [company.price("gross"), company.price("klein")]
    for start in range(0, records, _BATCH):
        rows = [_row(n, samples[n % 2], prices[n % 2]) for n in range(start, min(start + _BATCH, records))]
        with company.engine.begin() as connection:
            connection.execute(insert(journal), rows)


def _row(number: int, sample: dict[str, Any], price: Any) -> dict[str, Any]:
    usage = Usage(500 + number % 3001, 50 + number % 701)
    same = f"q{number if number % 5 else number % 1000}"
    detail = {**json.loads(sample["detail"]), "stream": True, "same": same}
    return {
        **sample, "seq": number + 1, "id": f"req_{number}", "user": f"p{number % 100}",
        "use_case": ("angebote", "werbung")[number % 3 == 0], "time_us": NOON_US + number * 30_000,
        "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "cost_nano": cost(usage, price),
        "latency_us": 1_000_000 + number % 5_000_000, "detail": json.dumps(detail, separators=(",", ":")),
    }  # fmt: skip


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
