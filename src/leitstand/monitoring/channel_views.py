"""Channels, who hears of what, and turns on call, as JSON for programs."""

from typing import Any

from leitstand.configuration.alerts import AlertRoute
from leitstand.core.clock import from_us
from leitstand.monitoring.channel_desk import ChannelBoard, ChannelSight, Hearing
from leitstand.monitoring.on_call import Turn


def channels_view(board: ChannelBoard) -> dict[str, Any]:
    """All channels and routes."""
    return {
        "business_hours": board.open_now,
        "channels": [_channel(each) for each in board.channels],
        "routes": [_route(each) for each in board.routes],
    }


def hearing_view(hearing: Hearing) -> dict[str, Any]:
    """Who would hear of an alert."""
    return {
        "rule": hearing.rule,
        "severity": hearing.severity,
        "at_once": list(hearing.at_once),
        "held": list(hearing.held),
        "held_until": _iso(hearing.held_until_us),
        "later": [{"after_minutes": minutes, "channels": list(names)} for minutes, names in hearing.later],
    }


def on_call_view(board: ChannelBoard) -> dict[str, Any]:
    """Who is on duty now and in the next weeks."""
    turns = [turn_view(each) for each in board.turns]
    duty = turns[0] if board.turns and board.now is not None and board.turns[0].begins <= board.now else None
    swaps = [each.model_dump(mode="json") for each in board.swaps]
    return {"on_duty": duty, "turns": turns, "people": list(board.people), "swaps": swaps}


def turn_view(turn: Turn) -> dict[str, Any]:
    """One turn."""
    return {
        "person": turn.person.name,
        "begins": turn.begins.isoformat(timespec="minutes"),
        "ends": turn.ends.isoformat(timespec="minutes"),
        "instead_of": turn.instead_of,
        "channels": list(turn.person.channels),
    }


def _channel(sight: ChannelSight) -> dict[str, Any]:
    state = sight.state
    return {
        "name": sight.channel.name,
        "kind": sight.channel.kind,
        "target": sight.target,
        "failing": bool(sight.reason),
        "reason": sight.reason,
        "failing_since": _iso(state.failing_since_us),
        "last_delivery": _iso(state.sent_us),
        "waiting": state.waiting,
        "given_up": state.given_up,
    }


def _route(route: AlertRoute) -> dict[str, Any]:
    return route.model_dump(mode="json", exclude_none=True)


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
