"""`/chat`: ask, read, stop, ask again; see what the provider saw. Art. 50 AI Act: it says that it is AI."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from leitstand.answers.events import Failed
from leitstand.answers.values import Ask, ChatChoices, Conversation, ConversationSummary, UseCaseChoice
from leitstand.core.errors import Refusal
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.identity.roles import Permission
from leitstand.web.navigation import N_, WORK, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Viewer
from leitstand.web.stream import EventStream
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import CLASS_WORDS, event_bytes, refusal_event, turn_json

_log = logging.getLogger(__name__)
IDLE_S = 330.0  # above the gateway's own total time-out of a call
MAX_QUESTION_CHARS = 200_000
MAX_TITLE_CHARS = 120


class Sent(msgspec.Struct, rename="camel"):
    """The body of `POST /chat/send`; meanings in ports.Ask."""

    text: str
    use_case: str = ""
    model: str = ""
    conversation: str | None = None
    regenerate_of: str | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class TalkGroup:
    """Conversations of one time: today, yesterday, this week, older."""

    label: str
    talks: tuple[ConversationSummary, ...]


@dataclass(frozen=True)
class TalkList:
    """The conversations in the navigation; open: id of the shown one, or ""."""

    groups: tuple[TalkGroup, ...]
    open: str


@dataclass(frozen=True)
class UseCaseOption:
    """One line of the selector; data_class and note stand beside the title while it is chosen."""

    name: str
    label: str
    data_class: str
    note: str
    selected: bool


@dataclass(frozen=True)
class ChatPage:
    """conversation: the open one, or None for a new one. chosen: its use case, or the first one. state: what the script starts from (JSON)."""

    conversation: Conversation | None
    talks: TalkList
    use_cases: tuple[UseCaseOption, ...]
    chosen: UseCaseOption | None
    models: tuple[tuple[str, str, bool], ...]
    examples: tuple[str, ...]
    state: dict[str, object]
    removed: bool


def _routes(desk: Desk) -> Sequence[Route]:
    conversations = desk.ports.conversations

    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        number = request.path_params.get("conversation")
        conversation = await conversations.read(viewer, number) if number else None
        if number and conversation is None:
            return await visit.page("chat_missing.html", None, 404)
        choices = await desk.ports.chat.choices(viewer)
        talks = await conversations.list(viewer)
        return await visit.page("chat.html", _page(visit, conversation, choices, talks))

    async def talks(request: Request) -> Response:
        """The list in the navigation, fetched again when a conversation was begun."""
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        listed = await conversations.list(viewer)
        now = desk.ports.status.now()
        open_ = request.query_params.get("offen", "")
        return await visit.part("chat_talks.html", TalkList(_groups(visit, listed, now), open_))

    async def send(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        await visit.check_token()
        try:
            sent = msgspec.json.decode(await request.body(), type=Sent)
        except msgspec.DecodeError as cause:
            return JSONResponse({"code": "invalid_request", "message": str(cause)}, 400)
        if not sent.text.strip() or len(sent.text) > MAX_QUESTION_CHARS:
            message = visit.say("Die Frage ist leer oder länger als 200.000 Zeichen.")
            return JSONResponse({"code": "invalid_request", "message": message}, 400)
        return EventStream(_events(desk, visit, viewer, _ask(sent, visit)), IDLE_S)

    async def rename(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        await visit.check_token()
        number = request.path_params["conversation"]
        title = " ".join((await visit.field("titel")).split())[:MAX_TITLE_CHARS]
        if title and not await conversations.rename(viewer, number, title):
            return await visit.page("chat_missing.html", None, 404)
        return RedirectResponse(f"/chat/{number}", 303)

    async def delete(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        await visit.check_token()
        if not await conversations.delete(viewer, request.path_params["conversation"]):
            return await visit.page("chat_missing.html", None, 404)
        return RedirectResponse("/chat?geloescht=1", 303)

    return [
        Route("/chat", show, methods=["GET"], name="chat"),
        Route("/chat/send", send, methods=["POST"]),
        Route("/chat/gespraeche", talks, methods=["GET"]),
        Route("/chat/{conversation}", show, methods=["GET"], name="conversation"),
        Route("/chat/{conversation}/titel", rename, methods=["POST"]),
        Route("/chat/{conversation}/loeschen", delete, methods=["POST"]),
    ]


async def _events(desk: Desk, visit: Visit, viewer: Viewer, ask: Ask) -> AsyncGenerator[bytes, None]:
    """The backend's events as bytes; what it raises becomes one last event."""
    request_id = new_id("req")
    try:
        async with aclosing(desk.ports.chat.send(viewer, ask)) as events:
            async for event in events:
                yield event_bytes(event, visit)
    except Refusal as refusal:
        yield event_bytes(refusal_event(refusal, request_id), visit)
    except Exception:  # noqa: BLE001 - a border: the reader must be told, the trace goes to the log
        _log.exception("answering failed, request id %s", request_id)
        yield event_bytes(_broken(request_id), visit)


def _broken(request_id: str) -> Failed:
    sentence = Bilingual(
        "Die Antwort ist abgebrochen. Ihre Frage ist gespeichert; stellen Sie sie noch einmal.",
        "The answer broke off. Your question is kept; ask it again.",
    )
    return Failed(sentence, "internal_error", request_id)


def _ask(sent: Sent, visit: Visit) -> Ask:
    return Ask(
        conversation=sent.conversation,
        text=sent.text,
        use_case=sent.use_case,
        model=sent.model,
        language=visit.language,
        regenerate_of=sent.regenerate_of,
        replaces=sent.replaces,
    )


def _page(
    visit: Visit,
    conversation: Conversation | None,
    choices: ChatChoices,
    talks: tuple[ConversationSummary, ...],
) -> ChatPage:
    use_case = conversation.use_case if conversation else ""
    options = tuple(_option(visit, choice, use_case) for choice in choices.use_cases)
    model = conversation.model if conversation else ""
    return ChatPage(
        conversation=conversation,
        talks=TalkList(
            _groups(visit, talks, visit.desk.ports.status.now()), conversation.id if conversation else ""
        ),
        use_cases=options,
        chosen=next((option for option in options if option.selected), options[0] if options else None),
        models=tuple((choice.name, choice.label, choice.name == model) for choice in choices.models),
        examples=tuple(visit.tell(example) for example in choices.examples),
        state={
            "conversation": conversation.id if conversation else None,
            "turns": [turn_json(turn, visit) for turn in conversation.turns] if conversation else [],
        },
        removed=visit.request.query_params.get("geloescht") == "1",
    )


def _option(visit: Visit, choice: UseCaseChoice, chosen: str) -> UseCaseOption:
    data_class = visit.say(CLASS_WORDS[choice.data_class])
    return UseCaseOption(
        choice.name, choice.label, data_class, visit.tell(choice.note), choice.name == chosen
    )


def _groups(visit: Visit, talks: tuple[ConversationSummary, ...], now: datetime) -> tuple[TalkGroup, ...]:
    """By the organisation's calendar days, newest first; empty groups are left out."""
    groups: dict[str, list[ConversationSummary]] = {}
    for talk in talks:
        groups.setdefault(visit.say(_age(visit, talk.changed, now)), []).append(talk)
    return tuple(TalkGroup(label, tuple(members)) for label, members in groups.items())


def _age(visit: Visit, changed: datetime, now: datetime) -> str:
    zone = visit.form.zone
    today = now.astimezone(zone).date()
    day = changed.astimezone(zone).date()
    if day >= today:
        return N_("Heute")
    if day == today - timedelta(days=1):
        return N_("Gestern")
    return N_("Diese Woche") if day > today - timedelta(days=7) else N_("Älter")


PAGE = Page("chat", _routes, (Entry(WORK, N_("Chat"), "message-square", "/chat", Permission.CHAT_USE, 10),))
