"""The front door: one ASGI callable that sends the fast paths straight on and everything else to the site.

The site (pages and administration, on FastAPI) is loaded after the start, in a thread, so that the gateway
answers at once; a request for a page that comes earlier waits for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from leitstand import __version__
from leitstand.api.catalogue import ModelCatalogue
from leitstand.api.completions import CHAT, MESSAGES, Completions
from leitstand.api.kept_responses import KeptAnswers
from leitstand.api.mcp import ROOT, MCPEndpoint
from leitstand.api.operations import authorised
from leitstand.api.problems import body_of, headers_of
from leitstand.api.requests import read_request
from leitstand.api.responses import Responses
from leitstand.api.tasks import TASKS, SingleTask
from leitstand.api.transport import JSON_TYPE, Receive, Scope, Send, respond
from leitstand.app.discovered import set_up_built_in
from leitstand.app.draining import Readiness
from leitstand.app.house import House
from leitstand.app.local_models import LocalModels
from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
_PROMETHEUS = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
_log = logging.getLogger(__name__)


class Front:
    """Routes by path; also the lifespan of the application."""

    def __init__(
        self,
        house: House,
        build_site: Callable[[House], Application],
        readiness: Readiness | None = None,
    ) -> None:
        """readiness: shared with whoever ends the process."""
        self._house = house
        self._readiness = readiness or Readiness()
        self._build_site = build_site
        self._site: asyncio.Task[Application] | None = None
        self._fast: dict[str, Application] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path: str = scope.get("path", "")
        fast = self._fast.get(path)
        if fast is not None and scope["type"] == "http":
            await fast(scope, receive, send)
        elif path.startswith("/v1/responses/"):
            await self._kept_answers(scope, receive, send)
        elif path.startswith(f"{ROOT}/"):
            await self._mcp(scope, receive, send)
        elif path.startswith("/v1/models"):
            await self._models(scope, receive, send)
        else:
            assert self._site is not None
            site = await asyncio.shield(self._site)
            await site(scope, receive, send)

    @property
    def addresses(self) -> frozenset[str]:
        """Whole paths that are served without the site, once the house has started."""
        return frozenset(self._fast)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        house = self._house
        try:
            await house.start()
        except Exception as cause:  # noqa: BLE001 - a border: the server reports the failed start and ends
            _log.exception("the start failed")
            await send({"type": "lifespan.startup.failed", "message": str(cause)})
            return
        await asyncio.to_thread(self._first_start)
        shared: tuple[Any, ...] = (house.clock, house.today, house.language)
        self._fast["/v1/chat/completions"] = Completions(house.gateway, CHAT, *shared)
        self._fast["/v1/messages"] = Completions(house.gateway, MESSAGES, *shared)
        for path, wire in TASKS.items():
            self._fast[path] = SingleTask(house.gateway, wire, *shared)
        self._fast["/v1/responses"] = Responses(house.gateway, house.kept_responses, *shared)
        self._kept_answers = KeptAnswers(house.gateway, house.kept_responses, house.clock, house.language)
        self._mcp = self._fast[ROOT] = MCPEndpoint(house.tools, *shared)
        self._models = ModelCatalogue(house.gateway, house.clock, house.language)
        local_models = LocalModels(house)
        local_models.start()
        self._site = asyncio.create_task(asyncio.to_thread(self._build_site, house), name="site")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._mcp.stop()
        await local_models.stop()
        await house.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _first_start(self) -> None:
        if not self._house.database_away:
            set_up_built_in(self._house)
        if not self._house.people:
            _log.warning(
                "nobody can sign in yet: 'leitstand user set NAME --email ADDRESS --role super_admin', then "
                "'leitstand user password NAME'"
            )

    async def _healthz(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """The process lives."""
        body = msgspec.json.encode({"status": "ok", "version": __version__})
        await respond(send, 200, [JSON_TYPE], body)

    async def _readyz(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """It can serve: `ready`, or `degraded` with what fails while requests go on; 503 `full` when they cannot, and
        503 `draining` when the process is about to end and wants no new ones."""
        house = self._house
        self._readiness.asked()
        checks = {
            "journal_spool": not house.spool.degraded,
            "journal_writer": not house.writer.failing,
            "database": not house.database_away,
            "limits": not house.limits_alone,
        }
        status = "ready" if all(checks.values()) else "degraded"
        if not house.spool.has_room:
            status = "full"
        if self._readiness.begun:
            status = "draining"
        body = msgspec.json.encode(
            {"status": status, "checks": {name: "ok" if ok else "failing" for name, ok in checks.items()}}
        )
        await respond(send, 503 if status in ("full", "draining") else 200, [JSON_TYPE], body)

    async def _metrics(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Prometheus; needs a key whose owner may see operations."""
        incoming = read_request(scope, self._house.clock, self._house.language())
        try:
            authorised(self._house.gateway.rules.keys, scope, incoming, Permission.OPERATIONS_READ)
        except Refusal as refusal:
            body = msgspec.json.encode(body_of(refusal, incoming.language, incoming.id))
            await respond(send, refusal.status, headers_of(refusal, incoming.id), body)
            return
        await respond(send, 200, [_PROMETHEUS], self._house.metrics.exposition())
