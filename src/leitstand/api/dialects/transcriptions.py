"""`/v1/audio/transcriptions` in OpenAI's format: a form with a sound in it, answered in one of five forms.

Source: OpenAI API reference, "Create transcription"; WebVTT (W3C); SubRip as players read it. Providers are
asked for JSON; plain text and subtitles are made of it here.
"""

import base64
from collections.abc import Iterator
from functools import partial

import msgspec

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.problems import chat_error_body as error_body
from leitstand.api.dialects.task import Asked, Reply, json_reply
from leitstand.api.multipart import Form, read_form
from leitstand.core.conversation import Frame, Heard, Json, Media, Message, Part, Prompt, Text, TextDelta

__all__ = ["MAX_BODY_BYTES", "error_body", "read_request"]

MAX_BODY_BYTES = 25 * 2**20
_FORMATS = ("json", "text", "verbose_json", "srt", "vtt")
_TIMES = "timestamp_granularities"


def read_request(body: bytes, content_type: str) -> Asked:
    """The prompt and the way to answer it; raises InvalidRequest."""
    form = read_form(body, content_type)
    sound = form.files.get("file")
    if sound is None:
        raise read.missing("file")
    if not sound.content:
        raise read.wrong("file", sound.name, "eine Tonaufnahme", "a recording")
    rest = _fields(form)
    if rest.pop("stream", "false") not in ("", "false"):
        raise read.wrong(
            "stream", True, "false (diese Antwort kommt am Stück)", "false (this answer comes whole)"
        )
    model = read.name(rest.pop("model", None), "model")
    wanted = rest.setdefault("response_format", "json")
    if wanted not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise read.wrong("response_format", wanted, f"eines von {known}", f"one of {known}")
    parts: list[Part] = [Text(hint)] if (hint := rest.pop("prompt", "")) else []
    parts.append(
        Media(
            "audio", sound.media_type, base64.b64encode(sound.content).decode(), name=_plain_name(sound.name)
        )
    )
    prompt = Prompt(
        "transcriptions", model, (Message("user", tuple(parts)),), temperature=_temperature(rest), extra=rest
    )
    return Asked(prompt, partial(_write, wanted))


def _fields(form: Form) -> Json:
    """A field `name[]` is a list, every other one its last value."""
    return {
        name.removesuffix("[]"): values if name.endswith("[]") else values[-1]
        for name, values in form.fields.items()
    }


def _plain_name(name: str) -> str:
    """Providers tell the kind of a recording by the end of its name; the rest may name a person and stays here."""
    end = name.rpartition(".")[2]
    return f"audio.{end.lower()}" if end.isalnum() and len(end) <= 5 else "audio"


def _temperature(rest: Json) -> float | None:
    sent = rest.pop("temperature", "")
    try:
        return read.number(float(sent), "temperature", 1) if sent else None
    except ValueError:
        raise read.wrong("temperature", sent, "eine Zahl von 0 bis 1", "a number from 0 to 1") from None


def _write(wanted: str, frame: Frame) -> Reply:
    if frame.raw is not None and frame.dialect == "transcriptions" and wanted.endswith("json"):
        return Reply(frame.raw)
    text = "".join(chunk.text for chunk in frame.chunks if isinstance(chunk, TextDelta))
    heard = next((chunk for chunk in frame.chunks if isinstance(chunk, Heard)), Heard())
    match wanted:
        case "text":
            return Reply(text.encode() + b"\n", b"text/plain; charset=utf-8")
        case "srt":
            return Reply("".join(_srt(_cues(text, heard))).encode(), b"text/plain; charset=utf-8")
        case "vtt":
            return Reply("".join(_vtt(_cues(text, heard))).encode(), b"text/vtt; charset=utf-8")
        case "verbose_json":
            return json_reply(
                {
                    "task": "transcribe", "language": heard.language, "duration": heard.seconds, "text": text,
                    **(heard.extra or {}),
                }
            )  # fmt: skip
    return json_reply({"text": text})


class _Cue(msgspec.Struct):
    """A line of subtitles: when it begins and ends, in seconds, and what is said."""

    start: float
    end: float
    text: str

    def line(self, comma: str) -> str:
        """Its times and its words; an empty line or an arrow among them would end it too early."""
        words = " ".join(self.text.split()).replace("-->", "→")
        return f"{_clock(self.start, comma)} --> {_clock(self.end, comma)}\n{words}\n\n"


def _cues(text: str, heard: Heard) -> list[_Cue]:
    """The lines of subtitles; one over the whole length where the provider tells no times."""
    try:
        timed = msgspec.convert((heard.extra or {}).get("segments"), list[_Cue], strict=False)
    except msgspec.ValidationError:
        timed = []
    return timed or [_Cue(0.0, heard.seconds, text)]


def _srt(cues: list[_Cue]) -> Iterator[str]:
    return (f"{number}\n{cue.line(',')}" for number, cue in enumerate(cues, 1))


def _vtt(cues: list[_Cue]) -> Iterator[str]:
    yield "WEBVTT\n\n"
    yield from (cue.line(".") for cue in cues)


def _clock(seconds: float, comma: str) -> str:
    """`01:02:03,456`"""
    whole, milli = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{comma}{milli:03}"
