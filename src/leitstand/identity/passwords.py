"""Local passwords: Argon2id, with the parameters of RFC 9106's second recommendation (64 MiB)."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leitstand.core.errors import InvalidRequest

MIN_LENGTH = 12
_hasher = PasswordHasher()  # argon2-cffi's defaults are RFC 9106 low-memory: t=3, m=64 MiB, p=4
_DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$l0VBpHhGqpTNf4C7IxOLEVUNgzW0LfVYgFIUCzV1cC4"


def hash_password(password: str) -> str:
    """The hash to store; raises InvalidRequest when the password is shorter than 12 characters."""
    if len(password) < MIN_LENGTH:
        raise InvalidRequest(
            f"Das Kennwort hat {len(password)} Zeichen; nötig sind mindestens {MIN_LENGTH}.",
            f"The password has {len(password)} characters; at least {MIN_LENGTH} are needed.",
            detail={"param": "password"},
        )
    return _hasher.hash(password)


def matches(password: str, password_hash: str) -> bool:
    """Whether a password fits; takes as long for unknown people, so that names cannot be probed."""
    try:
        return _hasher.verify(password_hash or _DUMMY, password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def generate() -> str:
    """A password to hand out: four groups that can be read aloud, 80 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
