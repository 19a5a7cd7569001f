"""Journal records for tests of monitoring, written straight into the table."""

import json
import random
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, func, insert, select

from leitstand.store.schema import journal

MINUTE_US = 60_000_000
BEGIN_US = 1_790_000_040_000_000 // MINUTE_US * MINUTE_US


def record(time_us: int, outcome: str = "ok", **more: Any) -> dict[str, Any]:
    """One interaction."""
    usual = {
        "kind": "interaction", "time_us": time_us, "use_case": "angebote", "model": "standard",
        "provider": "" if outcome == "refused" else "azure-eu", "outcome": outcome, "code": "", "latency_us": 900_000,
        "first_token_us": 200_000, "input_tokens": 100, "output_tokens": 50, "cost_nano": 1000, "saved_nano": 0,
        "pseudonymised": 1, "fallback": 0, "estimated": False, "unpriced": False, "detail": "{}", "hash": "",
        "user": "", "department": "", "key_id": "", "provider_model": "", "region": "", "data_class": "", "cache": "",
        "cached_tokens": 0, "reasoning_tokens": 0,
    }  # fmt: skip
    return usual | more


def write(engine: Engine, rows: Iterable[dict[str, Any]]) -> int:
    """Append them; returns how many."""
    with engine.begin() as connection:
        last = connection.execute(select(func.max(journal.c.seq))).scalar() or 0
        numbered = [
            row | {"seq": last + place, "id": f"req_{last + place}"} for place, row in enumerate(rows, 1)
        ]
        connection.execute(insert(journal), numbered)
    return len(numbered)


def traffic(count: int, minutes: int, seed: int = 1) -> list[dict[str, Any]]:
    """A mixture of everything that may happen, spread over some minutes, in the order of arrival."""
    draw = random.Random(seed)
    times = sorted(BEGIN_US + draw.randrange(minutes * MINUTE_US) for _ in range(count))
    rows = []
    for time_us in times:
        outcome = draw.choices(
            ["ok", "cached", "failed", "refused", "left", "lost"], [70, 10, 8, 6, 4, 2]
        )[0]  # fmt: skip
        more: dict[str, Any] = {
            "latency_us": int(draw.lognormvariate(13.5, 0.7)),
            "use_case": draw.choice(["angebote", "wissen", ""]),
            "model": draw.choice(["standard", "gross"]),
            "code": "budget_exhausted" if outcome == "refused" else "",
        }
        if outcome == "failed":
            more["detail"] = json.dumps({"attempts": [{"provider": "azure-eu", "fault": "server_error"}]})
        rows.append(record(time_us, outcome, **more))
    return rows
