"""A person's conversations: kept sealed, read by their owner only, deleted for good.

Blocking (database, decryption): call from a thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from leitstand.answers.events import Citation, Done, Segment
from leitstand.answers.repository import ConversationRow, ConversationRows, MessageRow
from leitstand.answers.values import Conversation, ConversationSummary, State, StoredAnswer, Turn
from leitstand.core.clock import Clock, from_us
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.core.sealing import Sealer

_TITLE_LENGTH = 60


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message row seals."""

    segments: tuple[Segment, ...]
    state: State = "complete"
    citations: tuple[Citation, ...] = ()
    done: Done | None = None
    message: Bilingual | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands, and the answer that is about to be added to it."""

    conversation: str
    title: str
    question: str
    answer: str
    position: int
    variant: int
    use_case: str
    model: str


class Conversations:
    """The store. Each text is sealed for its own row, so rows cannot be exchanged."""

    def __init__(self, rows: ConversationRows, sealer: Sealer, clock: Clock) -> None:
        self._rows = rows
        self._sealer = sealer
        self._clock = clock

    def list(self, user: str) -> tuple[ConversationSummary, ...]:
        """Newest first."""
        return tuple(
            ConversationSummary(row.id, self._title(row), from_us(row.changed_us))
            for row in self._rows.of(user)
        )

    def read(self, user: str, conversation: str) -> Conversation | None:
        """None when there is none of this user."""
        row = self._rows.get(user, conversation)
        if row is None:
            return None
        turns: list[Turn] = []
        for message in self._rows.messages(conversation):
            body = self._open(message)
            if message.role == "user":
                turns.append(Turn(message.id, from_us(message.created_us), body.segments, ()))
            elif turns:
                last = turns[-1]
                turns[-1] = Turn(last.id, last.time, last.segments, (*last.answers, _answer(message, body)))
        return Conversation(row.id, self._title(row), row.use_case, row.model, tuple(turns))

    def rename(self, user: str, conversation: str, title: str) -> bool:
        """False when there is none of this user."""
        sealed = self._sealer.seal(title.strip()[:_TITLE_LENGTH].encode(), f"conversation:{conversation}")
        return self._rows.set_title(user, conversation, sealed)

    def delete(self, user: str, conversation: str) -> bool:
        """Remove the conversation with its texts; False when there is none of this user."""
        return self._rows.remove(user, conversation)

    def begin(self, user: str, text: str, use_case: str, model: str) -> ConversationRow:
        """A new conversation, named after its first question."""
        now_us = self._clock.time_us()
        conversation = new_id("conv", now_us)
        title = self._sealer.seal(short_title(text).encode(), f"conversation:{conversation}")
        row = ConversationRow(conversation, user, use_case, model, title, now_us, now_us)
        self._rows.add(row)
        return row

    def ask(self, row: ConversationRow, position: int, text: str, use_case: str, model: str) -> Place:
        """Keep a question at a place; what stood there and after it goes."""
        now_us = self._clock.time_us()
        self._rows.remove_from(row.id, position)
        question = MessageRow(new_id("msg", now_us), row.id, position, 0, "user", "", b"", now_us)
        self._add(question, Body((Segment(text),)), use_case, model)
        return self._place(row, question.id, position, use_case, model)

    def ask_again(
        self, row: ConversationRow, question: str, position: int, use_case: str, model: str
    ) -> Place:
        """One more answer to a question that stands."""
        return self._place(row, question, position, use_case, model)

    def show_question(self, place: Place, segments: Sequence[Segment]) -> None:
        """Keep which parts of a question a provider saw as placeholders."""
        self._rows.replace_body(place.question, self._seal(place.question, Body(tuple(segments))))

    def answer(self, place: Place, request_id: str, body: Body) -> None:
        """Keep an answer, whole or as far as it came."""
        now_us = self._clock.time_us()
        row = MessageRow(
            place.answer,
            place.conversation,
            place.position,
            place.variant,
            "assistant",
            request_id,
            b"",
            now_us,
        )
        self._add(row, body, place.use_case, place.model)

    def row(self, user: str, conversation: str) -> ConversationRow | None:
        """The row of a user's own conversation."""
        return self._rows.get(user, conversation)

    def _place(self, row: ConversationRow, question: str, position: int, use_case: str, model: str) -> Place:
        variant = self._rows.next_variant(row.id, position)
        answer = new_id("msg", self._clock.time_us())
        return Place(row.id, self._title(row), question, answer, position, variant, use_case, model)

    def _add(self, row: MessageRow, body: Body, use_case: str, model: str) -> None:
        sealed = MessageRow(
            row.id, row.conversation, row.position, row.variant, row.role, row.request_id,
            self._seal(row.id, body), row.created_us,
        )  # fmt: skip
        self._rows.add_message(sealed, use_case, model)

    def _seal(self, message: str, body: Body) -> bytes:
        return self._sealer.seal(msgspec.json.encode(body), f"message:{message}")

    def _open(self, row: MessageRow) -> Body:
        return msgspec.json.decode(self._sealer.open(row.body, f"message:{row.id}"), type=Body)

    def _title(self, row: ConversationRow) -> str:
        return self._sealer.open(row.title, f"conversation:{row.id}").decode()


def _answer(row: MessageRow, body: Body) -> StoredAnswer:
    return StoredAnswer(
        row.id, row.request_id, from_us(row.created_us), body.segments, body.state, body.citations, body.done,
        body.message, body.code,
    )  # fmt: skip


def short_title(text: str) -> str:
    """The first line of a question, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= _TITLE_LENGTH:
        return line
    return line[:_TITLE_LENGTH].rsplit(" ", 1)[0] + " …"
