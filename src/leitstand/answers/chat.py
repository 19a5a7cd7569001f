"""Answering within a conversation:

    Ask ─▶ keep the question ─▶ gateway ─▶ events, restored and marked ─▶ keep the answer

Every answer is kept as far as it came: complete, stopped by its reader, refused or failed.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date

from leitstand.answers.conversations import Body, Conversations, Place
from leitstand.answers.events import (
    ChatEvent,
    Citation,
    Delta,
    Done,
    Failed,
    QuestionShown,
    Refused,
    Segment,
    Started,
)
from leitstand.answers.values import Ask, ChatChoices, Conversation, ModelChoice, State, Turn, UseCaseChoice
from leitstand.core.classes import Region
from leitstand.core.clock import Clock
from leitstand.core.conversation import Cited, Message, Prompt, Text, TextDelta
from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.gateway.hotpath import Gateway
from leitstand.gateway.values import Head, Piece, Request, Tail
from leitstand.identity.callers import Caller
from leitstand.policy.rulebook import GENERAL, Route, Rulebook, UseCase
from leitstand.privacy.mask import mask, scan
from leitstand.privacy.restore import MARKED, Restorer

MAX_QUESTION_CHARACTERS = 100_000


@dataclass
class _Said:
    """What an answer has said so far."""

    request: Request
    prompt: Prompt
    head: Head | None = None
    segments: list[Segment] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    state: State = "stopped"
    done: Done | None = None
    message: Bilingual | None = None
    code: str = ""

    def body(self) -> Body:
        return Body(
            tuple(self.segments), self.state, tuple(self.citations), self.done, self.message, self.code
        )


class Chat:
    """Answers questions of people in their conversations."""

    def __init__(
        self, gateway: Gateway, conversations: Conversations, clock: Clock, today: Callable[[], date]
    ) -> None:
        self._gateway = gateway
        self._conversations = conversations
        self._clock = clock
        self._today = today

    def choices(self, examples: tuple[Bilingual, ...] = ()) -> ChatChoices:
        """Use cases and models: the general use case first, and models that stay in the house."""
        book = self._gateway.rules.book
        cases = {GENERAL: book.general(), **book.use_cases}
        return ChatChoices(
            use_cases=tuple(
                UseCaseChoice(name, case.title or name, case.data_class, _note(book, case))
                for name, case in cases.items()
            ),
            models=tuple(
                ModelChoice(route.name, route.label) for route in sorted(book.routes.values(), key=_nearest)
            ),
            examples=examples,
        )

    async def send(self, caller: Caller, ask: Ask) -> AsyncGenerator[ChatEvent, None]:
        """The events of one answer; consume it under aclosing, close it early to stop."""
        history, place = await asyncio.to_thread(self._take, caller, ask)
        said = self._request(ask, history)
        yield Started(
            said.request.id, place.conversation, place.title, place.question, place.answer, self._clock.now()
        )
        try:
            async with aclosing(self._answer(caller, place, said)) as events:
                async for event in events:
                    yield event
        finally:
            await asyncio.to_thread(self._conversations.answer, place, said.request.id, said.body())

    def _take(self, caller: Caller, ask: Ask) -> tuple[list[Message], Place]:
        """Keep the question; the messages of the turns before it."""
        if not ask.text.strip() or len(ask.text) > MAX_QUESTION_CHARACTERS:
            raise InvalidRequest(
                f"Eine Frage hat 1 bis {MAX_QUESTION_CHARACTERS:,} Zeichen.".replace(",", "."),
                f"A question has 1 to {MAX_QUESTION_CHARACTERS:,} characters.",
            )
        store = self._conversations
        if ask.conversation is None:
            row = store.begin(caller.name, ask.text, ask.use_case, ask.model)
            return [], store.ask(row, 0, ask.text, ask.use_case, ask.model)
        found, known = store.row(caller.name, ask.conversation), store.read(caller.name, ask.conversation)
        if found is None or known is None:
            raise InvalidRequest("Dieses Gespräch gibt es nicht mehr.", "This conversation no longer exists.")
        question = ask.regenerate_of or ask.replaces
        position = len(known.turns) if question is None else _position(known, question)
        history = [message for turn in known.turns[:position] for message in _messages(turn)]
        if ask.regenerate_of:
            return history, store.ask_again(found, question or "", position, ask.use_case, ask.model)
        return history, store.ask(found, position, ask.text, ask.use_case, ask.model)

    def _request(self, ask: Ask, history: list[Message]) -> _Said:
        prompt = Prompt("chat", ask.model, (*history, Message("user", (Text(ask.text),))), stream=True)
        time_us = self._clock.time_us()
        request = Request(
            id=new_id("req", time_us), prompt=prompt, time_us=time_us, use_case=ask.use_case or None,
            language=ask.language, mark_originals=True,
        )  # fmt: skip
        return _Said(request, prompt)

    async def _answer(self, caller: Caller, place: Place, said: _Said) -> AsyncGenerator[ChatEvent, None]:
        started = asyncio.get_running_loop().time()
        try:
            async with aclosing(self._gateway.answer(said.request, caller, self._today())) as parts:
                async for part in parts:
                    match part:
                        case Head():
                            said.head = part
                            yield await self._show_question(caller, place, said)
                        case Piece():
                            for event in _events(part, said):
                                yield event
                        case Tail():
                            said.state = "complete"
                            latency_s = asyncio.get_running_loop().time() - started
                            said.done = _done(said.head, part, latency_s)
                            yield said.done
        except Refusal as refusal:
            said.state = "refused" if refusal.status < 500 else "failed"
            said.message, said.code = Bilingual(refusal.de, refusal.en), refusal.code
            kind = Refused if said.state == "refused" else Failed
            yield kind(said.message, refusal.code, said.request.id)

    async def _show_question(self, caller: Caller, place: Place, said: _Said) -> QuestionShown:
        """The question with the placeholders that left the house; none when nothing was replaced."""
        text = _last_text(said.prompt)
        segments: tuple[Segment, ...] = (Segment(text),)
        if said.head is not None and said.head.pseudonymised:
            scanner = self._gateway.rules.scanner.of(caller.person.department)
            masked, mapping = await asyncio.to_thread(lambda: mask(scan(said.prompt, scanner)))
            shown = Restorer(mapping).segments(_last_text(masked.prompt))
            segments = tuple(Segment(piece, placeholder) for piece, placeholder in shown)
            await asyncio.to_thread(self._conversations.show_question, place, segments)
        return QuestionShown(segments)


def _events(piece: Piece, said: _Said) -> list[ChatEvent]:
    events: list[ChatEvent] = []
    for chunk in piece.frame.chunks:
        if isinstance(chunk, TextDelta) and chunk.text:
            segments = unmarked(chunk.text)
            said.segments += segments
            events.append(Delta(tuple(segments)))
        elif isinstance(chunk, Cited):
            citation = Citation(chunk.number, chunk.document, chunk.passage, chunk.place)
            said.citations.append(citation)
            events.append(citation)
    return events


def unmarked(text: str) -> list[Segment]:
    """A restored text with marks as segments: `(original, placeholder)` where a mark stands."""
    segments: list[Segment] = []
    place = 0
    for match in re.finditer(MARKED, text):
        if match.start() > place:
            segments.append(Segment(text[place : match.start()]))
        segments.append(Segment(match["original"], match["placeholder"]))
        place = match.end()
    if place < len(text):
        segments.append(Segment(text[place:]))
    return segments


def _done(head: Head | None, tail: Tail, latency_s: float) -> Done:
    assert head is not None, "an answer ended without a head"
    return Done(
        provider=head.provider, region=Region(head.region), model=head.provider_model, latency_s=latency_s,
        cost_nano=tail.cost_nano, protected=head.pseudonymised, cache=head.cache, data_class=head.data_class,
        tier=head.tier,
    )  # fmt: skip


def _position(known: Conversation, question: str) -> int:
    for position, turn in enumerate(known.turns):
        if turn.id == question:
            return position
    raise InvalidRequest("Diese Frage gibt es nicht mehr.", "This question no longer exists.")


def _messages(turn: Turn) -> list[Message]:
    """A turn as the model sees it: the question and its last answer, as far as one came."""
    question = Message("user", (Text(_joined(turn.segments)),))
    said = [answer for answer in turn.answers if answer.segments]
    if not said:
        return [question]
    return [question, Message("assistant", (Text(_joined(said[-1].segments)),))]


def _joined(segments: tuple[Segment, ...]) -> str:
    return "".join(segment.text for segment in segments)


def _last_text(prompt: Prompt) -> str:
    return "".join(part.text for part in prompt.messages[-1].parts if isinstance(part, Text))


def _nearest(route: Route) -> tuple[bool, str]:
    return any(offer.target.region is not Region.LOCAL for offer in route.offers), route.name


def _note(book: Rulebook, case: UseCase) -> Bilingual | None:
    """Where requests of this use case may go, if that is restricted."""
    regions = {region.value for region in book.policy[case.data_class].regions}
    if regions == {"local"}:
        return Bilingual("bleibt im Haus", "stays in the house")
    if regions <= {"eu", "local"}:
        return Bilingual("nur EU-Anbieter", "EU providers only")
    return None
