"""What can be counted in a prompt that tells how demanding it is. Numbers only; no word is kept.

Wishes stand at the beginning or at the end of a question, pasted material in between: so words are looked
for in the first lines and in the last one only, which also bounds the time. Sizes are logarithms to base 2:
from one page to two is as far as from two to four.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log2

from leitstand.core.conversation import Media, Message, Prompt, Text, ToolResult
from leitstand.gateway.tiers.words import KINDS, TASKS, kind_of

_HEAD_CHARACTERS, _TAIL_CHARACTERS = 600, 200  # of a wish
_MOST_QUESTIONS = 20
_SAMPLE_CHARACTERS = 3000  # of a question, for numbers, tables and code
_WORD = re.compile(r"§|[^\W\d_]+(?:-[^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ITEM = re.compile(r"\s*(?:[-*•]|\(?\d{1,2}[.)]|[a-h]\))\s")
_ASKS_A_FACT = re.compile(
    r"(?:wie (?:viel|lautet|hei(?:ß|ss)t|schreibt|spät|hoch|alt)|was (?:ist|sind|hei(?:ß|ss)t|bedeutet)\b|wann|wo\b|wer\b"
    r"|what (?:is|are|does) |when|where|who\b|how (?:many|much|old))"
)
_IN_LINE_ITEM = re.compile(r"(?:^|\s)\(?(?:[1-9]|[a-h])\)\s")
_CELLS = re.compile(r"(?m)^[^\n|;\t]*[|;\t][^\n|;\t]*[|;\t].*$")
_CODE = ("```", "def ", "SELECT ", "Traceback", "function ", "=> ", "#include", "</", ";\n", "{\n", "();")
_EFFORT = {"none": -1.0, "minimal": -1.0, "low": -0.5, "medium": 0.5, "high": 1.0, "xhigh": 1.0, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing counted. de, en: how it is named to people; most: where counting ends."""

    name: str
    most: float
    de: str
    en: str


FEATURES = (
    Feature("length", 3.5, "Länge der Frage", "length of the question"),
    Feature("material", 6, "Umfang des Materials", "amount of material"),
    Feature("main_rework", 1, "Aufgabe: Text bearbeiten", "task: rework a text"),
    Feature("main_lookup", 1, "Aufgabe: kurze Auskunft", "task: short piece of information"),
    Feature("main_draft", 1, "Aufgabe: üblichen Text entwerfen", "task: draft a usual text"),
    Feature("main_explain", 1, "Aufgabe: erklären", "task: explain"),
    Feature("main_analyse", 1, "Aufgabe: analysieren, vergleichen, bewerten", "task: analyse, compare, assess"),
    Feature("main_design", 1, "Aufgabe: planen, berechnen, entwickeln", "task: plan, calculate, develop"),
    Feature("main_decide", 1, "Aufgabe: entscheiden", "task: decide"),
    Feature("rework", 2, "auch Text bearbeiten", "also rework a text"),
    Feature("lookup", 2, "auch kurze Auskunft", "also a short piece of information"),
    Feature("draft", 2, "auch Text entwerfen", "also draft a text"),
    Feature("explain", 2, "auch erklären", "also explain"),
    Feature("analyse", 4, "auch analysieren, vergleichen, bewerten", "also analyse, compare, assess"),
    Feature("design", 4, "auch planen, berechnen, entwickeln", "also plan, calculate, develop"),
    Feature("decide", 3, "auch entscheiden", "also decide"),
    Feature("constraint", 5, "Bedingungen", "conditions"),
    Feature("parts", 5, "mehrere Teilaufgaben", "several parts"),
    Feature("legal", 3, "Recht und Steuern", "law and taxes"),
    Feature("technical", 3, "Technik", "engineering"),
    Feature("brief", 2, "kurze Antwort gewünscht", "short answer wanted"),
    Feature("thorough", 2, "gründliche Antwort gewünscht", "thorough answer wanted"),
    Feature("numbers", 3.5, "Zahlen", "numbers"),
    Feature("table", 4, "Tabelle", "table"),
    Feature("code", 1, "Programmtext", "program code"),
    Feature("tools", 4, "Werkzeuge", "tools"),
    Feature("schema", 4, "tiefes Antwortschema", "deep answer schema"),
    Feature("media", 2, "Bilder und Dateien", "pictures and files"),
    Feature("effort", 1, "verlangte Denktiefe", "reasoning effort asked for"),
    Feature("long_answer", 3, "Platz für eine lange Antwort", "room for a long answer"),
)  # fmt: skip
_MOST = {feature.name: feature.most for feature in FEATURES}

Values = Mapping[str, float]


def turns(prompt: Prompt) -> Iterator[Values]:
    """The features of the prompt as it was at each of the last 20 questions of the user, the newest last.

    Only features that are not 0 are named. What tools return counts as material of the next question, so a
    question is the same at every step of an agent. A prompt without any question of a user gives nothing.
    """
    whole = _of_request(prompt)
    questions = [_question(message) for message in prompt.messages]
    passed_over = sum(map(bool, questions)) - _MOST_QUESTIONS
    material, media = 0, 0
    for message, question in zip(prompt.messages, questions, strict=True):
        if message.role in ("user", "tool"):
            characters, files = _size(message)
            material, media = material + characters, media + files
        if question:
            passed_over -= 1
            if passed_over < 0:
                values = {**whole, **dict(_of_question(question))}
                values |= {"material": log2(1 + material / 1000), "media": float(media)}
                yield {name: round(_capped(name, value), 2) for name, value in values.items() if value}


def _capped(name: str, value: float) -> float:
    return max(-_MOST[name], min(value, _MOST[name]))


def _question(message: Message) -> str:
    if message.role != "user":
        return ""
    return "\n".join(part.text for part in message.parts if isinstance(part, Text)).strip()


def _size(message: Message) -> tuple[int, int]:
    """Characters of text, and pictures and files, in a message."""
    characters, files = 0, 0
    for part in message.parts:
        for inner in part.parts if isinstance(part, ToolResult) else (part,):
            characters += len(inner.text) if isinstance(inner, Text) else 0
            files += isinstance(inner, Media)
    return characters, files


def _of_question(text: str) -> Iterator[tuple[str, float]]:
    lines = _wish(text)
    wish = "\n".join(lines).lower()
    found = [kind for word in _WORD.findall(wish) if (kind := kind_of(word))]
    if _ASKS_A_FACT.match(wish):
        found.insert(0, "lookup")
    main = next((kind for kind in found if kind in TASKS), None)
    if main:
        found.remove(main)
        yield f"main_{main}", 1.0
    kinds = Counter(found)
    for kind in KINDS:
        yield kind, float(kinds[kind])
    yield "length", log2(1 + len(wish) / 100)
    items = sum(_ITEM.match(line) is not None for line in lines)
    yield "parts", float(max(items, len(_IN_LINE_ITEM.findall(wish))) + max(wish.count("?") - 1, 0))
    sample = text[:_SAMPLE_CHARACTERS]
    yield "numbers", log2(1 + len(_NUMBER.findall(sample)))
    yield "table", log2(1 + len(_CELLS.findall(sample)))
    yield "code", float(sum(mark in sample for mark in _CODE) > 1 or "```" in sample)


def _wish(text: str) -> list[str]:
    """The lines that say what is wanted: the first one, list items right after it, and the last one."""
    lines = [line for line in text[:_SAMPLE_CHARACTERS].splitlines() if line.strip()]
    head = [lines[0][:_HEAD_CHARACTERS]]
    for line in lines[1:]:
        if not _ITEM.match(line) or sum(map(len, head)) > _HEAD_CHARACTERS:
            break
        head.append(line)
    tail = text[-_TAIL_CHARACTERS:].rsplit("\n", 1)
    if len(lines) > len(head) and len(tail) == 2:
        head.append(tail[1])
    elif len(lines) == 1 and len(text) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        head.append(tail[-1])
    return head


def _of_request(prompt: Prompt) -> Values:
    schema = prompt.answer_format.schema if prompt.answer_format else None
    return {
        "tools": log2(1 + len(prompt.tools)),
        "schema": float(_depth(schema)) if schema else 0.0,
        "effort": _EFFORT.get(prompt.reasoning_effort, 0.0),
        "long_answer": log2(prompt.max_tokens / 1000) if prompt.max_tokens else 0.0,
    }


def _depth(schema: object, left: int = 12) -> int:
    """How many objects and lists lie inside each other in a JSON schema, at most 12."""
    if left == 0:
        return 0
    if isinstance(schema, dict):
        nests = schema.get("type") in ("object", "array")
        return nests + max((_depth(inner, left - 1) for inner in schema.values()), default=0)
    if isinstance(schema, list):
        return max((_depth(inner, left - 1) for inner in schema), default=0)
    return 0
