"""`/api`: administration for programs and pages. Every operation names its right in the OpenAPI schema.

A virtual key is used with its owner's role. Blocking work runs in FastAPI's threads (plain `def`).
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Depends, FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from leitstand import __version__
from leitstand.api.problems import body_of, headers_of
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import KINDS, plain
from leitstand.core.clock import from_us
from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.core.ids import new_id
from leitstand.identity.callers import Caller
from leitstand.identity.repository import KeyRow
from leitstand.identity.roles import ROLES, Permission, permissions, require
from leitstand.identity.sessions import Sessions
from leitstand.identity.virtual_keys import DEFAULT_OVERLAP_DAYS, KeyRequest, NewKey, VirtualKeys


class Office(Protocol):
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


class KeyWish(BaseModel):
    """A key to be issued; empty lists mean everything that its owner may."""

    user: str = Field(description="Whose key it is.")
    label: str = ""
    use_cases: list[str] = []
    models: list[str] = []
    networks: list[str] = Field(default=[], description="Address ranges (CIDR) it is valid from.")
    valid_days: float | None = Field(default=None, gt=0, description="Days until it expires; none: no end.")


class Overlap(BaseModel):
    """How a key is rotated."""

    overlap_days: float = Field(
        DEFAULT_OVERLAP_DAYS, ge=0, le=90, description="How long the old key goes on."
    )


class Password(BaseModel):
    """A new password."""

    password: str


def _needs(permission: Permission) -> dict[str, Any]:
    """The two ends of a right: the schema names it, the dependency checks it."""

    def check(request: Request) -> Caller:
        caller: Caller = request.app.state.office.caller_of(request)
        require(caller.role, permission)
        request.state.caller = caller
        return caller

    return {"dependencies": [Depends(check)], "openapi_extra": {"x-leitstand-permission": str(permission)}}


def build_admin(office: Office) -> FastAPI:
    """The application for `/api`; its schema is at `/api/openapi.json`."""
    app = FastAPI(
        title="Leitstand", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None
    )
    app.state.office = office
    app.include_router(_me())
    app.include_router(_keys(office))
    app.include_router(_objects(office))
    app.add_exception_handler(Refusal, _refused(office.language))
    return app


def _refused(language: Callable[[], str]) -> Any:
    async def answer(request: Request, refusal: Exception) -> JSONResponse:
        assert isinstance(refusal, Refusal)
        request_id = new_id("req")
        wish = request.headers.get("accept-language", "")[:2].lower()
        spoken = wish if wish in ("de", "en") else language()
        headers = {name.decode(): value.decode() for name, value in headers_of(refusal, request_id)}
        return JSONResponse(body_of(refusal, spoken, request_id), refusal.status, headers)

    return answer


def _me() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["me"])

    @router.get("/me", **_needs(Permission.GATEWAY_USE))
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

    @router.get("/roles", **_needs(Permission.USERS_READ))
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
    router = APIRouter(prefix="/api/keys", tags=["keys"])

    @router.get("", **_needs(Permission.KEYS_READ))
    def list_keys(user: Annotated[str | None, Query()] = None) -> list[dict[str, Any]]:
        """All virtual keys without the keys themselves, newest first."""
        return [_key_view(row) for row in office.keys.list(user)]

    @router.post("", status_code=201, **_needs(Permission.KEYS_WRITE))
    def create_key(request: Request, wish: KeyWish) -> dict[str, Any]:
        """Issue a key. The answer is the only place where it is ever shown."""
        _require_known(office.configuration.users, [wish.user], "user")
        _require_known(office.configuration.use_cases, wish.use_cases, "use case")
        _require_known(office.configuration.models, wish.models, "model")
        new = office.keys.create(
            KeyRequest(
                wish.user, wish.label, tuple(wish.use_cases), tuple(wish.models), tuple(wish.networks),
                wish.valid_days,
            ),
            request.state.caller.name,
        )  # fmt: skip
        office.refresh()
        return _new_key_view(new)

    @router.post("/{key_id}/rotate", status_code=201, **_needs(Permission.KEYS_WRITE))
    def rotate_key(
        request: Request, key_id: Annotated[str, Path()], wish: Annotated[Overlap | None, Body()] = None
    ) -> dict[str, Any]:
        """Issue a successor with the same rights; the old key goes on for the overlap."""
        new = office.keys.rotate(
            key_id, request.state.caller.name, wish.overlap_days if wish else DEFAULT_OVERLAP_DAYS
        )
        office.refresh()
        return _new_key_view(new)

    @router.delete("/{key_id}", status_code=204, **_needs(Permission.KEYS_WRITE))
    def revoke_key(request: Request, key_id: Annotated[str, Path()]) -> None:
        """End a key now."""
        office.keys.revoke(key_id, request.state.caller.name)
        office.refresh()

    return router


def _objects(office: Office) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["configuration"])

    @router.get("/configuration", **_needs(Permission.CONFIGURATION_READ))
    def whole() -> dict[str, Any]:
        """Everything that is set, as the YAML file it would be; secrets are references."""
        return {"version": office.configuration.version, "yaml": office.export()}

    @router.get("/configuration/{kind}", **_needs(Permission.CONFIGURATION_READ))
    def list_objects(kind: Annotated[str, Path()]) -> list[dict[str, Any]]:
        """All objects of a kind: provider, model, use_case, user, limit, price, …"""
        return [{"key": name, **plain(value)} for name, value in _stored(office.configuration, kind).items()]

    @router.put("/configuration/{kind}/{name}", **_needs(Permission.CONFIGURATION_WRITE))
    def put_object(
        request: Request, kind: Annotated[str, Path()], name: Annotated[str, Path()], body: dict[str, Any]
    ) -> dict[str, Any]:
        """Create or replace an object. Users need `users.write`, roles above your own `roles.grant`."""
        _stored(office.configuration, kind)
        _guard(request.state.caller, kind, name, body, office.configuration)
        office.editor.set_object(kind, body, request.state.caller.name, name)
        office.refresh()
        return {"kind": kind, "name": name, "version": office.configuration.version}

    @router.delete("/configuration/{kind}/{name}", status_code=204, **_needs(Permission.CONFIGURATION_WRITE))
    def remove_object(request: Request, kind: Annotated[str, Path()], name: Annotated[str, Path()]) -> None:
        """Remove an object that no other one names."""
        _stored(office.configuration, kind)
        _guard(request.state.caller, kind, name, {}, office.configuration)
        office.editor.remove_object(kind, name, request.state.caller.name)
        office.refresh()

    @router.put("/users/{name}/password", status_code=204, **_needs(Permission.USERS_WRITE))
    def set_password(request: Request, name: Annotated[str, Path()], wish: Password) -> None:
        """Set a person's local password and end the person's sessions."""
        _require_known(office.configuration.users, [name], "user")
        _guard(request.state.caller, "user", name, {}, office.configuration)
        office.sessions.set_password(name, wish.password, request.state.caller.name)

    return router


_ORDER = [row.role for row in ROLES]


def _guard(caller: Caller, kind: str, name: str, body: dict[str, Any], configuration: Configuration) -> None:
    """Nobody makes, changes or becomes somebody with more rights than they may grant."""
    if kind != "user":
        return
    require(caller.role, Permission.USERS_WRITE)
    known = configuration.users.get(name)
    roles = [known.role] if known else []
    if body.get("role") in _ORDER:
        roles.append(body["role"])
    if any(_ORDER.index(role) > 0 for role in roles):
        require(caller.role, Permission.ROLES_GRANT)


def _stored(configuration: Configuration, kind: str) -> dict[str, Any]:
    if kind not in KINDS:
        raise InvalidRequest(
            f"Eine Art „{kind}“ gibt es nicht. Es gibt: {', '.join(KINDS)}.",
            f"There is no kind '{kind}'. There are: {', '.join(KINDS)}.",
        )
    match kind:
        case "organisation" | "privacy":
            return {kind: getattr(configuration, kind)}
        case "policy":
            return {data_class.word: rule for data_class, rule in configuration.policy.items()}
        case _:
            return dict(getattr(configuration, f"{kind}s"))


def _require_known(known: Any, names: list[str], word: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidRequest(
                f"„{name}“ gibt es nicht ({word}). „GET /api/configuration/{word.replace(' ', '_')}“ zeigt alle.",
                f"There is no {word} '{name}'. 'GET /api/configuration/{word.replace(' ', '_')}' shows all.",
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
