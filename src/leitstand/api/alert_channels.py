"""`/api/alerts/channels` and `/api/on-call`: the ways out with their state, tests, who hears of what, who is on duty."""

from datetime import date
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.identity.roles import Permission
from leitstand.monitoring.channel_desk import ChannelDesk
from leitstand.monitoring.channel_views import channels_view, hearing_view, on_call_view


class Notifying(Protocol):
    """Who has them."""

    @property
    def alert_channels(self) -> ChannelDesk:
        """Them."""


class Swapped(BaseModel):
    """Days that somebody takes of somebody else."""

    model_config = ConfigDict(extra="forbid")

    begins: date = Field(description="First day; from the hour of the hand-over on.")
    ends: date = Field(description="Last day; until the hand-over on the day after.")
    person: str = Field(description="Who is on duty instead; a name of the rota.")


def alert_channel_routes(office: Notifying) -> APIRouter:
    """The operations."""
    router = APIRouter(tags=["alerts"], route_class=Guarded)

    @router.get("/api/alerts/channels", **needs(Permission.OPERATIONS_READ))
    def channels() -> dict[str, Any]:
        """Each channel with its last delivery, what waits, and since when and why it fails; the routes."""
        return channels_view(office.alert_channels.board())

    @router.get("/api/alerts/channels/hearing", **needs(Permission.OPERATIONS_READ))
    def hearing(
        rule: Annotated[str, Query(description="Name of a rule.")],
        severity: Annotated[Literal["critical", "warning"], Query()] = "critical",
        provider: Annotated[str, Query(description="Which one it is about.")] = "",
    ) -> dict[str, Any]:
        """Who would hear of an alert at this hour: at once, when people work again, if nobody acknowledges it."""
        return hearing_view(office.alert_channels.hearing(rule, severity, provider))

    @router.post("/api/alerts/channels/{name}/test", **needs(Permission.ALERTS_HANDLE))
    def test(request: Request, name: Annotated[str, Path()]) -> dict[str, Any]:
        """Send a test now; `arrived` is false with the `reason` where the channel did not take it."""
        tested = office.alert_channels.test(name, request.state.caller.name)
        return {"channel": tested.channel, "arrived": not tested.reason, "reason": tested.reason}

    @router.get("/api/on-call", **needs(Permission.OPERATIONS_READ))
    def on_call() -> dict[str, Any]:
        """Who is on duty now and in the next eight weeks; swaps."""
        return on_call_view(office.alert_channels.board())

    @router.get("/api/on-call.ics", **needs(Permission.OPERATIONS_READ))
    def calendar() -> Response:
        """The turns of the next half year, for calendar programs."""
        return Response(office.alert_channels.calendar(), media_type="text/calendar; charset=utf-8")

    @router.post("/api/on-call/swaps", status_code=201, **needs(Permission.ALERTS_HANDLE))
    def swap(request: Request, wish: Swapped) -> dict[str, Any]:
        """Somebody takes these days."""
        office.alert_channels.swap(wish.begins, wish.ends, wish.person, request.state.caller.name)
        return on_call_view(office.alert_channels.board())

    @router.post("/api/on-call/swaps/undo", **needs(Permission.ALERTS_HANDLE))
    def undo(request: Request, wish: Swapped) -> dict[str, Any]:
        """Whoever's turn it is takes them again."""
        office.alert_channels.undo_swap(wish.begins, wish.ends, wish.person, request.state.caller.name)
        return on_call_view(office.alert_channels.board())

    return router
