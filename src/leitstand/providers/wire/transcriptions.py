"""Transcripts in OpenAI's format: the sound goes out as a form with a file in it.

Source: OpenAI API reference, "Create transcription"; Mistral, "Audio transcriptions". Always JSON is asked for:
plain text and subtitles are made of it for the client (`verbose_json` has the times that subtitles need).
"""

import base64
import binascii
import math
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from leitstand.core.conversation import Frame, Heard, Json, Media, Prompt, TextDelta
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import task
from leitstand.providers.wire.counts import count
from leitstand.providers.wire.task import Step

_TIMED = frozenset({"verbose_json", "srt", "vtt"})
_FORMATS = frozenset({"", "json", "text"}) | _TIMED
_TIMES = "timestamp_granularities"
_CONTROL = re.compile(r'[\x00-\x1f"\\\x7f]')
_OWN = ("language", _TIMES)
_TIMELESS = re.compile(r"gpt-.*transcribe.*")


@dataclass(frozen=True, slots=True)
class Transcriptions:
    """passed: fields that the provider takes besides. formats: whether it can be asked for `verbose_json`;
    without, times come by `timestamp_granularities` alone. hints: whether it takes a text that leads the way.
    """

    passed: tuple[str, ...] = ("include", "chunking_strategy", "keywords", "languages")
    formats: bool = True
    hints: bool = True

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        wanted = prompt.extra.get("response_format") or ""
        if wanted not in _FORMATS:
            return f"response_format: {wanted}"
        if task.inputs(prompt) and not self.hints:
            return "prompt"
        return task.lacking(prompt, {"response_format", *_OWN, *self.passed}, hints=("user",))

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        sound = _sound(prompt)
        wanted = prompt.extra.get("response_format") or "json"
        form: Json = {"model": model, **task.said(prompt, (*_OWN, *self.passed))}
        if self.formats:
            form["response_format"] = "verbose_json" if _tells_times(model, wanted) else "json"
        elif wanted in _TIMED:
            form.setdefault(_TIMES, ["segment"])
        if hint := "\n".join(task.inputs(prompt)):
            form["prompt"] = hint
        if prompt.temperature is not None:
            form["temperature"] = prompt.temperature
        border = secrets.token_hex(16)
        body = b"".join(_form(form, sound, border))
        read = partial(_read, keep=self.formats and wanted in ("json", "verbose_json"))
        return [Step("audio/transcriptions", body, read, f"multipart/form-data; boundary={border}")]


def _tells_times(model: str, wanted: str) -> bool:
    """Whether to ask for times. OpenAI's GPT models know none; who insists on `verbose_json` is told so by OpenAI."""
    return wanted == "verbose_json" or (wanted in _TIMED and not _TIMELESS.fullmatch(model))


def _sound(prompt: Prompt) -> Media:
    for message in prompt.messages:
        for part in message.parts:
            if isinstance(part, Media) and part.data:
                return part
    raise Unsupported("a transcription without sound")


def _form(fields: Json, sound: Media, border: str) -> Iterator[bytes]:
    """A form with the sound as its file (RFC 7578); a list is a field `name[]` for each of its values."""
    for name, value in fields.items():
        label = f"{name}[]" if isinstance(value, list) else name
        for one in value if isinstance(value, list) else [value]:
            yield _head(border, f'name="{label}"') + b"\r\n" + _plain(one) + b"\r\n"
    file = _CONTROL.sub("_", sound.name) or "audio"
    place = _head(border, f'name="file"; filename="{file}"')
    kind = _CONTROL.sub("", sound.media_type) or "application/octet-stream"
    yield place + f"Content-Type: {kind}\r\n\r\n".encode()
    try:
        yield base64.b64decode(sound.data)
    except binascii.Error as cause:
        raise Unsupported("sound that is no base64") from cause
    yield f"\r\n--{border}--\r\n".encode()


def _head(border: str, place: str) -> bytes:
    return f"--{border}\r\nContent-Disposition: form-data; {place}\r\n".encode()


def _plain(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)


class _Answer(msgspec.Struct):
    text: str
    language: str | None = None
    duration: float | None = None
    segments: list[Json] | None = None
    words: list[Json] | None = None
    usage: Json | None = None


_DECODER = msgspec.json.Decoder(_Answer, strict=False)  # some servers write the duration as a string


def _read(body: bytes, keep: bool) -> Frame:
    answer = _DECODER.decode(body)
    seconds = _seconds(answer)
    details = {name: rows for name in ("segments", "words") if (rows := getattr(answer, name))}
    heard = Heard(answer.language or "", seconds, details or None)
    usage = task.used(answer.usage, "second", math.ceil(seconds))
    return Frame((heard, TextDelta(answer.text), *usage), body if keep else None, "transcriptions")


def _seconds(answer: _Answer) -> float:
    """The length of the sound as the provider counts it; 0 where it tells none."""
    if answer.duration and math.isfinite(answer.duration) and answer.duration > 0:
        return answer.duration
    usage = answer.usage or {}
    counted = usage.get("seconds")
    if isinstance(counted, int | float) and 0 < counted < 1e9:
        return float(counted)
    return float(count(usage, "prompt_audio_seconds"))
