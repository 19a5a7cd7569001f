"""Transcripts: forms are read whole or refused, and one transcript is written in five forms."""

import base64
import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.api.dialects.transcriptions import read_request
from leitstand.api.multipart import read_form
from leitstand.core.conversation import Frame, Heard, Media, Text, TextDelta
from leitstand.core.errors import InvalidRequest

BORDER = "grenze-7f3a"
TYPE = f'multipart/form-data; boundary="{BORDER}"'
SEGMENTS = [
    {"id": 0, "start": 0.0, "end": 1.5, "text": " Guten Tag."},
    {"id": 1, "start": 1.5, "end": 3725.25, "text": " A --> B\n\nund weiter "},
]
SPOKEN = Frame((Heard("german", 3725.25, {"segments": SEGMENTS}), TextDelta("Guten Tag. A --> B und weiter")))


def form(
    *fields: tuple[str, str], file: bytes | None = b"RIFF....WAVE", name: str = "gespraech.wav"
) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields]
    if file is not None:
        place = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: audio/wav\r\n\r\n'
        parts.append(place.encode() + file)
    return (
        b"".join(f"--{BORDER}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{BORDER}--\r\n".encode()
    )


def asked(*fields: tuple[str, str], **more: Any) -> Any:
    return read_request(form(("model", "m"), *fields, **more), TYPE)


def test_a_recording_is_read_with_its_hint_and_its_fields() -> None:
    prompt = asked(
        ("prompt", "Musterwerk"), ("language", "de"), ("temperature", "0.2"),
        ("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment"),
    ).prompt  # fmt: skip
    hint, sound = prompt.messages[0].parts
    assert hint == Text("Musterwerk")
    assert isinstance(sound, Media)
    assert (sound.kind, sound.media_type, base64.b64decode(sound.data)) == (
        "audio",
        "audio/wav",
        b"RIFF....WAVE",
    )
    assert prompt.temperature == 0.2
    assert prompt.extra == {
        "language": "de", "response_format": "json", "timestamp_granularities": ["word", "segment"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sent"), [("Gespräch Müller.MP3", "audio.mp3"), ("aufnahme", "audio"), ("a.b c", "audio")]
)
def test_of_a_files_name_only_its_end_is_kept(name: str, sent: str) -> None:
    assert asked(name=name).prompt.messages[0].parts[0].name == sent


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (form(), "model"),
        (form(("model", "m"), file=None), "file"),
        (form(("model", "m"), file=b""), "file"),
        (form(("model", "m"), ("stream", "true")), "stream"),
        (form(("model", "m"), ("response_format", "docx")), "response_format"),
        (form(("model", "m"), ("temperature", "warm")), "temperature"),
        (form(("model", "m"), ("temperature", "nan")), "temperature"),
        (form(("model", "m"), ("temperature", "2")), "temperature"),
    ],
)
def test_a_wrong_field_of_a_form_is_named(body: bytes, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_request(body, TYPE)
    assert caught.value.detail["param"] == param


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (form(("model", "m")), "application/json"),
        (form(("model", "m")), ""),
        (form(("model", "m")), "multipart/form-data"),
        (form(("model", "m")), f"multipart/form-data; boundary={'x' * 300}"),
        (form(("model", "m")), "multipart/form-data; boundary=andere"),
        (form(("model", "m"))[:-6], TYPE),
        (b"", TYPE),
        (form(("model", b"\xff".decode("latin-1"))).replace("ÿ".encode(), b"\xff"), TYPE),
        (form(*[(f"f{number}", "x") for number in range(101)]), TYPE),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_form(body, content_type)
    assert caught.value.status == 400


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_a_form(noise: bytes) -> None:
    for body in (noise, form(("model", "m"), file=noise), form(("model", "m")) + noise):
        try:
            read_form(body, TYPE)
        except InvalidRequest:
            continue


@given(st.binary(min_size=1, max_size=2000))
def test_a_recording_keeps_every_byte(content: bytes) -> None:
    if f"\r\n--{BORDER}".encode() not in content:
        assert read_form(form(file=content), TYPE).files["file"].content == content


def test_a_large_recording_is_read_in_one_go() -> None:
    content = os.urandom(2**20)
    assert read_form(form(file=content), TYPE).files["file"].content == content


def written(wanted: str, frame: Frame = SPOKEN) -> tuple[str, str]:
    reply = asked(("response_format", wanted)).write(frame)
    return reply.body.decode(), reply.media_type.decode()


def test_plain_text_is_the_text_and_nothing_else() -> None:
    assert written("text") == ("Guten Tag. A --> B und weiter\n", "text/plain; charset=utf-8")


def test_json_is_an_object_with_the_text() -> None:
    body, media_type = written("json")
    assert json.loads(body) == {"text": "Guten Tag. A --> B und weiter"}
    assert media_type == "application/json"


def test_verbose_json_has_language_length_and_segments() -> None:
    body = json.loads(written("verbose_json")[0])
    assert (body["language"], body["duration"], body["segments"]) == ("german", 3725.25, SEGMENTS)


def test_subtitles_are_made_of_segments() -> None:
    assert written("srt")[0] == (
        "1\n00:00:00,000 --> 00:00:01,500\nGuten Tag.\n\n2\n00:00:01,500 --> 01:02:05,250\nA → B und weiter\n\n"
    )
    body, media_type = written("vtt")
    assert body == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGuten Tag.\n\n00:00:01.500 --> 01:02:05.250\nA → B und weiter\n\n"
    )
    assert media_type.startswith("text/vtt")


@pytest.mark.parametrize("extra", [None, {}, {"segments": None}, {"segments": [{"start": "bald"}]}])
def test_subtitles_without_times_are_one_line(extra: Any) -> None:
    frame = Frame((Heard("german", 2.0, extra), TextDelta("Guten Tag.")))
    assert written("srt", frame)[0] == "1\n00:00:00,000 --> 00:00:02,000\nGuten Tag.\n\n"


def test_json_of_the_same_wire_passes_byte_for_byte() -> None:
    raw = b'{"text":"Hallo","usage":{"type":"duration","seconds":2}}'
    assert written("json", Frame((TextDelta("Hallo"),), raw, "transcriptions"))[0] == raw.decode()
