"""`/api/alerts`: alerts, silences and rules."""

from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.core.errors import InvalidRequest
from leitstand.identity.roles import Permission
from leitstand.monitoring.desk import AlertDesk, SilenceWish
from leitstand.monitoring.rule_desk import RuleDesk
from leitstand.monitoring.views import (
    board_view,
    comparison_view,
    preview_view,
    rule_view,
    sight_view,
    signal_view,
    silence_view,
    tested_view,
)


class Alerting(Protocol):
    """Who has them."""

    @property
    def alerts(self) -> AlertDesk:
        """Alerts and silences."""

    @property
    def alert_rules(self) -> RuleDesk:
        """Rules."""


class Muting(BaseModel):
    """A silence, or a maintenance window."""

    model_config = ConfigDict(extra="forbid")

    matchers: dict[str, str] = Field(
        default_factory=dict, description="Label and value that must be equal; `rule` and `severity` count, too."
    )  # fmt: skip
    begins: datetime | None = Field(default=None, description="Default: now.")
    ends: datetime | None = Field(
        default=None, description="At most 30 days after the begin; with time zone."
    )
    minutes: float | None = Field(default=None, gt=0, description="Or: how long, from the begin on.")
    comment: str = Field(description="Why; stays in the audit trail, so no names.")
    maintenance: bool = Field(default=False, description="Only a maintenance window mutes critical alerts.")
    dry_run: bool = Field(
        default=False, description="Say only which open alerts it would mute, and which it spares."
    )


def alert_routes(office: Alerting) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/alerts", tags=["alerts"], route_class=Guarded)

    @router.get("", **needs(Permission.OPERATIONS_READ))
    def board() -> dict[str, Any]:
        """Open alerts (the gravest first), muted ones with the reason, those of the last 30 days, silences."""
        return board_view(office.alerts.board())

    @router.get("/silences", **needs(Permission.OPERATIONS_READ))
    def silences() -> dict[str, Any]:
        """Those in force or to come."""
        return {"silences": [silence_view(each) for each in office.alerts.board().silences]}

    @router.post("/silences", status_code=201, **needs(Permission.ALERTS_HANDLE))
    def silence(request: Request, wish: Muting) -> dict[str, Any]:
        """Mute alerts for a while; with `dry_run` only say what that would do."""
        begins_us = _us(wish.begins) if wish.begins else office.alerts.clock.time_us()
        asked = SilenceWish(
            wish.matchers, _end_us(wish, begins_us), wish.comment, begins_us, wish.maintenance
        )
        preview = preview_view(office.alerts.preview(asked))
        if wish.dry_run:
            return preview
        return silence_view(office.alerts.silence(asked, request.state.caller.name)) | preview

    @router.delete("/silences/{silence_id}", **needs(Permission.ALERTS_HANDLE))
    def end_silence(request: Request, silence_id: Annotated[str, Path()]) -> dict[str, Any]:
        """Let a silence end now."""
        office.alerts.end_silence(silence_id, request.state.caller.name)
        return {"id": silence_id, "ended": True}

    _rules(router, office)

    @router.get("/{alert_id}", **needs(Permission.OPERATIONS_READ))
    def get(alert_id: Annotated[str, Path()]) -> dict[str, Any]:
        """One alert with everybody who was told."""
        return sight_view(office.alerts.get(alert_id))

    @router.post("/{alert_id}/acknowledge", **needs(Permission.ALERTS_HANDLE))
    def acknowledge(request: Request, alert_id: Annotated[str, Path()]) -> dict[str, Any]:
        """Take an alert on: nobody else is called any more."""
        return sight_view(office.alerts.acknowledge(alert_id, request.state.caller.name))

    return router


def _rules(router: APIRouter, office: Alerting) -> None:
    """Rules and what they are made of."""

    @router.get("/rules", **needs(Permission.OPERATIONS_READ))
    def rules() -> dict[str, Any]:
        """All rules as they hold; `back_test` is null while it is still being calculated."""
        return {"rules": [rule_view(each) for each in office.alert_rules.rules()]}

    @router.get("/signals", **needs(Permission.OPERATIONS_READ))
    def signals() -> dict[str, Any]:
        """What rules can be made of, with the gravest value now."""
        return {"signals": [signal_view(each) for each in office.alert_rules.signals()]}

    @router.get("/rules/{name}", **needs(Permission.OPERATIONS_READ))
    def rule(name: Annotated[str, Path()]) -> dict[str, Any]:
        """One rule."""
        return rule_view(office.alert_rules.get(name))

    @router.put("/rules/{name}", **needs(Permission.CONFIGURATION_WRITE))
    def keep(request: Request, name: Annotated[str, Path()], change: dict[str, Any]) -> dict[str, Any]:
        """Change a shipped rule, or make one of your own; fields as in the configuration's `alerts.rules`."""
        office.alert_rules.keep(_named(change, name), request.state.caller.name)
        return rule_view(office.alert_rules.get(name))

    @router.delete("/rules/{name}", **needs(Permission.CONFIGURATION_WRITE))
    def reset(request: Request, name: Annotated[str, Path()]) -> dict[str, Any]:
        """A shipped rule as it was delivered; one of your own is gone."""
        office.alert_rules.reset(name, request.state.caller.name)
        return {"name": name, "reset": True}

    @router.post("/rules/{name}/back-test", **needs(Permission.OPERATIONS_READ))
    def back_test(
        name: Annotated[str, Path()], change: Annotated[dict[str, Any] | None, Body()] = None
    ) -> dict[str, Any]:
        """The alerts of the last 30 days: of the rule as it holds; with changed fields as body, of both."""
        if change is None:
            return tested_view(office.alert_rules.back_test(name))
        return comparison_view(
            office.alert_rules.compare(office.alert_rules.setting(name) | _named(change, name))
        )


def _named(change: dict[str, Any], name: str) -> dict[str, Any]:
    if change.setdefault("name", name) != name:
        raise InvalidRequest(
            f"Die Adresse nennt „{name}“, der Inhalt „{change['name']}“. Beide müssen gleich sein.",
            f"The address says '{name}', the body '{change['name']}'. Both must be the same.",
            detail={"param": "name"},
        )
    return change


def _end_us(wish: Muting, begins_us: int) -> int:
    if (wish.ends is None) == (wish.minutes is None):
        raise InvalidRequest(
            "Nennen Sie das Ende: entweder „ends“ oder „minutes“.",
            "Say when it ends: give either 'ends' or 'minutes'.",
            detail={"param": "ends"},
        )
    return _us(wish.ends) if wish.ends else begins_us + int((wish.minutes or 0) * 60_000_000)


def _us(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise InvalidRequest(
            f"„{moment.isoformat()}“ hat keine Zeitzone. Hängen Sie sie an, zum Beispiel +01:00.",
            f"'{moment.isoformat()}' has no time zone. Add it, for example +01:00.",
        )
    return int(moment.timestamp() * 1_000_000)
