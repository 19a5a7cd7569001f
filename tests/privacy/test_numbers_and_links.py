"""Personal data that is no text: JSON numbers in tool arguments, and what addresses of pictures carry."""

import json

import pytest

from leitstand.core.conversation import Media, Message, Prompt, Text, ToolCall
from leitstand.core.links import map_link
from leitstand.privacy.mask import mask, scan
from leitstand.privacy.restore import Restorer
from leitstand.privacy.scan import Scanner

SCANNER = Scanner()


def masked_part(part: ToolCall | Media, *before: str) -> ToolCall | Media:
    """The part as a provider gets it, after turns with these texts."""
    turns = [Message("user", (Text(text),)) for text in before]
    masked, _ = mask(scan(Prompt("chat", "m", (*turns, Message("user", (part,)))), SCANNER))
    (seen,) = masked.prompt.messages[-1].parts
    assert isinstance(seen, ToolCall | Media)
    return seen


def arguments(given: str) -> str:
    seen = masked_part(ToolCall("1", "f", given))
    assert isinstance(seen, ToolCall)
    return seen.arguments


def address(given: str, *before: str) -> str:
    seen = masked_part(Media("image", url=given), *before)
    assert isinstance(seen, Media)
    return seen.url


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ('{"steuer_id":86095742719}', "Steuernummer_001"),
        ('{"telefon":4971112345678}', "Telefon_001"),
        ('{"kunde":{"kundennummer":811226}}', "Kennung_001"),
        ('{"karten":[4111111111111111]}', "Karte_001"),
    ],
)
def test_a_number_that_is_personal_becomes_a_placeholder(given: str, word: str) -> None:
    assert word in arguments(given)
    assert not any(char.isdigit() and char not in "01" for char in arguments(given))


@pytest.mark.parametrize(
    "given",
    [
        '{"menge":12000,"preis":1234567.5,"ok":true}',
        '{"seite":3,"zeit":1730000000}',
        '{"telefon":12}',
        '{"n":-50000}',
    ],
)
def test_other_numbers_stay_numbers(given: str) -> None:
    assert arguments(given) == given


def test_the_restored_argument_is_a_string_with_the_same_figures() -> None:
    prompt = Prompt("chat", "m", (Message("assistant", (ToolCall("1", "f", '{"steuer_id":86095742719}'),)),))
    masked, mapping = mask(scan(prompt, SCANNER))
    (part,) = masked.prompt.messages[0].parts
    assert isinstance(part, ToolCall)
    assert json.loads(Restorer(mapping).plain(part.arguments)) == {"steuer_id": "86095742719"}


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ("https://bild.example/foto.png?email=anna.aydin%40beispiel.example&w=300", "aydin"),
        ("https://bild.example/avatar/anna.aydin@beispiel.example/klein.png", "aydin"),
        ("https://bild.example/x.png?nachname=Zwickerl#anna.aydin@beispiel.example", "aydin"),
        ("https://bild.example/x.png?nachname=Zwickerl&w=3", "Zwickerl"),
        ("https://bild.example/x.png?iban=DE89+3704+0044+0532+0130+00", "3704"),
    ],
)
def test_personal_data_in_the_address_of_a_picture_does_not_leave(given: str, secret: str) -> None:
    assert secret not in address(given)
    assert address(given).startswith("https://bild.example/")


def test_a_name_known_from_the_conversation_is_found_in_an_address() -> None:
    assert "Zwickerl" not in address("https://bild.example/x.png?q=Zwickerl", "Frau Zwickerl ruft an.")


@pytest.mark.parametrize(
    "given",
    [
        "https://bild.example/a/b%20c/foto.png?w=300&h=200&fit=crop",
        "https://s3.eu-central-1.example/b/o.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260101"
        "%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "https://konto.blob.example/c/b.png?sv=2024-05-04&st=2026-01-01T00%3A00%3A00Z&sr=b&sp=r&sig=AbC%2Bd%2FeF1234567890%3D",
        "https://bild.example", "gs://eimer/foto.png", "", "file_0123456789",
    ],
)  # fmt: skip
def test_addresses_without_personal_data_keep_every_letter(given: str) -> None:
    assert address(given) == given
    assert map_link(given, lambda value: value) == given
