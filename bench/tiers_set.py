"""The labelled prompts in `tier_prompts/`, as prompts. How they are labelled: tier_prompts/README.md."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leitstand.core.conversation import AnswerFormat, Media, Message, Prompt, Text, Tool
from leitstand.core.tiers import Tier

FOLDER = Path(__file__).parent / "tier_prompts"
UNSEEN = FOLDER / "unseen"


@dataclass(frozen=True)
class Labelled:
    """One prompt with the tier that people gave it. field: department or trade it comes from."""

    tier: Tier
    language: str
    field: str
    question: str
    prompt: Prompt


def labelled(folder: Path = FOLDER) -> list[Labelled]:
    """All of a folder, simple ones first. `UNSEEN` holds those that nothing was fitted to."""
    return [
        _labelled(tier, line)
        for tier in Tier
        for line in (folder / f"{tier}.txt").read_text("utf-8").splitlines()
        if line
    ]


def _labelled(tier: Tier, line: str) -> Labelled:
    language, field, question, *rest = line.split("|")
    return Labelled(tier, language, field, question, _prompt(question, "".join(rest)))


def _prompt(question: str, options: str) -> Prompt:
    """options: `tools=N schema=DEPTH image=N max=TOKENS effort=WORD`, or `after=EARLIER QUESTION`, always alone."""
    if options.startswith("after="):
        earlier = _said("user", options.removeprefix("after="))
        return Prompt("chat", "auto", (earlier, _said("assistant", "…"), _said("user", question)))
    told = dict(pair.split("=") for pair in options.split())
    images = tuple(Media("image", "image/png") for _ in range(int(told.get("image", 0))))
    message = _said("user", question)
    depth = int(told.get("schema", 0))
    return Prompt(
        "chat",
        "auto",
        (Message("user", (*message.parts, *images)),),
        max_tokens=int(told["max"]) if "max" in told else None,
        tools=tuple(Tool(f"tool_{number}") for number in range(int(told.get("tools", 0)))),
        answer_format=AnswerFormat("json_schema", schema=_schema(depth)) if depth else None,
        reasoning_effort=told.get("effort", ""),
    )


def _said(role: Any, text: str) -> Message:
    text = text.replace("\\n", "\n")
    for path in sorted((FOLDER / "material").iterdir()):
        text = text.replace("{{" + path.stem + "}}", path.read_text("utf-8").strip())
    return Message(role, (Text(text),))


def _schema(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        inner = {"type": "object", "properties": {"value": inner}}
    return inner
