"""`/api`: administration for programs and pages. Every operation names its right in the OpenAPI schema.

A virtual key is used with its owner's role. Blocking work runs in FastAPI's threads (plain `def`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, FastAPI, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leitstand import __version__
from leitstand.api.admin_answers import Marked, Problem, answer_errors
from leitstand.api.alert_channels import Notifying, alert_channel_routes
from leitstand.api.alerts import Alerting, alert_routes
from leitstand.api.backups import BackedUp, backup_routes
from leitstand.api.budgets import Budgeting, budget_routes
from leitstand.api.drills import Drilling, drill_routes
from leitstand.api.guard import Guarded, check_key_for, check_person, needs
from leitstand.api.incidents import HasIncidents, incident_routes
from leitstand.api.jobs import HasJobs, job_routes
from leitstand.api.leaks import LeakOffice, leak_routes
from leitstand.api.policy import Deciding, policy_routes
from leitstand.api.prices import Pricing, balance_routes, invoice_routes, price_routes
from leitstand.api.protection import Protecting, protection_routes
from leitstand.api.regression import Trials, regression_routes
from leitstand.api.tiers import tier_routes
from leitstand.api.tools import HasTools, tool_routes
from leitstand.api.usage import Watching, usage_routes
from leitstand.api.vault import Keeping, vault_routes
from leitstand.api.what_if import Supposing, what_if_routes
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import KINDS, Kind, plain, split
from leitstand.configuration.kinds import Body as Stored
from leitstand.configuration.models import Named, Section, User
from leitstand.core.classes import Role
from leitstand.core.clock import from_us
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.identity.callers import Caller
from leitstand.identity.repository import KeyRow
from leitstand.identity.roles import ROLES, Permission, permissions, require
from leitstand.identity.sessions import Sessions
from leitstand.identity.virtual_keys import DEFAULT_OVERLAP_DAYS, KeyRequest, NewKey, VirtualKeys


class Office(
    Alerting,
    Notifying,
    HasIncidents,
    Trials,
    Drilling,
    Budgeting,
    Watching,
    Pricing,
    HasTools,
    Keeping,
    LeakOffice,
    Protecting,
    Deciding,
    BackedUp,
    HasJobs,
    Supposing,
    Protocol,
):
    """What administration needs of the house."""

    @property
    def configuration(self) -> Configuration:
        """The one in force."""

    keys: VirtualKeys
    sessions: Sessions
    editor: Editor

    def caller_of(self, request: Request) -> Caller:
        """Who asks, by key or by session with its CSRF token; raises InvalidKey."""

    def refresh(self) -> None:
        """Take over a change now."""

    def export(self) -> str:
        """The configuration as a YAML file."""

    def language(self) -> str:
        """Of error messages."""


class Wish(BaseModel):
    """What a body may hold: the fields named, and no others."""

    model_config = ConfigDict(extra="forbid")


class KeyWish(Wish):
    """A key to be issued; empty lists mean everything that its owner may."""

    user: str = Field(description="Whose key it is.")
    label: str = Field(default="", max_length=200, description="What it is for.")
    use_cases: list[str] = []
    models: list[str] = []
    networks: list[str] = Field(default=[], description="Address ranges (CIDR) it is valid from.")
    valid_days: float | None = Field(
        default=None, gt=0, le=36_500, description="Days until it expires; none: no end."
    )


class Overlap(Wish):
    """How a key is rotated."""

    overlap_days: float = Field(
        DEFAULT_OVERLAP_DAYS, ge=0, le=90, description="How long the old key goes on."
    )


class Password(Wish):
    """A new password."""

    password: str = Field(max_length=1000, description="At least 12 characters.")


def build_admin(office: Office) -> FastAPI:
    """The application for `/api`; its schema is at `/api/openapi.json`."""
    app = FastAPI(
        title="Leitstand", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None,
        responses={"4XX": {"model": Problem, "description": "Refused"}}, redirect_slashes=False,
    )  # fmt: skip
    app.state.office = office
    app.add_middleware(Marked)
    app.include_router(_me())
    app.include_router(_keys(office))
    app.include_router(_objects(office))
    app.include_router(_people(office))
    app.include_router(regression_routes(office))
    app.include_router(tier_routes())
    app.include_router(drill_routes(office))
    app.include_router(vault_routes(office))
    app.include_router(leak_routes(office))
    app.include_router(protection_routes(office))
    app.include_router(policy_routes(office))
    app.include_router(tool_routes(office))
    app.include_router(budget_routes(office))
    app.include_router(usage_routes(office))
    app.include_router(what_if_routes(office))
    app.include_router(price_routes(office))
    app.include_router(invoice_routes(office))
    app.include_router(balance_routes(office))
    app.include_router(backup_routes(office))
    app.include_router(job_routes(office))
    app.include_router(incident_routes(office))
    app.include_router(alert_channel_routes(office))
    app.include_router(alert_routes(office))  # last: its `/api/alerts/{id}` takes what others left
    answer_errors(app, office.language)
    return app


def _me() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["me"], route_class=Guarded)

    @router.get("/me", **needs(Permission.GATEWAY_USE))
    def me(request: Request) -> dict[str, Any]:
        """Who you are here, and what you may do."""
        caller: Caller = request.state.caller
        return {
            "name": caller.name,
            "display_name": caller.person.display_name,
            "department": caller.person.department,
            "role": caller.role,
            "permissions": sorted(permissions(caller.role)),
        }

    @router.get("/roles", **needs(Permission.USERS_READ))
    def roles() -> list[dict[str, Any]]:
        """The rights table: all four roles with everything they may do."""
        return [
            {
                "role": row.role,
                "title": {"de": row.de, "en": row.en},
                "permissions": sorted(permissions(row.role)),
            }
            for row in ROLES
        ]

    return router


def _keys(office: Office) -> APIRouter:
    router = APIRouter(prefix="/api/keys", tags=["keys"], route_class=Guarded)

    @router.get("", **needs(Permission.KEYS_READ))
    def list_keys(user: Annotated[str | None, Query()] = None) -> list[dict[str, Any]]:
        """All virtual keys without the keys themselves, newest first."""
        return [_key_view(row) for row in office.keys.list(user)]

    @router.post("", status_code=201, **needs(Permission.KEYS_WRITE))
    def create_key(request: Request, wish: KeyWish) -> dict[str, Any]:
        """Issue a key. The answer is the only place where it is ever shown."""
        check_key_for(request.state.caller, _person(office, wish.user))
        _require_known(office.configuration.use_cases, wish.use_cases, "use_case", "use_cases")
        _require_known(office.configuration.models, wish.models, "model", "models")
        new = office.keys.create(
            KeyRequest(
                wish.user, wish.label, tuple(wish.use_cases), tuple(wish.models), tuple(wish.networks),
                wish.valid_days,
            ),
            request.state.caller.name,
        )  # fmt: skip
        office.refresh()
        return _new_key_view(new)

    @router.post("/{key_id}/rotate", status_code=201, **needs(Permission.KEYS_WRITE))
    def rotate_key(
        request: Request,
        key_id: Annotated[str, Path()],
        wish: Annotated[Overlap, Body(default_factory=Overlap)],
    ) -> dict[str, Any]:
        """Issue a successor with the same rights; the old key goes on for the overlap."""
        check_key_for(request.state.caller, _person(office, office.keys.get(key_id).user))
        new = office.keys.rotate(key_id, request.state.caller.name, wish.overlap_days)
        office.refresh()
        return _new_key_view(new)

    @router.delete("/{key_id}", status_code=204, **needs(Permission.KEYS_WRITE))
    def revoke_key(request: Request, key_id: Annotated[str, Path()]) -> None:
        """End a key now; anybody who may issue keys may end any, for a leaked one cannot wait."""
        office.keys.revoke(key_id, request.state.caller.name)
        office.refresh()

    return router


def _objects(office: Office) -> APIRouter:
    router = APIRouter(prefix="/api/configuration", tags=["configuration"], route_class=Guarded)

    @router.get("", **needs(Permission.CONFIGURATION_READ))
    def whole() -> dict[str, Any]:
        """Everything that is set, as the YAML file it would be; secrets are references."""
        return {"version": office.configuration.version, "yaml": office.export()}

    @router.get("/{kind}", **needs(Permission.CONFIGURATION_READ))
    def list_objects(kind: Annotated[str, Path()]) -> list[dict[str, Any]]:
        """All objects of a kind: provider, model, use_case, user, limit, price, …"""
        return [{"key": name, **plain(value)} for name, value in _stored(office.configuration, kind).items()]

    @router.get("/{kind}/{name:path}", **needs(Permission.CONFIGURATION_READ))
    def read_object(kind: Annotated[str, Path()], name: Annotated[str, Path()]) -> dict[str, Any]:
        """One object, as it was set."""
        return {"key": name, **plain(_existing(office.configuration, kind, name))}

    @router.put("/{kind}/{name:path}", **needs(Permission.CONFIGURATION_WRITE))
    def put_object(
        request: Request, kind: Annotated[str, Path()], name: Annotated[str, Path()], body: dict[str, Any]
    ) -> dict[str, Any]:
        """Create or replace the object `name`; the body may leave its name out, but not say another.

        Persons need `users.write` too, their roles and people of your own rank `roles.grant`.
        """
        caller: Caller = request.state.caller
        named = _with_name(kind, name, body)
        if kind == "user":
            wanted = _role_in(named)
            office.refresh()
            check_person(caller, office.configuration.users.get(name), wanted)
        elif kind in ("provider", "mcp_server"):
            require(caller.role, Permission.PROVIDERS_WRITE)
        office.editor.set_object(kind, named, caller.name, name)
        office.refresh()
        return {"kind": kind, "name": name, "version": office.configuration.version}

    @router.delete("/{kind}/{name:path}", status_code=204, **needs(Permission.CONFIGURATION_WRITE))
    def remove_object(request: Request, kind: Annotated[str, Path()], name: Annotated[str, Path()]) -> None:
        """Remove an object that no other one names. A person's sessions, password and keys end with it."""
        caller: Caller = request.state.caller
        office.refresh()
        value = _existing(office.configuration, kind, name)
        if isinstance(value, User):
            check_person(caller, value, None)
        elif kind in ("provider", "mcp_server"):
            require(caller.role, Permission.PROVIDERS_WRITE)
        office.editor.remove_object(kind, name, caller.name)
        if isinstance(value, User):
            office.sessions.forget(name, caller.name)
            office.keys.revoke_all(name, caller.name)
        office.refresh()

    return router


def _people(office: Office) -> APIRouter:
    router = APIRouter(prefix="/api/users", tags=["people"], route_class=Guarded)

    @router.put("/{name}/password", status_code=204, **needs(Permission.USERS_WRITE))
    def set_password(request: Request, name: Annotated[str, Path()], wish: Password) -> None:
        """Set a person's local password and end the person's sessions."""
        check_person(request.state.caller, _person(office, name), None)
        office.sessions.set_password(name, wish.password, request.state.caller.name)

    return router


def _person(office: Office, name: str) -> User:
    """The person as stored now, not as remembered: rights are decided on it."""
    office.refresh()
    users = office.configuration.users
    _require_known(users, [name], "user", "user")
    return users[name]


def _role_in(body: Stored) -> Role | None:
    """The role that a person's body asks for; None for a faulty body, which the editor will refuse."""
    try:
        return User.model_validate(body).role
    except ValidationError:
        return None


def _with_name(kind: str, name: str, body: Stored) -> Stored:
    """The body with the name that the address gives it.

    Raises InvalidRequest when it would be stored under another one: rights are checked on the address.
    """
    known = _kind(kind)
    if known.shape == "table":
        return body
    named = {"name": name, **body} if issubclass(known.model, Named) else body
    try:
        keys = {known.model.model_validate(part).key for part in split(known.model.model_validate(named))}
    except ValidationError:
        return named  # the editor says what is wrong
    if keys != {name}:
        stored = ", ".join(sorted(keys))
        raise InvalidRequest(
            f"Die Adresse nennt „{name}“, der Inhalt „{stored}“. Beide müssen gleich sein.",
            f"The address says '{name}', the body '{stored}'. Both must be the same.",
            detail={"param": "name"},
        )
    return named


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise NotFound(
            f"Eine Art „{kind}“ gibt es nicht. Es gibt: {', '.join(KINDS)}.",
            f"There is no kind '{kind}'. There are: {', '.join(KINDS)}.",
        )
    return KINDS[kind]


def _existing(configuration: Configuration, kind: str, name: str) -> Section:
    found = _stored(configuration, kind).get(name)
    if found is None:
        raise NotFound(
            f"„{name}“ gibt es nicht. „GET /api/configuration/{kind}“ zeigt alle.",
            f"There is no {kind} '{name}'. 'GET /api/configuration/{kind}' shows all.",
        )
    return found


def _stored(configuration: Configuration, kind: str) -> Mapping[str, Section]:
    if _kind(kind).shape == "single":
        found = getattr(configuration, kind)
        return {} if found is None else {kind: found}
    if kind == "policy":
        return {data_class.word: rule for data_class, rule in configuration.policy.items()}
    return dict(getattr(configuration, f"{kind}s"))


def _require_known(known: Mapping[str, object], names: list[str], kind: str, param: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidRequest(
                f"„{name}“ gibt es nicht. „GET /api/configuration/{kind}“ zeigt alle.",
                f"There is no {kind} '{name}'. 'GET /api/configuration/{kind}' shows all.",
                detail={"param": param},
            )


def _new_key_view(new: NewKey) -> dict[str, Any]:
    return {"id": new.id, "key": new.key, "user": new.user, "expires": _iso(new.expires_us)}


def _key_view(row: KeyRow) -> dict[str, Any]:
    return {
        "id": row.id, "user": row.user, "label": row.label, "hint": row.hint, "use_cases": row.use_cases,
        "models": row.models, "networks": row.networks, "created": _iso(row.created_us),
        "expires": _iso(row.expires_us), "revoked": _iso(row.revoked_us), "replaced_by": row.replaced_by,
    }  # fmt: skip


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
