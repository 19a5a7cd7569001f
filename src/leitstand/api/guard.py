"""Who may do what on `/api`: every operation names its right in the schema, and nobody gains rights by another.

The route checks before a byte of the body is read, so strangers cannot make it read any.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from leitstand.configuration.models import User
from leitstand.core.classes import Role
from leitstand.core.errors import NotPermitted
from leitstand.identity.callers import Caller
from leitstand.identity.roles import RIGHTS, Permission, require

PERMISSION = "x-leitstand-permission"


def needs(permission: Permission) -> dict[str, Any]:
    """The right of an operation, as the schema shows it and as `Guarded` checks it."""
    return {"openapi_extra": {PERMISSION: str(permission)}}


class Guarded(APIRoute):
    """A route that lets in only who holds its right; one that names no right cannot be built."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the check; `request.state.caller` is who asks."""
        answer = super().get_route_handler()
        permission = Permission((self.openapi_extra or {})[PERMISSION])

        async def guarded(request: Request) -> Response:
            request.state.caller = await run_in_threadpool(_check, request, permission)
            return await answer(request)

        return guarded


def _check(request: Request, permission: Permission) -> Caller:
    caller: Caller = request.app.state.office.caller_of(request)
    require(caller.role, permission)
    return caller


def check_key_for(caller: Caller, owner: User) -> None:
    """A key speaks with its owner's rights: raises NotPermitted where the caller has fewer."""
    if RIGHTS[owner.role] <= RIGHTS[caller.role]:
        return
    raise NotPermitted(
        f"„{owner.name}“ hat mehr Rechte als Sie. Schlüssel für diese Person stellt ein Super-Administrator aus.",
        f"'{owner.name}' has more rights than you. A super administrator issues keys for this person.",
        detail={"permission": str(Permission.ROLES_GRANT)},
    )


def check_person(caller: Caller, known: User | None, wanted: Role | None) -> None:
    """Raise NotPermitted unless the caller may change `known` (None: a new person) to the role `wanted`.

    wanted: None where the role stays, or goes with the person. Giving or taking a role needs
    `roles.grant`, and so does any change of a person who has as many rights as the caller.
    """
    require(caller.role, Permission.USERS_WRITE)
    before = Role.USER if known is None else known.role
    changes_role = wanted is not None and wanted is not before
    is_peer = not RIGHTS[before] < RIGHTS[caller.role]
    if changes_role or is_peer:
        require(caller.role, Permission.ROLES_GRANT)
