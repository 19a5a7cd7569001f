"""Which warning of a limit is due: 70, 90 and 100 % used, or very likely to be reached; each once."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from leitstand.accounting.budgets.board import LimitState
from leitstand.accounting.budgets.repository import REACHED
from leitstand.core.money import euro
from leitstand.journal.records import Record

Threshold = Literal["forecast", "70", "90", "100"]
_SHARES: tuple[tuple[Threshold, float], ...] = (("100", 1.0), ("90", 0.9), ("70", 0.7))


@dataclass(frozen=True)
class LimitReached:
    """Event: a limit is used up to a threshold, or is foreseen to be."""

    state: LimitState
    threshold: Threshold


def due(state: LimitState) -> Threshold | None:
    """The gravest warning that holds now; a limit of nothing is closed on purpose and warns of nothing."""
    if not state.limit:
        return None
    reached = next((name for name, share in _SHARES if state.share >= share), None)
    if reached in ("90", "100") or not state.will_be_reached:
        return reached
    return "forecast"


def warning_id(reached: LimitReached) -> str:
    """The same for the same limit, amount, period and threshold: the journal keeps one of them."""
    state = reached.state
    place = f"{state.scope}|{state.rule.measure}|{state.period.label}|{state.limit}|{reached.threshold}"
    return f"evt_limit_{hashlib.blake2b(place.encode(), digest_size=16).hexdigest()}"


def warning_record(reached: LimitReached, time_us: int) -> Record:
    """The journal's record of a warning."""
    state = reached.state
    return Record(
        id=warning_id(reached),
        kind=REACHED,
        time_us=time_us,
        user="system",
        detail={
            "scope": state.scope,
            "measure": state.rule.measure,
            "period": state.period.label,
            "threshold": reached.threshold,
            "spent": _amount(state, state.spent),
            "limit": _amount(state, state.limit),
            "at_limit": state.rule.at_limit,
            **_foreseen(state),
        },
    )


def _foreseen(state: LimitState) -> dict[str, Any]:
    if state.forecast is None or state.forecast.reached is None:
        return {}
    return {
        "reached_on": state.forecast.reached.isoformat(),
        "probability": round(state.forecast.probability, 3),
    }


def _amount(state: LimitState, units: int) -> str | int:
    return str(euro(units)) if state.rule.in_money else units
