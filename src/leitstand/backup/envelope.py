"""The envelope of a backup: a stream of encrypted chunks of which none can be changed, moved or left out.

    magic | length of the header (4 bytes, big endian) | header (JSON) | chunk, chunk, …, last chunk

Each chunk is AES-256-GCM under a key derived from the file's own key and the header's bytes; its nonce is the
chunk's number (11 bytes) and a byte that is 1 for the last chunk only, so a cut file does not open.
Source: STREAM of Hoang, Reyhanitabar, Rogaway, Vizár, "Online authenticated-encryption", CRYPTO 2015.
"""

import secrets
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from leitstand.backup.keys import Locks, Opens, Stanza
from leitstand.core.errors import InvalidRequest

MAGIC = b"leitstand-backup\n"
_CHUNK_BYTES = 1 << 20
_TAG_BYTES = 16
_HEADER_MAX_BYTES = 1 << 16


class BrokenBackup(InvalidRequest):
    """The file is no backup, or a damaged one; nothing of it is to be believed."""

    @classmethod
    def because(cls, de: str, en: str) -> "BrokenBackup":
        """de, en: what is wrong with it."""
        return cls(
            f"Die Sicherung ist nicht brauchbar: {de}. Nehmen Sie eine andere.",
            f"The backup cannot be used: {en}. Take another one.",
        )


class Header(msgspec.Struct, frozen=True):
    """What can be read without the key. version: of the format; created: ISO 8601, UTC; by: version of Leitstand."""

    version: int
    created: str
    by: str
    key: Stanza
    chunk_bytes: int


class Sealing:
    """Writes an envelope; only leaving the `with` block without an error makes it whole."""

    def __init__(self, out: BinaryIO, lock: Locks, created: str, by: str) -> None:
        file_key = secrets.token_bytes(32)
        header = msgspec.json.encode(Header(1, created, by, lock.wrap(file_key), _CHUNK_BYTES))
        out.write(MAGIC + len(header).to_bytes(4) + header)
        self._out = out
        self._cipher = _cipher(file_key, header)
        self._held = bytearray()
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._put(bytes(self._held), last=True)

    def write(self, clear: bytes) -> None:
        """Add bytes; they go out chunk by chunk."""
        self._held += clear
        while len(self._held) > _CHUNK_BYTES:  # a full chunk stays held: it may be the last
            self._put(bytes(self._held[:_CHUNK_BYTES]), last=False)
            del self._held[:_CHUNK_BYTES]

    def _put(self, clear: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), clear, None))
        self._number += 1


class Opening:
    """Reads an envelope; every byte that `read` returns is authentic."""

    def __init__(self, source: BinaryIO, key: Opens) -> None:
        """Raises BrokenBackup, or WrongBackupKey."""
        self.header, raw = read_header(source)
        self._source = source
        self._cipher = _cipher(_unwrapped(self.header, key), raw)
        self._size = self.header.chunk_bytes + _TAG_BYTES
        self._ahead = source.read(self._size)
        self._clear = bytearray()
        self._number = 0
        self._ended = False

    def read(self, size_bytes: int) -> bytes:
        """Exactly that many bytes; raises BrokenBackup where the file is damaged or ends before."""
        while len(self._clear) < size_bytes:
            if self._ended:
                raise BrokenBackup.because("der Inhalt endet zu früh", "its content ends too early")
            self._take()
        piece = bytes(self._clear[:size_bytes])
        del self._clear[:size_bytes]
        return piece

    def expect_end(self) -> None:
        """Raise BrokenBackup when anything follows."""
        while not self._ended:
            self._take()
        if self._clear:
            raise BrokenBackup.because("nach dem Ende folgt noch etwas", "something follows its end")

    def _take(self) -> None:
        chunk, self._ahead = self._ahead, self._source.read(self._size)
        self._ended = not self._ahead
        try:
            self._clear += self._cipher.decrypt(_nonce(self._number, last=self._ended), chunk, None)
        except InvalidTag as cause:
            where = self._number * self._size
            raise BrokenBackup.because(
                f"ab Byte {where} des Inhalts ist die Datei verändert oder abgeschnitten",
                f"from byte {where} of the content on the file was changed or cut off",
            ) from cause
        self._number += 1


def read_header(source: BinaryIO) -> tuple[Header, bytes]:
    """What stands before the content, and its bytes; raises BrokenBackup."""
    if source.read(len(MAGIC)) != MAGIC:
        raise BrokenBackup.because("das ist keine Sicherung von Leitstand", "this is no backup of Leitstand")
    size = int.from_bytes(source.read(4))
    raw = source.read(size) if size <= _HEADER_MAX_BYTES else b""
    try:
        header = msgspec.json.decode(raw, type=Header)
    except msgspec.DecodeError as cause:
        raise BrokenBackup.because("ihr Kopf ist beschädigt", "its header is damaged") from cause
    if header.version != 1 or not 1 <= header.chunk_bytes <= 64 << 20:
        raise BrokenBackup.because(
            f"ihr Format {header.version} kennt diese Version von Leitstand nicht",
            f"this version of Leitstand does not know its format {header.version}",
        )
    return header, raw


def _unwrapped(header: Header, key: Opens) -> bytes:
    try:
        return key.unwrap(header.key)
    except ValueError as cause:  # its base64 or one of its lengths
        raise BrokenBackup.because("ihr Kopf ist beschädigt", "its header is damaged") from cause


def _cipher(file_key: bytes, header: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=header, info=b"leitstand-backup-content-v1").derive(file_key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
