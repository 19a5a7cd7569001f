"""One request for a page: who looks, in which language and theme, and how the page is rendered for them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from jinja2 import Environment
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse

from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import LANGUAGES, SOURCE_LANGUAGE, Bilingual, Translator
from leitstand.identity.roles import ROLES, Permission
from leitstand.web.assets import Assets
from leitstand.web.format import Format
from leitstand.web.navigation import Entry, Navigation, build_navigation
from leitstand.web.ports import Bar, Organisation, Ports, Viewer
from leitstand.web.security import (
    CSRF_FIELD,
    CSRF_HEADER,
    FORM_COOKIE,
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    THEME_COOKIE,
    new_form_token,
    same_token,
    set_cookie,
)

THEMES = ("system", "light", "dark")


class SignInNeeded(Exception):
    """Nobody is signed in; a page leads to the sign-in, a fetch gets 401."""


class PermissionNeeded(Exception):
    """The viewer may not open this. permission: the missing right."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(str(permission))
        self.permission = permission


class TokenMissing(Exception):
    """A POST without the right CSRF token: another site, or a form that is older than the session."""


@dataclass(frozen=True)
class Desk:
    """What all pages share, built once in site.py. entries: the navigation of all pages."""

    ports: Ports
    environments: Mapping[str, Environment]
    translators: Mapping[str, Translator]
    assets: Assets
    entries: tuple[Entry, ...]

    async def visit(self, request: Request) -> "Visit":
        """The visit of a request, signed in or not."""
        token = request.cookies.get(SESSION_COOKIE, "")
        viewer = await self.ports.sessions.lookup(token) if token else None
        organisation = self.ports.status.organisation()
        language = choose_language(request, viewer, organisation)
        return Visit(
            request=request,
            desk=self,
            viewer=viewer,
            organisation=organisation,
            words=self.translators[language],
            form=Format(language, ZoneInfo(organisation.timezone)),
            theme=_theme(request),
            csrf=viewer.csrf if viewer else request.cookies.get(FORM_COOKIE) or new_form_token(),
        )

    async def enter(self, request: Request, permission: Permission) -> tuple["Visit", Viewer]:
        """The visit of a signed-in viewer who may; raises SignInNeeded or PermissionNeeded."""
        visit = await self.visit(request)
        if visit.viewer is None:
            raise SignInNeeded
        if permission not in visit.viewer.permissions:
            raise PermissionNeeded(permission)
        return visit, visit.viewer


@dataclass(frozen=True)
class Frame:
    """What surrounds a page. navigation: None on pages without sign-in. path: where a switch returns to."""

    bar: Bar
    navigation: Navigation | None
    now: str
    now_iso: str
    path: str


@dataclass(frozen=True)
class Visit:
    """Who looks and how. theme: system, light or dark. csrf: the token for forms on this page."""

    request: Request
    desk: Desk
    viewer: Viewer | None
    organisation: Organisation
    words: Translator
    form: Format
    theme: str
    csrf: str

    @property
    def language(self) -> str:
        """`de` or `en`."""
        return self.words.language

    def say(self, message: str, **values: object) -> str:
        """A text of ours in the viewer's language."""
        return self.words.say(message, **values)

    def tell(self, sentence: Bilingual | None) -> str:
        """A sentence of another room in the viewer's language."""
        return sentence.in_(self.language) if sentence else ""

    def role_word(self) -> str:
        """The viewer's role as the rights table calls it."""
        row = next(row for row in ROLES if self.viewer is not None and row.role is self.viewer.role)
        return row.de if self.language == SOURCE_LANGUAGE else row.en

    async def frame(self) -> Frame:
        """The shell's content."""
        now = self.desk.ports.status.now()
        path = self.request.url.path
        return Frame(
            bar=await self.desk.ports.status.bar(self.viewer),
            navigation=build_navigation(self.desk.entries, self.viewer.permissions, path, self.say)
            if self.viewer
            else None,
            now=self.form.stamp(now),
            now_iso=self.form.iso(now),
            path=path,
        )

    async def page(self, template: str, page: object, status: int = 200) -> HTMLResponse:
        """A whole page. page: the typed context of the template."""
        body = self._render(template, page=page, frame=await self.frame())
        response = HTMLResponse(body, status, headers={"content-language": self.language})
        if self.viewer is None and FORM_COOKIE not in self.request.cookies:
            set_cookie(response, self.request, FORM_COOKIE, self.csrf, 86_400)
        return response

    async def part(self, template: str, page: object) -> HTMLResponse:
        """A piece of a page, for htmx to swap in."""
        return HTMLResponse(self._render(template, page=page))

    def _render(self, template: str, **context: object) -> str:
        return self.desk.environments[self.language].get_template(template).render(visit=self, **context)

    @asynccontextmanager
    async def with_file(self) -> AsyncIterator[None]:
        """Around the reading of a form with a file; to be entered before anything else of the form is read."""
        form = await self.request.form(max_files=1, max_fields=50)
        try:
            yield
        finally:
            await form.close()

    async def file(self, name: str) -> tuple[str, bytes]:
        """Name and content of an uploaded file; raises InvalidRequest where none was chosen."""
        found = (await self.request.form(max_files=1, max_fields=50)).get(name)
        if not isinstance(found, UploadFile) or not found.filename:
            raise InvalidRequest("Wählen Sie eine Datei.", "Choose a file.")
        return found.filename, await found.read()

    async def check_token(self) -> None:
        """Raise TokenMissing unless the POST carries this session's token, in a field or in a header."""
        sent = self.request.headers.get(CSRF_HEADER)
        if sent is None:
            form = await self.request.form(max_files=0, max_fields=50)
            field = form.get(CSRF_FIELD)
            sent = field if isinstance(field, str) else ""
        expected = self.viewer.csrf if self.viewer else self.request.cookies.get(FORM_COOKIE, "")
        if not same_token(sent, expected):
            raise TokenMissing

    def done(self, words: Mapping[str, str]) -> str:
        """What came of the last act, from the word in the address; "" without one, or with one that nobody gave."""
        word = self.request.query_params.get("getan", "")
        return self.say(words[word]) if word in words else ""

    async def field(self, name: str) -> str:
        """A text field of the posted form, "" when absent."""
        value = (await self.request.form(max_files=0, max_fields=50)).get(name)
        return value if isinstance(value, str) else ""


def choose_language(request: Request, viewer: Viewer | None, organisation: Organisation) -> str:
    """The chosen language, else the viewer's, else the organisation's, else (auto) the browser's."""
    for wish in (request.cookies.get(LANGUAGE_COOKIE), viewer.language if viewer else ""):
        if wish in LANGUAGES:
            return wish
    if organisation.language != "auto":
        return organisation.language
    return _accepted(request.headers.get("accept-language", ""))


def _accepted(header: str) -> str:
    """The first of our languages in Accept-Language, by its order; quality values hardly ever differ from it."""
    for item in header.split(","):
        language = item.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return SOURCE_LANGUAGE


def _theme(request: Request) -> str:
    wish = request.cookies.get(THEME_COOKIE, "")
    return wish if wish in THEMES else THEMES[0]
