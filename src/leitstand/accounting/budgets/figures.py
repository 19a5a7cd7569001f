"""The board as plain figures for programs: `/api/budgets` and `leitstand budget list --json` show the same."""

from datetime import UTC, datetime
from typing import Any

from leitstand.accounting.budgets.board import Board, LimitState
from leitstand.core.money import euro


def board_figures(board: Board) -> dict[str, Any]:
    """Amounts in EUR or tokens. What is one person's alone and gives no reason to act is null (`private`)."""
    return {
        "limits": [_figures(state) for state in board.states],
        "paces": [
            {"scope": rule.scope, "measure": rule.measure, "limit": int(rule.amount)} for rule in board.paces
        ],
        "graces": [
            {"scope": grace.scope, "until": grace.until, "eur": float(grace.eur), "tokens": grace.tokens}
            for grace in board.graces
        ],
    }


def _figures(state: LimitState) -> dict[str, Any]:
    hidden = state.is_private
    return {
        "scope": state.scope,
        "measure": state.rule.measure,
        "rule": state.rule.scope,
        "at_limit": state.rule.at_limit,
        "period": state.period.label,
        "resets_at": datetime.fromtimestamp(state.period.ends_s, UTC).isoformat(),
        "limit": plain_amount(state, state.limit),
        "extension": plain_amount(state, state.extension),
        "private": hidden,
        "spent": None if hidden else plain_amount(state, state.spent),
        "held": None if hidden else plain_amount(state, state.held),
        "share": None if hidden else round(state.share, 4),
        "forecast": None if hidden else _forecast(state),
    }


def _forecast(state: LimitState) -> dict[str, Any] | None:
    ahead = state.forecast
    if ahead is None:
        return None
    days = {"reached": ahead.reached, "earliest": ahead.earliest, "latest": ahead.latest}
    return {
        **{name: day and day.isoformat() for name, day in days.items()},
        "probability": round(ahead.probability, 3),
        "total": plain_amount(state, ahead.total),
        "low": plain_amount(state, ahead.low),
        "high": plain_amount(state, ahead.high),
    }


def plain_amount(state: LimitState, units: float) -> float | int:
    """Units of the limit as EUR, to a hundredth of a cent, or as tokens."""
    return round(float(euro(round(units))), 4) if state.rule.in_money else round(units)
