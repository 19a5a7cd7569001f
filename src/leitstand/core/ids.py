"""Identifiers that sort by time and cannot be guessed."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread


def new_id(kind: str, time_us: int | None = None) -> str:
    """A fresh identifier, e.g. `req_01h…`: 10 characters of time (ms), 16 of randomness (80 bits)."""
    millis = (time_us // 1000) if time_us is not None else int(time.time() * 1000)
    number = (millis << 80) | secrets.randbits(80)
    digits = []
    for _ in range(26):
        digits.append(_ALPHABET[number & 31])
        number >>= 5
    return f"{kind}_{''.join(reversed(digits))}"
