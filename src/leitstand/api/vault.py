"""`/api/privacy/erasures`: erase a client's file or a person from the vault of placeholders, with a receipt; the list
of receipts, by which erasures are repeated after a restore."""

from typing import Any, Protocol

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from leitstand.api.guard import Guarded, needs
from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission
from leitstand.privacy.erasures import told, written
from leitstand.privacy.vault import Vault


class Keeping(Protocol):
    """What these operations need of the house."""

    @property
    def vault(self) -> Vault:
        """Where placeholders are kept."""


class ErasureWish(BaseModel):
    """What is to be erased: one of the two."""

    model_config = ConfigDict(extra="forbid")

    scope: str = Field(default="", description="A file, as `x-leitstand-scope` names it: all of it.")
    person: str = Field(default="", description="A person's name, or any other value: out of all files.")
    reason: str = Field(default="", max_length=300, description="Why; stays in the audit trail, so no names.")

    @model_validator(mode="after")
    def _names_one(self) -> "ErasureWish":
        if bool(self.scope.strip()) == bool(self.person.strip()):
            raise ValueError("give either 'scope' or 'person'")
        return self


def vault_routes(office: Keeping) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/privacy", tags=["privacy"], route_class=Guarded)

    @router.post("/erasures", status_code=201, **needs(Permission.VAULT_ERASE))
    def erase(request: Request, wish: ErasureWish) -> dict[str, Any]:
        """Erase for good; the receipt is also a record of the journal, without the name."""
        vault, actor = office.vault, request.state.caller.name
        receipt = (
            vault.erase_scope(wish.scope, actor, wish.reason)
            if wish.scope
            else vault.erase_person(wish.person, actor, wish.reason)
        )
        return {
            "receipt": receipt.id,
            "time": from_us(receipt.time_us).isoformat(timespec="seconds"),
            "scopes": receipt.scopes,
            "entries": receipt.entries,
        }

    @router.get("/erasures", **needs(Permission.VAULT_ERASE))
    def receipts() -> list[dict[str, Any]]:
        """All receipts, newest first."""
        return [told(each) for each in office.vault.erasures()]

    @router.get("/erasures.jsonl", **needs(Permission.VAULT_ERASE))
    def repeat_list() -> Response:
        """What must be erased again after a restore, without names; `leitstand restore --erasures` reads it."""
        return Response(written(office.vault.erasures()), media_type="application/x-ndjson")

    return router
