"""A whole house on a temporary folder with its administration, asked over ASGI in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select

from leitstand.api.admin import build_admin
from leitstand.app.house import House
from leitstand.app.site import Office
from leitstand.core.clock import Clock
from leitstand.core.ids import new_id
from leitstand.identity.virtual_keys import KeyRequest
from leitstand.journal.records import Record
from leitstand.store.schema import journal

ROLES = ("user", "power_user", "admin", "super_admin")
PEOPLE = {
    "anna": "user", "ben": "user", "paul": "power_user", "petra": "admin", "otto": "admin",
    "sina": "super_admin", "sven": "super_admin",
}  # fmt: skip
BY_ROLE = {"user": "anna", "power_user": "paul", "admin": "petra", "super_admin": "sina"}
SECRET = "sk-test-a-secret-that-no-page-shows"


@dataclass
class Desk:
    """keys: one key per person of PEOPLE, for all that the person may."""

    house: House
    client: httpx2.AsyncClient
    keys: dict[str, str] = field(default_factory=dict)

    async def ask(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        """One request of a person ("": of nobody)."""
        headers = {"authorization": f"Bearer {self.keys[who]}"} if who else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return await self.client.request(method, path, headers=headers, **more)

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """Journal records of a kind, oldest first, as soon as all that was said is in the table."""
        await self._written()
        query = select(journal).where(journal.c.kind == kind).order_by(journal.c.seq)
        with self.house.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    async def whole_journal(self) -> str:
        """Every record as one text, to look for what must not be there."""
        await self._written()
        with self.house.engine.connect() as connection:
            return "\n".join(str(tuple(row)) for row in connection.execute(select(journal)))

    async def _written(self) -> None:
        """Wait for a mark, written after all else, to come out of the spool into the table."""
        mark = Record(id=new_id("evt"), kind="test.mark.made", time_us=self.house.clock.time_us())
        await asyncio.to_thread(self.house.spool.write_now, mark)
        async with asyncio.timeout(10):
            while not self._is_written(mark.id):
                self.house.writer.nudge()
                await asyncio.sleep(0.005)

    def _is_written(self, record_id: str) -> bool:
        with self.house.engine.connect() as connection:
            return (
                connection.execute(select(journal.c.seq).where(journal.c.id == record_id)).first() is not None
            )


@asynccontextmanager
async def open_desk(data: Path) -> AsyncIterator[Desk]:
    """Start the house, ask, stop it."""
    house = House(data, Clock())
    for name, role in PEOPLE.items():
        person = {"name": name, "email": f"{name}@musterwerk.example", "department": "vertrieb", "role": role}
        house.editor.set_object("user", person, "test")
    dpa = {"signed": "2026-01-15", "expires": "2099-01-15"}
    provider = {"name": "openai-eu", "kind": "openai", "region": "eu", "dpa": dpa, "api_key": SECRET}
    house.editor.set_object("provider", provider, "test")
    target = {"provider": "openai-eu", "model": "gpt-4o-mini"}
    house.editor.set_object("model", {"name": "standard", "targets": [target]}, "test")
    house.editor.set_object("use_case", {"name": "angebote", "department": "vertrieb"}, "test")
    keys = {name: house.keys.create(KeyRequest(name), "test").key for name in PEOPLE}
    await house.start()
    transport = httpx2.ASGITransport(app=build_admin(Office(house)), raise_app_exceptions=False)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://leitstand.test") as client:
            yield Desk(house, client, keys)
    finally:
        await house.stop()
