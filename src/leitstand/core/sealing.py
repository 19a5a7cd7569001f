"""Encryption at rest: AES-256-GCM under the installation's master key.

The key lives in `DATA/secrets/master.key` (mode 0600), made at the first start. A sealed value is
`version (1 byte) | nonce (12) | ciphertext and tag`; `context` (for example `secret:openai-eu`) is
authenticated with it, so that a value cannot be moved to another place.
Source: NIST SP 800-38D; random 96-bit nonces, far below 2^32 messages under one key.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"


class WrongKey(Exception):
    """A sealed value does not open: another master key, another place, or a changed value."""


class Sealer:
    """Seals and opens values; derive one per installation with `load`."""

    def __init__(self, key: bytes) -> None:
        """key: 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, clear: bytes, context: str) -> bytes:
        """Encrypt `clear` for one place, named by `context`."""
        nonce = secrets.token_bytes(12)
        return _VERSION + nonce + self._cipher.encrypt(nonce, clear, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what was sealed for `context`; raises WrongKey."""
        try:
            if sealed[:1] != _VERSION:
                raise WrongKey(context)
            return self._cipher.decrypt(sealed[1:13], sealed[13:], context.encode())
        except InvalidTag as cause:
            raise WrongKey(context) from cause


def load_or_create(path: Path, size_bytes: int = 32) -> bytes:
    """The secret bytes in `path`, made on first use, readable by the owner only.

    Two processes may start at once: the file appears whole or not at all, and both read the same bytes.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(size_bytes))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its bytes count
        finally:
            draft.unlink()
    return path.read_bytes()
