"""Chat values as the JSON that the scripts read: events of a stream, and stored conversations alike.

Figures come ready for the eye ("0,4 ct"), so that format.py stays the only place that formats.
"""

import json
from typing import assert_never

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
from leitstand.answers.values import StoredAnswer, Turn
from leitstand.core.classes import DataClass, Region
from leitstand.core.errors import Refusal
from leitstand.core.i18n import Bilingual
from leitstand.core.money import plain
from leitstand.core.tiers import Tier
from leitstand.web.navigation import N_
from leitstand.web.visit import Visit

CLASS_WORDS = {
    DataClass.PUBLIC: N_("öffentlich"),
    DataClass.INTERNAL: N_("intern"),
    DataClass.CONFIDENTIAL: N_("vertraulich"),
    DataClass.PERSONAL: N_("personenbezogen"),
    DataClass.SPECIAL: N_("besonders geschützt"),
}
TIER_WORDS = {Tier.SIMPLE: N_("einfach"), Tier.STANDARD: N_("üblich"), Tier.COMPLEX: N_("anspruchsvoll")}
REGION_WORDS = {
    Region.EU: N_("EU"),
    Region.US: N_("USA"),
    Region.OTHER: N_("außerhalb der EU"),
    Region.LOCAL: N_("im Haus"),
}


def event_bytes(event: ChatEvent, visit: Visit) -> bytes:
    """One server-sent event; JSON holds no line ends, so the data is always one line."""
    name, body = _wire(event, visit)
    return f"event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def refusal_event(refusal: Refusal, request_id: str) -> Refused:
    """A refusal that the backend raised instead of telling."""
    return Refused(Bilingual(refusal.de, refusal.en), refusal.code, request_id)


def _wire(event: ChatEvent, visit: Visit) -> tuple[str, dict[str, object]]:
    match event:
        case Started():
            return "started", _started(event, visit)
        case QuestionShown():
            return "question", {"segments": _segments(event.segments)}
        case Delta():
            return "delta", {"segments": _segments(event.segments)}
        case Citation():
            return "citation", _citation(event)
        case Done():
            return "done", _done(event, visit)
        case Refused():
            return "refused", _problem(event, visit)
        case Failed():
            return "error", _problem(event, visit)
        case _:
            assert_never(event)


def turn_json(turn: Turn, visit: Visit) -> dict[str, object]:
    """A stored question with its answers."""
    return {
        "id": turn.id,
        "time": visit.form.clock(turn.time),
        "iso": visit.form.iso(turn.time),
        "segments": _segments(turn.segments),
        "answers": [_answer(answer, visit) for answer in turn.answers],
    }


def _answer(answer: StoredAnswer, visit: Visit) -> dict[str, object]:
    return {
        "id": answer.id,
        "requestId": answer.request_id,
        "time": visit.form.clock(answer.time),
        "iso": visit.form.iso(answer.time),
        "segments": _segments(answer.segments),
        "state": answer.state,
        "citations": [_citation(citation) for citation in answer.citations],
        "done": _done(answer.done, visit) if answer.done else None,
        "message": visit.tell(answer.message),
        "code": answer.code,
    }


def _started(event: Started, visit: Visit) -> dict[str, object]:
    return {
        "requestId": event.request_id,
        "conversation": event.conversation,
        "title": event.title,
        "question": event.question,
        "answer": event.answer,
        "time": visit.form.clock(event.time),
        "iso": visit.form.iso(event.time),
    }


def _segments(segments: tuple[Segment, ...]) -> list[dict[str, str | None]]:
    return [{"text": segment.text, "placeholder": segment.placeholder} for segment in segments]


def _citation(event: Citation) -> dict[str, object]:
    return {
        "number": event.number,
        "document": event.document,
        "passage": event.passage,
        "place": event.place,
    }


def _done(event: Done, visit: Visit) -> dict[str, object]:
    facts = [
        _model(event, visit),
        f"{event.provider}, {visit.say(REGION_WORDS[event.region])}",
        str(visit.form.seconds(event.latency_s)),
        str(visit.form.money(event.cost_nano)),
        visit.words.ngettext(
            "%(count)s Angabe geschützt", "%(count)s Angaben geschützt", event.protected
        ) % {"count": visit.form.number(event.protected)},
    ]  # fmt: skip
    if event.cache in ("hit", "semantic"):
        facts.append(visit.say("aus dem Zwischenspeicher"))
    return {
        "facts": facts,
        "dataClass": visit.say(CLASS_WORDS[event.data_class]),
        "costEur": plain(event.cost_nano),
        "protected": event.protected,
    }


def _model(event: Done, visit: Visit) -> str:
    if not event.tier:
        return event.model
    tier = visit.say(TIER_WORDS[Tier(event.tier)])
    return visit.say("Stufe %(tier)s, %(model)s", tier=tier, model=event.model)


def _problem(event: Refused | Failed, visit: Visit) -> dict[str, object]:
    return {"message": visit.tell(event.message), "code": event.code, "requestId": event.request_id}
