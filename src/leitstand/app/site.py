"""Pages and administration behind the front door, as one ASGI application."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from leitstand.api.admin import build_admin
from leitstand.api.dialects.problems import chat_error_body
from leitstand.api.problems import headers_of
from leitstand.api.requests import credentials, read_request
from leitstand.api.transport import respond
from leitstand.app.desks import desks_of
from leitstand.app.drills import FireDrills
from leitstand.app.house import House
from leitstand.app.leaks import LeakDesk
from leitstand.app.ports import build_ports
from leitstand.app.tools import ToolBoard
from leitstand.backup.state import State, state
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.export import export
from leitstand.configuration.plan import stored_state
from leitstand.core.errors import InvalidKey, NotFound
from leitstand.identity.callers import Caller
from leitstand.identity.sessions import Sessions
from leitstand.identity.virtual_keys import VirtualKeys
from leitstand.web.security import CSRF_HEADER, SESSION_COOKIE, same_token
from leitstand.web.site import build_site

Application = Callable[[Any, Any, Any], Awaitable[None]]
_SAFE = ("GET", "HEAD", "OPTIONS")


class Office:
    """The house as administration sees it (api/admin.py: Office)."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.keys: VirtualKeys = house.keys
        self.sessions: Sessions = house.sessions
        self.editor: Editor = house.editor
        self.drills = FireDrills(house)
        self.vault = house.vault
        desks = desks_of(house)
        self.privacy, self.policy = desks.privacy, desks.policy
        self.leaks = LeakDesk(
            house.leaks, house.editor, lambda: house.configuration.leak_watch, house.refresh
        )
        self.tools = ToolBoard(house)
        self.regression = house.regression
        self.budgets = house.budgets
        self.jobs = house.background.board
        self.alerts = house.monitoring.desk
        self.alert_channels = house.monitoring.channels
        self.incidents = house.monitoring.incidents
        self.alert_rules = house.monitoring.rule_desk
        self.unusual = house.unusual
        self.reviews = house.reviews
        self.what_if = house.what_if
        self.prices = house.prices
        self.invoices = house.invoices
        self.balance = house.balance

    @property
    def configuration(self) -> Configuration:
        """The one in force."""
        return self._house.configuration

    def caller_of(self, request: Request) -> Caller:
        """By virtual key, else by session; a session that changes something must carry its token."""
        who = credentials(request.scope, dict(request.scope["headers"]))
        token = request.cookies.get(SESSION_COOKIE, "")
        if who.key or not token:
            return self._house.gateway.rules.keys.identify(who.key, self._house.clock.time_us(), who.ip)
        session = self.sessions.lookup(token)
        if session is None:
            raise InvalidKey(
                "Die Anmeldung ist abgelaufen. Melden Sie sich neu an.",
                "The session has ended. Sign in again.",
            )
        if request.method not in _SAFE and not same_token(request.headers.get(CSRF_HEADER, ""), session.csrf):
            raise InvalidKey(
                f"Im Kopf „{CSRF_HEADER}“ fehlt das Zeichen der Sitzung. Laden Sie die Seite neu.",
                f"The session's token is missing in the header '{CSRF_HEADER}'. Load the page again.",
            )
        return Caller(session.person)

    def backup_state(self) -> State:
        """The newest backup and drill."""
        return state(self._house.engine, self._house.clock.time_us())

    def refresh(self) -> None:
        """Take over a change now."""
        self._house.refresh()

    def nudge_trials(self) -> None:
        """Begin with a planned trial at once."""
        self._house.trials.nudge()

    def export(self) -> str:
        """The configuration as a YAML file."""
        return export(stored_state(self._house.engine))

    def language(self) -> str:
        """Of error messages."""
        return self._house.language()


def build(house: House) -> Application:
    """Administration under `/api`, pages everywhere else. Slow imports: call it in a thread."""
    admin: Any = build_admin(Office(house))
    site: Any = build_site(build_ports(house))

    async def application(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if path.startswith("/v1/"):
            await _not_offered(house, scope, send)
        else:
            await (admin if path.startswith("/api/") else site)(scope, receive, send)

    return application


async def _not_offered(house: House, scope: Any, send: Any) -> None:
    """An API client asked for an endpoint that is none; it gets an error that its SDK understands."""
    incoming = read_request(scope, house.clock, house.language())
    path = scope["path"]
    refusal = NotFound(
        f"Die Schnittstelle „{path}“ gibt es nicht. Prüfen Sie die Adresse (base_url) und den Pfad.",
        f"There is no endpoint '{path}'. Check the address (base_url) and the path.",
    )
    body = chat_error_body(refusal, incoming.language, incoming.id)
    await respond(send, refusal.status, headers_of(refusal, incoming.id), body)
