"""Single tasks: what the formats of embeddings, reranking, pictures and transcripts share.

A task is asked in one or several requests (`Step`), for providers take different numbers of inputs at once; the
answers are read one by one and joined into the one frame that a task is answered with.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from leitstand.core.conversation import (
    Chunk,
    Dialect,
    Embedded,
    Frame,
    Json,
    Prompt,
    Ranked,
    Text,
    Unit,
    Usage,
    Used,
)
from leitstand.providers.faults import FaultKind, Unsupported, UpstreamFault
from leitstand.providers.wire.counts import count

_JSON = "application/json"
_BYTES_PER_TOKEN = 2  # low on purpose: German prose takes 3.3 and more, digits and rare scripts come near 2


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a task. path: what follows the API's address; read: makes a frame of the answer's body.

    `read` raises msgspec.DecodeError or UpstreamFault for what is no answer to this request.
    """

    path: str
    body: bytes
    read: Callable[[bytes], Frame]
    content_type: str = _JSON


class Task(Protocol):
    """A task in a provider's words; stateless."""

    def lacks(self, prompt: Prompt) -> str | None:
        """The first feature of a prompt that the provider cannot say, or None."""

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """The requests to send, at least one. Raises Unsupported (see `lacks`)."""


Tasks = Mapping[Dialect, Task]
"""What an adapter serves besides conversations."""


def lacking(prompt: Prompt, known: Iterable[str], *, hints: Iterable[str] = ()) -> str | None:
    """The first field of `extra` that is neither known nor a hint that may be left out; tasks never stream."""
    if prompt.stream:
        return "stream"
    spoken = {*known, *hints}
    for name, value in prompt.extra.items():
        if name not in spoken and value not in (None, False, [], {}, "", "auto"):
            return name
    return None


def refuse_unsayable(task: Task, prompt: Prompt) -> None:
    """Raise Unsupported for what the task cannot say."""
    missing = task.lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)


def said(prompt: Prompt, known: Iterable[str]) -> Json:
    """The fields of `extra` under these names that hold something."""
    return {name: value for name in known if (value := prompt.extra.get(name)) is not None}


def inputs(prompt: Prompt) -> list[str]:
    """The texts of all messages, in order."""
    return [part.text for message in prompt.messages for part in message.parts if isinstance(part, Text)]


def texts_by_message(prompt: Prompt) -> list[str]:
    """The text of each message, in order."""
    return [
        "\n".join(part.text for part in message.parts if isinstance(part, Text))
        for message in prompt.messages
    ]


def only_text(prompt: Prompt) -> str | None:
    """The kind of the first part that is no text, or None."""
    strange = (part for message in prompt.messages for part in message.parts if not isinstance(part, Text))
    return next((getattr(part, "kind", "unknown part") for part in strange), None)


def portions(texts: Sequence[str], size: int, most_tokens: int = 0) -> list[list[str]]:
    """The texts in order, at most `size` together; one empty portion for none.

    most_tokens: what a portion may hold by a high estimate, 0 for any number; a text above it goes alone.
    """
    found: list[list[str]] = [[]]
    held = 0
    for text in texts:
        tokens = len(text.encode()) // _BYTES_PER_TOKEN + 1
        if found[-1] and (len(found[-1]) == size or (most_tokens and held + tokens > most_tokens)):
            found.append([])
            held = 0
        found[-1].append(text)
        held += tokens
    return found


def encode(body: Json) -> bytes:
    """A JSON body."""
    return msgspec.json.encode(body)


def vectors(rows: Sequence[tuple[int, tuple[float, ...]]], wanted: int) -> tuple[Embedded, ...]:
    """Vectors in the order of their inputs. Raises UpstreamFault unless there is exactly one for each."""
    ordered = sorted(rows, key=lambda row: row[0])
    if [index for index, _ in ordered] != list(range(wanted)):
        raise mismatch(f"{len(rows)} vectors for {wanted} inputs, or not one for each")
    if any(not vector or len(vector) != len(ordered[0][1]) for _, vector in ordered):
        raise mismatch("vectors are empty or of different length")
    return tuple(Embedded(index, vector) for index, vector in ordered)


def ranking(rows: Iterable[tuple[int, float]], documents: int, top_n: int | None) -> tuple[Ranked, ...]:
    """Scores, best first, at most `top_n`; equal ones in the order of the documents.

    Raises UpstreamFault when documents that were asked for are missing, foreign or twice there.
    """
    best = sorted(rows, key=lambda row: (-row[1], row[0]))
    places = {index for index, _ in best}
    wanted = documents if top_n is None else min(top_n, documents)
    if len(places) != len(best) or not places <= set(range(documents)) or len(best) < wanted:
        raise mismatch(f"{len(best)} scores for {wanted} of {documents} documents, or not one for each")
    if not all(math.isfinite(score) for _, score in best):
        raise mismatch("a score is no number")
    return tuple(Ranked(index, score) for index, score in best[:wanted])


def mismatch(message: str) -> UpstreamFault:
    """The fault of an answer that does not fit its question."""
    return UpstreamFault(FaultKind.MALFORMED, message, status=200)


def top_n(prompt: Prompt) -> int | None:
    """How many of the best documents are wanted; None for all."""
    wanted = prompt.extra.get("top_n")
    return wanted if isinstance(wanted, int) and wanted > 0 else None


def used(raw: Any, unit: Unit = "", units: int = 0) -> tuple[Used, ...]:
    """What a usage object counts, in the names that OpenAI's family has for it; nothing where nothing is counted."""
    tokens_in = count(raw, "prompt_tokens") or count(raw, "input_tokens")
    tokens_out = count(raw, "completion_tokens") or count(raw, "output_tokens")
    tokens_in = tokens_in or max(count(raw, "total_tokens") - tokens_out, 0)
    if not (tokens_in or tokens_out or units):
        return ()
    kept = raw if isinstance(raw, dict) else None
    return (Used(Usage(tokens_in, tokens_out, units=units, unit=unit, raw=kept)),)


def join(frames: Sequence[Frame]) -> Frame:
    """The answers of all steps as one: vectors counted on, usage added up, `raw` only where it is the whole."""
    if len(frames) == 1:
        return frames[0]
    chunks: list[Chunk] = []
    usage: list[Usage] = []
    offset = 0
    for frame in frames:
        for chunk in frame.chunks:
            if isinstance(chunk, Used):
                usage.append(chunk.usage)
            else:
                chunks.append(
                    replace(chunk, index=chunk.index + offset) if isinstance(chunk, Embedded) else chunk
                )
        offset = len(chunks)
    # A sum in which one part is missing would be a bill too low: then nothing is said, and ours stands in.
    if len(usage) == len(frames):
        chunks.append(Used(_sum(usage)))
    return Frame(tuple(chunks), None, frames[0].dialect)


def _sum(parts: Sequence[Usage]) -> Usage:
    return Usage(
        input_tokens=sum(part.input_tokens for part in parts),
        output_tokens=sum(part.output_tokens for part in parts),
        units=sum(part.units for part in parts),
        unit=parts[0].unit,
    )
