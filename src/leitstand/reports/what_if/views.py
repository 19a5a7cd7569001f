"""Scenarios in JSON, the same for the API and the command line. Amounts in EUR as decimal text, shares from 0 to 1."""

from typing import Any

import msgspec

from leitstand.core.clock import from_us
from leitstand.core.money import NanoEuro, plain
from leitstand.reports.what_if.result import Range, Result
from leitstand.reports.what_if.scenarios import Told


def scenario_view(told: Told, *, whole: bool = True) -> dict[str, Any]:
    """One scenario; whole: with its result."""
    view: dict[str, Any] = {
        "id": told.id,
        "title": told.title,
        "state": told.state,
        "days": told.done,
        "days_total": told.total,
        "reason": msgspec.to_builtins(told.reason) if told.reason else None,
        "scenario": told.scenario.model_dump(mode="json", exclude_defaults=True),
        "created": told.created.isoformat(timespec="seconds"),
        "created_by": told.created_by,
        "finished": told.finished.isoformat(timespec="seconds") if told.finished else None,
    }
    if whole:
        view["result"] = result_view(told.result) if told.result else None
    return view


def result_view(result: Result) -> dict[str, Any]:
    """A result in JSON."""
    view: dict[str, Any] = msgspec.to_builtins(result)
    for name in ("before_nano", "after_nano"):
        view.pop(name)
    view["before_eur"], view["after_eur"] = plain(NanoEuro(result.before_nano)), _euros(result.after_nano)
    view["saving"] = msgspec.to_builtins(result.saving)
    view["use_cases"] = [
        {
            "name": row.name, "requests": row.requests, "moved": row.moved,
            "before_eur": plain(NanoEuro(row.before_nano)), "after_eur": _euros(row.after_nano),
        }
        for row in result.use_cases
    ]  # fmt: skip
    control = view["control"]
    control["difference_eur"] = plain(NanoEuro(control.pop("difference_nano")))
    since_us = view["cache"].pop("since_us")
    view["cache"]["known_since"] = from_us(since_us).isoformat(timespec="seconds") if since_us else None
    return view


def _euros(amount: Range) -> dict[str, str]:
    return {name: plain(NanoEuro(round(getattr(amount, name)))) for name in ("low", "value", "high")}
