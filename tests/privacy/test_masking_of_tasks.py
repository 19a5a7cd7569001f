"""Answers of single tasks get their originals back; a selection of inputs stays as masked as the whole."""

from leitstand.core.conversation import Drawn, Embedded, Frame, Heard, Message, Prompt, Text, TextDelta, texts
from leitstand.privacy.mask import mask, scan, selected
from leitstand.privacy.restore import Restorer
from leitstand.privacy.scan import Scanner

SCANNER = Scanner()
NAME = "Krzysztof Wiśniewski"


def masked_name() -> tuple[Restorer, str]:
    """A restorer for a prompt that names somebody, and the stand-in."""
    scanned = scan(Prompt("images", "m", (Message("user", (Text(f"Herrn {NAME}"),)),)), SCANNER)
    masked, mapping = mask(scanned)
    (text,) = texts(masked.prompt)
    assert NAME not in text
    return Restorer(mapping), text


def test_the_words_that_a_picture_was_drawn_by_are_restored() -> None:
    restorer, stand_in = masked_name()
    frame, changed = restorer.frame(
        Frame((Drawn("QUJD", revised_prompt=f"Ein Bild von {stand_in}"),), b"{}", "images")
    )
    assert changed
    assert frame.raw is None
    assert frame.chunks == (Drawn("QUJD", revised_prompt=f"Ein Bild von Herrn {NAME}"),)


def test_the_segments_of_a_transcript_are_restored_like_its_text() -> None:
    restorer, stand_in = masked_name()
    heard = Heard("german", 2.0, {"segments": [{"start": 0.0, "text": stand_in}]})
    frame, _ = restorer.frame(Frame((heard, TextDelta(f"{stand_in}. "))))
    rest = restorer.finish()
    chunks = frame.chunks + (rest.chunks if rest else ())
    assert chunks[0] == Heard("german", 2.0, {"segments": [{"start": 0.0, "text": f"Herrn {NAME}"}]})
    assert "".join(chunk.text for chunk in chunks if isinstance(chunk, TextDelta)) == f"Herrn {NAME}. "


def test_vectors_pass_untouched() -> None:
    restorer, _ = masked_name()
    frame = Frame((Embedded(0, (1.0, 2.0)),), b'{"data":[]}', "embeddings")
    assert restorer.frame(frame) == (frame, False)


def test_a_selection_of_inputs_keeps_their_masked_words_and_their_order() -> None:
    inputs = (Text("eins"), Text(f"Herr {NAME}"), Text("drei"))
    masked, _ = mask(scan(Prompt("embeddings", "m", (Message("user", inputs),)), SCANNER))
    whole = list(texts(masked.prompt))
    part = selected(masked, [2, 1])
    assert list(texts(part.prompt)) == [whole[2], whole[1]]
    assert (part.count, part.clear) == (masked.count, masked.clear)
    assert NAME not in whole[1]
