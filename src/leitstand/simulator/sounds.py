"""Transcripts in OpenAI's and Mistral's format: what is heard in a sound is the name of its file.

The length is read from the header of a WAV file; other sounds last a second for every 16,000 bytes. Models named
`gpt-4o…` are billed by tokens, 10 a second; the others by second.
"""

import io
import math
import re
import wave
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from leitstand.simulator import tokens
from leitstand.simulator.http import Request
from leitstand.simulator.values import Json
from leitstand.simulator.wire import BadRequest, Lookup, Problem

TOKENS_PER_S = 10
_BYTES_PER_S = 16_000
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_DISPOSITION = re.compile(rb'name="([^"]*)"(?:; *filename="([^"]*)")?')
_FORMATS = ("json", "text", "srt", "vtt", "verbose_json")


@dataclass
class Form:
    """fields: by name, `[]` taken off; a field may come several times. name, file: the sound."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    name: str = ""
    file: bytes = b""

    def first(self, name: str) -> str:
        """The value of a field, or an empty text."""
        return self.fields.get(name, [""])[0]


def form(request: Request) -> Form:
    """The fields of a multipart body (RFC 7578); what is no form is an empty one."""
    found = Form()
    border = _BOUNDARY.search(request.headers.get("content-type", ""))
    if border is None:
        return found
    for piece in request.body.split(b"--" + border.group(1).encode())[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        place = _DISPOSITION.search(head)
        content = content.removesuffix(b"\r\n")
        if place is None:
            continue
        name = place.group(1).decode().removesuffix("[]")
        if place.group(2) is not None:
            found.name, found.file = place.group(2).decode("utf-8", "replace"), content
        else:
            found.fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
    return found


def seconds(sound: bytes) -> float:
    """How long a sound lasts."""
    try:
        with wave.open(io.BytesIO(sound)) as opened:
            return float(opened.getnframes() / opened.getframerate())
    except (wave.Error, EOFError):
        return max(len(sound), 1) / _BYTES_PER_S


def heard(given: Form) -> str:
    """What is said: the words of the file's name."""
    return given.name.rpartition(".")[0].replace("_", " ") or given.name


def read(request: Request, invalid: Callable[[str], Problem], deployment: str = "") -> Lookup:
    """The whole answer to a request in OpenAI's format. deployment: the model, where the path names it."""
    given = form(request)
    model, wanted = deployment or given.first("model"), given.first("response_format") or "json"
    if not model or not given.file or wanted not in _FORMATS:
        raise BadRequest(invalid("model, file and a known response_format are needed"))
    by_tokens = model.startswith("gpt-4o")
    if by_tokens and wanted != "json":
        raise BadRequest(invalid(f"response_format '{wanted}' is not compatible with model '{model}'."))
    text, length = heard(given), seconds(given.file)
    made, listened = (tokens.count(text), math.ceil(length * TOKENS_PER_S)) if by_tokens else (0, 0)
    usage: Json = {"type": "duration", "seconds": math.ceil(length)}
    if by_tokens:
        counts = {"input_tokens": listened, "output_tokens": made, "total_tokens": listened + made}
        usage = {"type": "tokens", **counts}
    answer: Json = {"text": text, "usage": usage}
    if wanted == "verbose_json":
        answer |= {"task": "transcribe", "language": given.first("language") or "german", "duration": length}
        answer["segments"] = [_segment(text, length)]
        if "word" in given.fields.get("timestamp_granularities", []):
            answer["words"] = _words(text, length)
    units = 0 if by_tokens else math.ceil(length)
    return Lookup(msgspec.json.encode(answer), model, listened, True, made, units)


def read_mistral(request: Request, invalid: Callable[[str], Problem]) -> Lookup:
    """The same in Mistral's format."""
    given = form(request)
    model = given.first("model")
    if not model or not given.file:
        raise BadRequest(invalid("model and file are needed"))
    text, length = heard(given), math.ceil(seconds(given.file))
    made = tokens.count(text)
    timed = bool(given.fields.get("timestamp_granularities"))
    part = {"type": "transcription_segment", "text": text, "start": 0.0, "end": float(length)}
    answer = {
        "model": model,
        "text": text,
        "language": given.first("language") or None,
        "segments": [part] if timed else [],
        "usage": {
            "prompt_audio_seconds": length, "prompt_tokens": TOKENS_PER_S * length,
            "completion_tokens": made, "total_tokens": TOKENS_PER_S * length + made,
        },
    }  # fmt: skip
    return Lookup(msgspec.json.encode(answer), model, TOKENS_PER_S * length, True, made, length)


def _segment(text: str, length: float) -> Json:
    return {
        "id": 0, "seek": 0, "start": 0.0, "end": length, "text": text, "tokens": [], "temperature": 0.0,
        "avg_logprob": -0.1, "compression_ratio": 1.0, "no_speech_prob": 0.0,
    }  # fmt: skip


def _words(text: str, length: float) -> list[Json]:
    words = text.split()
    each = length / max(len(words), 1)
    return [
        {"word": word, "start": place * each, "end": (place + 1) * each} for place, word in enumerate(words)
    ]
