"""`/api/backups`: whether the installation is backed up, for people and for monitoring."""

from typing import Any, Protocol

from fastapi import APIRouter

from leitstand.api.guard import Guarded, needs
from leitstand.backup.state import PASSED, State
from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission


class BackedUp(Protocol):
    """What this operation needs of the house."""

    def backup_state(self) -> State:
        """The newest backup and drill. Blocking."""


def backup_routes(office: BackedUp) -> APIRouter:
    """All operations."""
    router = APIRouter(prefix="/api/backups", tags=["backups"], route_class=Guarded)

    @router.get("", **needs(Permission.OPERATIONS_READ))
    def backups() -> dict[str, Any]:
        """The last backup and the last restore drill. `overdue`: no backup for 36 hours, no passed drill for 35 days."""
        found = office.backup_state()
        backup, drill = found.backup, found.drill
        return {
            "overdue": found.backup_overdue or found.drill_overdue,
            "backup": {
                "overdue": found.backup_overdue,
                "time": backup and _iso(backup.time_us),
                "file": backup and backup.detail.get("file"),
                "size_bytes": backup and backup.detail.get("size_bytes"),
            },
            "drill": {
                "overdue": found.drill_overdue,
                "time": drill and _iso(drill.time_us),
                "passed": drill and drill.kind == PASSED,
                "file": drill and drill.detail.get("file"),
            },
        }

    return router


def _iso(time_us: int) -> str:
    return from_us(time_us).isoformat(timespec="seconds")
