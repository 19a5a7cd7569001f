"""Encryption at rest: AES-256-GCM under the installation's master key.

The key lives in `DATA/secrets/master.key` (mode 0600), made at the first start; several machines share theirs by
LEITSTAND_MASTER_KEY, from which every key of the installation is derived (HKDF, RFC 5869). A sealed value is
`version (1 byte) | nonce (12) | ciphertext and tag`; `context` (for example `secret:openai-eu`) is
authenticated with it, so that a value cannot be moved to another place.
Source: NIST SP 800-38D; random 96-bit nonces, far below 2^32 messages under one key.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from leitstand.core import settings
from leitstand.core.errors import InvalidRequest

MASTER_KEY_MIN = 32  # characters
_VERSION = b"\x01"
_SECRETS = "secrets"


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


def installation_secret(data: Path, name: str) -> bytes:
    """The installation's secret `name` (32 bytes): out of LEITSTAND_MASTER_KEY, else DATA/secrets/`name`.

    Raises InvalidRequest when both are there, since what was sealed under one does not open under the other.
    """
    path = data / _SECRETS / name
    shared = shared_secret(name)
    if shared is None:
        return load_or_create(path)
    if path.exists():
        raise InvalidRequest(
            f"LEITSTAND_MASTER_KEY ist gesetzt, und {path} ist auch da. Nehmen Sie für eine bestehende Installation "
            f"die Variable weg und kopieren Sie {path.parent} auf jede Maschine, oder beginnen Sie mit leerem Ordner.",
            f"LEITSTAND_MASTER_KEY is set, and {path} is there, too. For an existing installation unset the variable "
            f"and copy {path.parent} to every machine, or begin with an empty folder.",
        )
    return shared


def shared_secret(name: str) -> bytes | None:
    """The secret `name` derived from LEITSTAND_MASTER_KEY; None where that is not set. Raises InvalidRequest."""
    master = settings.read_secret("master_key")
    if not master:
        return None
    if len(master) < MASTER_KEY_MIN:
        raise InvalidRequest(
            f"LEITSTAND_MASTER_KEY ist kürzer als {MASTER_KEY_MIN} Zeichen. Erzeugen Sie ihn mit „openssl rand -hex 32“.",
            f"LEITSTAND_MASTER_KEY is shorter than {MASTER_KEY_MIN} characters. Make one with 'openssl rand -hex 32'.",
        )
    derivation = HKDF(SHA256(), 32, salt=b"leitstand-installation-v1", info=name.encode())
    return derivation.derive(master.encode())


def master_key_file() -> Path | None:
    """The file that LEITSTAND_MASTER_KEY names, if it names one."""
    master = settings.read("master_key").strip()
    return Path(master.removeprefix("file:")).expanduser().resolve() if master.startswith("file:") else None


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
