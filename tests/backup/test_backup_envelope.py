"""No byte of an envelope can be changed, moved or left out."""

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
from installation import IDENTITY, RECIPIENT

from leitstand.backup import envelope
from leitstand.backup.envelope import BrokenBackup, Opening, Sealing
from leitstand.backup.keys import Identity, Recipient, WrongBackupKey, new_identity
from leitstand.core.errors import InvalidRequest

CHUNK = 64


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "_CHUNK_BYTES", CHUNK)


def sealed(clear: bytes) -> bytes:
    out = io.BytesIO()
    with Sealing(out, RECIPIENT, "2026-11-23T00:00:00+00:00", "1") as sealing:
        sealing.write(clear)
    return out.getvalue()


def opened(raw: bytes, size: int) -> bytes:
    source = Opening(io.BytesIO(raw), IDENTITY)
    clear = source.read(size)
    source.expect_end()
    return clear


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 7])
def test_what_goes_in_comes_out(size: int) -> None:
    clear = os.urandom(size)
    assert opened(sealed(clear), size) == clear


def test_no_cut_and_no_change_opens() -> None:
    clear = os.urandom(3 * CHUNK + 5)
    raw = sealed(clear)
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 0x10
        for broken in (raw[:position], bytes(changed)):
            with pytest.raises((BrokenBackup, WrongBackupKey)):
                opened(broken, len(clear))


def test_whole_chunks_cannot_be_cut_off_the_end() -> None:
    raw = sealed(os.urandom(4 * CHUNK))
    with pytest.raises(BrokenBackup, match="cut off"):
        opened(raw[: -CHUNK - 16], 3 * CHUNK)


def test_chunks_cannot_change_places() -> None:
    clear = os.urandom(4 * CHUNK)
    raw = sealed(clear)
    size = CHUNK + 16
    start = len(raw) - 4 * size
    moved = (
        raw[:start]
        + raw[start + size : start + 2 * size]
        + raw[start : start + size]
        + raw[start + 2 * size :]
    )
    with pytest.raises(BrokenBackup):
        opened(moved, len(clear))


def test_an_error_while_writing_leaves_no_envelope_that_opens() -> None:
    out = io.BytesIO()
    with suppress(ZeroDivisionError), Sealing(out, RECIPIENT, "2026", "1") as sealing:
        sealing.write(bytes(3 * CHUNK))
        raise ZeroDivisionError
    with pytest.raises(BrokenBackup):
        opened(out.getvalue(), 3 * CHUNK)


def test_a_pair_of_keys_is_made_and_read(tmp_path: Path) -> None:
    public = new_identity(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    stanza = Recipient.parse(public).wrap(bytes(32))
    assert Identity.read(tmp_path / "key").unwrap(stanza) == bytes(32)
    with pytest.raises(WrongBackupKey):
        IDENTITY.unwrap(stanza)
    with pytest.raises(InvalidRequest, match="cannot be made"):
        new_identity(tmp_path / "key")
