"""Images: what is written in them is read, what is personal is covered, what cannot be read counts as personal."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from leitstand.core.classes import DataClass
from leitstand.core.conversation import Media, Message, Prompt, Text, ToolResult
from leitstand.core.errors import PrivacyUnavailable
from leitstand.privacy.enclosures import is_readable, media_of
from leitstand.privacy.mask import Scanned, mask, scan
from leitstand.privacy.pictures import tesseract
from leitstand.privacy.pictures.canvas import is_bare
from leitstand.privacy.pictures.reader import PictureReader
from leitstand.privacy.pictures.values import Seen, Unseen, Why
from leitstand.privacy.scan import Scanner
from support.scans import DEJAVU, letter

LETTER = [
    "Frau Erika Sommerfeld",
    "Lindenstraße 12",
    "70173 Stuttgart",
    "",
    "Sehr geehrte Frau Sommerfeld,",
    "wir überweisen 4.320,00 € auf Ihr Konto",
    "DE89 3704 0044 0532 0130 00 bis 24.11.2026.",
    "Ihre Kundennummer ist K-811226, Tel. 0711 2234567",
    "Mit freundlichen Grüßen",
]
PLANTED = ("Erika", "Sommerfeld", "Lindenstraße", "70173", "DE89", "0532", "K-811226", "2234567")
SCANNER = Scanner()


@pytest.fixture(scope="module")
def reader() -> Iterator[PictureReader]:
    reader = PictureReader(workers=2)
    yield reader
    reader.close()


def picture(data: str, kind: str = "image/png") -> Media:
    return Media("image", kind, data)


def asked(*parts: object) -> Prompt:
    return Prompt("chat", "m", (Message("user", parts),))  # type: ignore[arg-type]


def looked(reader: PictureReader, prompt: Prompt) -> Scanned:
    media = [each for message in prompt.messages for each in media_of(message.parts)]
    return scan(
        prompt, SCANNER, {each.data: reader.look(each.data) for each in media if each.kind == "image"}
    )


def sent(prompt: Prompt) -> Media:
    (found,) = [each for message in prompt.messages for each in media_of(message.parts)]
    return found


def read_again(media: Media) -> str:
    image = Image.open(io.BytesIO(base64.b64decode(media.data))).convert("L")
    return "\n".join(tesseract.read(image, layout, 2, 30).look.text for layout in (3, 11))


@pytest.mark.parametrize(
    ("kind", "tilt", "noise", "size", "font"),
    [("PNG", 0, 0, 22, DEJAVU), ("JPEG", 1.5, 1, 26, DEJAVU), ("PNG", -1, 0.5, 18, None)],
)
def test_nothing_personal_can_be_read_in_what_goes_out(
    reader: PictureReader, kind: str, tilt: float, noise: float, size: int, font: object
) -> None:
    data = letter(LETTER, font=font, size=size, tilt=tilt, noise=noise).base64(kind)  # type: ignore[arg-type]
    scanned = looked(reader, asked(Text("Was steht hier?"), picture(data, f"image/{kind.lower()}")))
    masked, mapping = mask(scanned)
    text = read_again(sent(masked.prompt))
    assert [word for word in PLANTED if word in text] == []
    assert "Kundennummer" in text
    assert "24.11.2026" in text
    assert scanned.data_class is DataClass.PERSONAL
    assert masked.count >= 5
    assert {"Sommerfeld", "Erika", "K-811226"} <= {original for _, original in mapping.entries}


def test_a_person_is_the_same_placeholder_in_text_and_image_and_it_stands_on_the_box(
    reader: PictureReader,
) -> None:
    page = picture(letter(["Frau", "Sommerfeld", "wohnt jetzt woanders"], size=44).base64())
    masked, mapping = mask(looked(reader, asked(Text("Was schreibt Frau Sommerfeld?"), page)))
    assert mapping.entries == (("Person_001", "Sommerfeld"),)
    assert masked.prompt.messages[0].parts[0] == Text("Was schreibt Frau Person_001?")
    assert "Person_001" in read_again(sent(masked.prompt))
    assert masked.count == 2


def test_a_name_of_the_chat_is_covered_where_the_image_alone_does_not_show_that_it_is_one(
    reader: PictureReader,
) -> None:
    page = picture(letter(["Montage: Steinfurt, Halle 3", "Freigabe offen"], size=40).base64())
    masked, _ = mask(looked(reader, asked(Text("Hat Herr Steinfurt das freigegeben?"), page)))
    assert "Steinfurt" not in read_again(sent(masked.prompt))


def test_an_image_in_a_tool_result_is_covered_too(reader: PictureReader) -> None:
    page = picture(letter(LETTER).base64())
    masked, _ = mask(looked(reader, asked(ToolResult("call_1", (Text("gescannt"), page)))))
    assert "Sommerfeld" not in read_again(sent(masked.prompt))


def test_an_image_that_names_nobody_goes_as_it_is(reader: PictureReader) -> None:
    data = letter(["Drehmoment nach DIN 912", "M8: 25 Nm, M10: 49 Nm"], size=30).base64()
    scanned = looked(reader, asked(picture(data)))
    masked, mapping = mask(scanned)
    assert (sent(masked.prompt).data, scanned.data_class, bool(mapping)) == (data, DataClass.PUBLIC, False)


def test_what_a_file_says_beside_its_pixels_stays_in_the_house(reader: PictureReader) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Erika Sommerfeld"
    content = letter(["Drehmoment 25 Nm"], size=30).content(
        "JPEG", exif=exif, comment=b"von Erika Sommerfeld"
    )
    masked, _ = mask(looked(reader, asked(picture(base64.b64encode(content).decode(), "image/jpeg"))))
    gone = base64.b64decode(sent(masked.prompt).data)
    assert b"Sommerfeld" in content
    assert b"Sommerfeld" not in gone
    assert is_bare(gone)


def test_a_photo_that_a_telephone_turned_is_covered_at_the_right_places(reader: PictureReader) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn to the right
    turned = letter(LETTER, size=24).image.rotate(90, expand=True)
    out = io.BytesIO()
    turned.save(out, "JPEG", exif=exif)
    data = base64.b64encode(out.getvalue()).decode()
    masked, _ = mask(looked(reader, asked(picture(data, "image/jpeg"))))
    text = read_again(sent(masked.prompt))
    assert "überweisen" in text
    assert not [word for word in PLANTED if word in text]


def _bomb() -> bytes:
    """A PNG file of a few bytes that says it has 900 million pixels."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"%PDF-1.7 no image", Why.NO_IMAGE),
        (letter(LETTER).content()[:600], Why.NO_IMAGE),
        (_bomb(), Why.TOO_LARGE),
        (letter(LETTER, tilt=11).content(), Why.ILLEGIBLE),
    ],
    ids=["no image", "cut off", "a bomb", "strongly tilted"],
)
def test_what_was_to_be_read_and_could_not_counts_as_personal(
    reader: PictureReader, content: bytes, why: Why
) -> None:
    page = picture(base64.b64encode(content).decode())
    scanned = looked(reader, asked(page))
    assert scanned.unread == {why}
    assert scanned.data_class is DataClass.PERSONAL
    assert not is_readable(page, scanned.pictures)


def test_a_reader_that_takes_too_long_is_ended_and_asked_again_next_time() -> None:
    hurried = PictureReader(workers=1, timeout_s=0.01)
    data = letter(LETTER * 3).base64()
    assert hurried.look(data) == Unseen(Why.TOO_SLOW)
    hurried._timeout_s = 30
    assert isinstance(hurried.look(data), Seen)


def test_without_tesseract_nothing_is_read_and_nothing_claimed(
    reader: PictureReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    monkeypatch.setenv("PATH", "/nowhere")
    tesseract.is_installed.cache_clear()
    try:
        assert asyncio.run(reader.read("AAAA")) == Unseen(Why.NO_READER)
    finally:
        tesseract.is_installed.cache_clear()


def test_a_text_file_is_masked_like_a_message() -> None:
    clear = "Name;Ort\nErika Sommerfeld;Ulm\n"
    file = Media(
        "file", "text/csv; charset=utf-8", base64.b64encode(clear.encode()).decode(), name="liste.csv"
    )
    scanned = scan(asked(Text("Wer ist Frau Sommerfeld?"), file), SCANNER)
    masked, _ = mask(scanned)
    shown = base64.b64decode(sent(masked.prompt).data).decode()
    assert "Sommerfeld" not in shown
    assert "Person_001" in shown
    assert shown.startswith("Name;Ort\n")
    assert is_readable(file, scanned.pictures)
    assert not is_readable(Media("file", "application/pdf", "JVBERi0="), {})
    assert not is_readable(Media("image", url="https://example.org/a.png"), {})


def test_a_picture_that_cannot_be_covered_does_not_go(reader: PictureReader) -> None:
    data = letter(LETTER).base64()
    seen = reader.look(data)
    broken = base64.b64encode(b"no image any more").decode()
    with pytest.raises(PrivacyUnavailable):
        mask(scan(asked(picture(broken)), SCANNER, {broken: seen}))
