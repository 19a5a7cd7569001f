"""The keys of a backup: a passphrase, or a pair of which the server holds the public half only.

Each backup has a random key of its own. The header carries it sealed, under a key that is stretched out of the
passphrase (scrypt, RFC 7914) or agreed with the recipient (X25519, RFC 7748, and HKDF, RFC 5869).
"""

import os
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from leitstand.core.errors import InvalidRequest

PASSPHRASE_MIN = 12  # characters
_KEY_BYTES = 32
_COST, _BLOCK, _LANES = 1 << 17, 8, 1  # 128 MiB and about half a second
_MOST_COST = 1 << 20
_PUBLIC, _PRIVATE = "lsbackup-public-", "lsbackup-private-"
_ONCE = bytes(12)  # a nonce for keys that seal exactly one thing


class WrongBackupKey(InvalidRequest):
    """The backup does not open with this key."""


class Stanza(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the header carries the file's key. salt, public, sealed: base64; cost: scrypt's N; block: its r."""

    kind: str
    sealed: str
    salt: str = ""
    public: str = ""
    cost: int = 0
    block: int = 0
    lanes: int = 0


class Locks(Protocol):
    """What can lock a backup."""

    def wrap(self, file_key: bytes) -> Stanza:
        """Seal the key of one file."""


class Opens(Protocol):
    """What can open one."""

    def unwrap(self, stanza: Stanza) -> bytes:
        """The key of the file; raises WrongBackupKey."""


@dataclass(frozen=True)
class Passphrase:
    """Locks and opens."""

    text: str

    def wrap(self, file_key: bytes) -> Stanza:
        """Seal under the stretched passphrase; raises InvalidRequest for a short one."""
        if len(self.text) < PASSPHRASE_MIN:
            raise InvalidRequest(
                f"Die Passphrase ist kürzer als {PASSPHRASE_MIN} Zeichen.",
                f"The passphrase is shorter than {PASSPHRASE_MIN} characters.",
            )
        salt = secrets.token_bytes(16)
        sealed = _seal(self._stretched(salt, _COST, _BLOCK, _LANES), file_key)
        return Stanza("passphrase", sealed, salt=_text(salt), cost=_COST, block=_BLOCK, lanes=_LANES)

    def unwrap(self, stanza: Stanza) -> bytes:
        """Open it; the header's parameters are bounded, so that no file makes us use gigabytes."""
        if stanza.kind != "passphrase":
            raise WrongBackupKey(
                "Diese Sicherung öffnet kein Kennwort, sondern die Schlüsseldatei ihres Empfängers (--identity).",
                "This backup is not opened by a passphrase but by its recipient's key file (--identity).",
            )
        if not 2 <= stanza.cost <= _MOST_COST or not 1 <= stanza.block <= 16 or not 1 <= stanza.lanes <= 4:
            raise WrongBackupKey("Der Kopf der Sicherung ist beschädigt.", "The backup's header is damaged.")
        key = self._stretched(b64decode(stanza.salt), stanza.cost, stanza.block, stanza.lanes)
        return _open(key, stanza.sealed, "Die Passphrase ist falsch.", "The passphrase is wrong.")

    def _stretched(self, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
        return Scrypt(salt, _KEY_BYTES, cost, block, lanes).derive(self.text.encode())


@dataclass(frozen=True)
class Recipient:
    """Locks only: whoever takes the server cannot read its backups."""

    public: bytes

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """Of the text that `new_identity` returns; raises InvalidRequest."""
        return cls(_parsed(text, _PUBLIC))

    def wrap(self, file_key: bytes) -> Stanza:
        """Seal under a key agreed with the recipient."""
        once = X25519PrivateKey.generate()
        shared = once.exchange(X25519PublicKey.from_public_bytes(self.public))
        mine = once.public_key().public_bytes_raw()
        return Stanza("recipient", _seal(_agreed(shared, mine, self.public), file_key), public=_text(mine))


@dataclass(frozen=True)
class Identity:
    """The recipient's private half; opens."""

    private: bytes

    @classmethod
    def read(cls, path: Path) -> "Identity":
        """The key in a file that `new_identity` made; raises InvalidRequest."""
        return cls(_parsed(read_secret(path), _PRIVATE))

    def unwrap(self, stanza: Stanza) -> bytes:
        """Open it; raises WrongBackupKey."""
        if stanza.kind != "recipient":
            raise WrongBackupKey(
                "Diese Sicherung öffnet eine Passphrase (--passphrase-file).",
                "This backup is opened by a passphrase (--passphrase-file).",
            )
        own, theirs = X25519PrivateKey.from_private_bytes(self.private), b64decode(stanza.public)
        shared = own.exchange(X25519PublicKey.from_public_bytes(theirs))
        key = _agreed(shared, theirs, own.public_key().public_bytes_raw())
        return _open(
            key, stanza.sealed, "Die Sicherung ist für einen anderen Empfänger verschlüsselt.",
            "The backup is encrypted for another recipient.",
        )  # fmt: skip


def new_identity(path: Path) -> str:
    """Write a new private key to `path` (0600, never over a file) and return the public text for `--recipient`."""
    private = X25519PrivateKey.generate()
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as cause:
        raise InvalidRequest(
            f"Die Schlüsseldatei {path} lässt sich nicht anlegen: {cause.strerror}.",
            f"The key file {path} cannot be made: {cause.strerror}.",
        ) from cause
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{_PRIVATE}{_text(private.private_bytes_raw())}\n")
    return f"{_PUBLIC}{_text(private.public_key().public_bytes_raw())}"


def read_secret(path: Path) -> str:
    """The first line of a file; raises InvalidRequest."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise InvalidRequest(
            f"Die Datei {path} lässt sich nicht lesen.", f"The file {path} cannot be read."
        ) from cause
    if not lines or not lines[0].strip():
        raise InvalidRequest(f"Die Datei {path} ist leer.", f"The file {path} is empty.")
    return lines[0].strip()


def _agreed(shared: bytes, once: bytes, recipient: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=once + recipient, info=b"leitstand-backup-recipient-v1").derive(
        shared
    )


def _seal(key: bytes, clear: bytes) -> str:
    return _text(AESGCM(key).encrypt(_ONCE, clear, None))


def _open(key: bytes, sealed: str, de: str, en: str) -> bytes:
    try:
        return AESGCM(key).decrypt(_ONCE, b64decode(sealed), None)
    except InvalidTag as cause:
        raise WrongBackupKey(de, en) from cause


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _parsed(text: str, prefix: str) -> bytes:
    try:
        raw = b64decode(text.removeprefix(prefix), validate=True)
    except ValueError:
        raw = b""
    if not text.startswith(prefix) or len(raw) != _KEY_BYTES:
        raise InvalidRequest(
            f"Das ist kein Schlüssel für Sicherungen; er beginnt mit „{prefix}“.",
            f"That is no key of backups; one begins with '{prefix}'.",
        )
    return raw
