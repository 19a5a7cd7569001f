"""What a simulated model says: a function of the request alone.

In this order, by the last text of the user:
1. a line `echo: TEXT` → exactly TEXT; a line `echo-all` → all texts of the user, one per line; `echo-system` →
   the system prompt; `count: N` → N words `w1 w2 …` (one token each up to `w99999`);
2. tools: called where `tool_choice` forces one or the text mentions its name (several: parallel calls), with
   arguments made from the schema, their strings being what follows `with:`; after tool results → a text that
   quotes them;
3. a requested JSON format → JSON valid for the schema;
4. else a short German business answer that begins with "Simulierte Antwort" and names the topic.
A beginning of the answer that the client gives is gone on from where it fits, and ignored where it does not.
Stop sequences and max_tokens then cut it as a provider would.
"""

import hashlib
import re
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from leitstand.simulator import schemas, tokens
from leitstand.simulator.values import Answer, Asked, Choice, Stop, ToolSpec, ToolUse

_ECHO = re.compile(r"^[ \t]*echo:[ \t]?(.*)$", re.MULTILINE)
_ECHO_ALL = re.compile(r"^[ \t]*echo-all[ \t]*$", re.MULTILINE)
_ECHO_SYSTEM = re.compile(r"^[ \t]*echo-system[ \t]*$", re.MULTILINE)
_COUNT = re.compile(r"^[ \t]*count:[ \t]*(\d{1,6})[ \t]*$", re.MULTILINE)
_TOPIC_WORDS = 10
_THINKING = "Ich prüfe die Frage, ordne die Angaben und antworte kurz."

_OPENINGS = (
    "Zu „{topic}“ lässt sich Folgendes festhalten.",
    "Ihre Frage betrifft „{topic}“.",
    "Gern helfe ich Ihnen bei „{topic}“ weiter.",
)
_MIDDLES = (
    "Prüfen Sie zuerst, ob die Angaben im Vorgang vollständig sind und der Termin gehalten werden kann.",
    "Der Ablauf hat drei Schritte: Unterlagen sichten, offene Punkte klären, Ergebnis schriftlich bestätigen.",
    "Entscheidend sind Liefertermin, Preis und Zuständigkeit; alles Weitere folgt daraus.",
    "Vergleichen Sie die Zahlen mit dem Vormonat, bevor Sie eine Zusage machen.",
)
_CLOSINGS = (
    "Lassen Sie das Ergebnis von der Fachabteilung freigeben, bevor Sie es versenden.",
    "Bei Abweichungen wenden Sie sich an die zuständige Stelle und vermerken Sie den Grund.",
    "Diese Antwort stammt von einem Simulator und ersetzt keine fachliche Prüfung.",
)


def answer(asked: Asked) -> Answer:
    """The answer to a request, with all its choices."""
    thinking = tokens.split(_THINKING) if asked.thinking else ()
    room = None if asked.max_tokens is None else max(0, asked.max_tokens - len(thinking))
    said = (_rest(_choice(asked, index), asked.beginning) for index in range(asked.choices))
    choices = tuple(_limited(_stopped(choice, asked.stop), room) for choice in said)
    return Answer(choices, thinking)


def filtered(whole: Answer, after_tokens: int) -> Answer:
    """The same answer, ended by the provider's content filter after so many tokens."""
    choices = tuple(_limited(choice, after_tokens, "filter") for choice in whole.choices)
    return Answer(choices, whole.thinking)


def halved(whole: Answer) -> Answer:
    """The first half of every choice, ended as if that were all."""
    choices = tuple(
        replace(choice, pieces=choice.pieces[: len(choice.pieces) // 2]) for choice in whole.choices
    )
    return Answer(choices, whole.thinking)


def _choice(asked: Asked, index: int) -> Choice:
    direct = _direct(asked)
    if direct is not None:
        return Choice(tokens.split(direct))
    if asked.results:
        return Choice(tokens.split(f"Simulierte Antwort: Das Werkzeug meldet „{' | '.join(asked.results)}“."))
    called = _called(asked)
    if called:
        return Choice(tools=tuple(_tool_use(tool, asked.last) for tool in called), stop="tool")
    if asked.schema is not None:
        value = schemas.example(asked.schema, schemas.said_after("with:", asked.last))
        return Choice(tokens.split(msgspec.json.encode(value).decode()))
    text = _business_answer(asked.last)
    if asked.json_object:
        text = msgspec.json.encode({"antwort": text}).decode()
    elif index > 0:
        text += f" (Variante {index + 1})"
    return Choice(tokens.split(text))


def _rest(choice: Choice, beginning: str) -> Choice:
    """What follows on the beginning."""
    text = choice.text
    if not beginning or not text.startswith(beginning):
        return choice
    return replace(choice, pieces=tokens.split(text[len(beginning) :]))


def _direct(asked: Asked) -> str | None:
    if echoed := _ECHO.search(asked.last):
        return echoed.group(1)
    if _ECHO_ALL.search(asked.last):
        return "\n".join(asked.users)
    if _ECHO_SYSTEM.search(asked.last):
        return asked.system
    if counted := _COUNT.search(asked.last):
        return " ".join(f"w{number}" for number in range(1, int(counted.group(1)) + 1))
    return None


def _called(asked: Asked) -> list[ToolSpec]:
    named = [tool for tool in asked.tools if re.search(rf"\b{re.escape(tool.name)}\b", asked.last)]
    if asked.forced == "*":
        named = named or list(asked.tools[:1])
    elif asked.forced:
        named = [tool for tool in asked.tools if tool.name == asked.forced]
    return named if asked.parallel else named[:1]


def _tool_use(tool: ToolSpec, text: str) -> ToolUse:
    arguments = schemas.example({"type": "object", **tool.schema}, schemas.said_after("with:", text))
    return ToolUse(tool.name, tokens.split(msgspec.json.encode(arguments).decode()))


def _business_answer(question: str) -> str:
    lines = [line.strip() for line in question.splitlines() if line.strip()]
    topic = " ".join(" ".join(lines).split()[:_TOPIC_WORDS]).rstrip(".,;:?!") or "Ihre Anfrage"
    pick = hashlib.blake2b(question.encode("utf-8", "replace"), digest_size=4).digest()
    middle = pick[1] % len(_MIDDLES)
    sentences = (
        _OPENINGS[pick[0] % len(_OPENINGS)].replace("{topic}", topic),
        _MIDDLES[middle],
        _MIDDLES[(middle + 1) % len(_MIDDLES)],
        _CLOSINGS[pick[2] % len(_CLOSINGS)],
    )
    return "Simulierte Antwort: " + " ".join(sentences)


def _stopped(choice: Choice, stop: tuple[str, ...]) -> Choice:
    text = choice.text
    hits = [(text.find(word), word) for word in stop if word and word in text]
    if not hits:
        return choice
    position, word = min(hits)
    return replace(choice, pieces=tokens.split(text[:position]), stop="stop_sequence", stop_sequence=word)


@dataclass
class _Room:
    """Tokens that may still be written."""

    left: int

    def take(self, pieces: tuple[str, ...]) -> tuple[str, ...]:
        taken = pieces[: self.left]
        self.left -= len(taken)
        return taken


def _limited(choice: Choice, most: int | None, stop: Stop = "length") -> Choice:
    """Cut a choice to `most` tokens; a longer one ends with the reason `stop`."""
    if most is None or choice.tokens <= most:
        return replace(choice, stop="filter", stop_sequence=None) if stop == "filter" else choice
    room = _Room(most)
    pieces = room.take(choice.pieces)
    tools = []
    for tool in choice.tools:
        if room.left < tool.name_tokens:
            break
        room.left -= tool.name_tokens
        tools.append(ToolUse(tool.name, room.take(tool.pieces)))
    return Choice(pieces, tuple(tools), stop)
