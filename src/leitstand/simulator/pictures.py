"""Pictures in OpenAI's and Together's format: a small PNG in a colour that the description decides.

Models named `gpt-image…` are billed by tokens and answer in base64 only; the others by picture.
"""

import base64
import hashlib
import struct
import time
import zlib
from collections.abc import Callable

import msgspec

from leitstand.simulator import tokens
from leitstand.simulator.values import Json
from leitstand.simulator.wire import BadRequest, Lookup, Problem

MOST = 10
TOKENS_EACH = 272
"""Output tokens of a picture, where pictures are billed so."""
_SIDE = 8
_URL = "https://simulator.invalid/pictures/{}.png"


class PictureBody(msgspec.Struct):
    """The request; size, quality and the like are accepted and have no effect."""

    model: str
    prompt: str
    n: int = 1
    response_format: str | None = None


def read(body: bytes, invalid: Callable[[str], Problem], *, packed: str = "b64_json") -> Lookup:
    """The whole answer to a request. packed: the word for base64; without a word an address is sent."""
    try:
        asked = msgspec.json.decode(body, type=PictureBody)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise BadRequest(invalid(f"Invalid request: {cause}")) from cause
    by_tokens = asked.model.startswith("gpt-image")
    if not asked.prompt or not 1 <= asked.n <= MOST:
        raise BadRequest(invalid(f"prompt must not be empty, n must be 1 to {MOST}"))
    if asked.response_format is not None and by_tokens:
        raise BadRequest(invalid("Unknown parameter: 'response_format'."))
    if asked.response_format not in (None, "url", packed):
        raise BadRequest(invalid(f"Invalid value: '{asked.response_format}'."))
    as_bytes = by_tokens or asked.response_format == packed
    used = tokens.count(asked.prompt)
    made = TOKENS_EACH * asked.n if by_tokens else 0
    answer: Json = {
        "created": int(time.time()),
        "data": [{"index": place, **_picture(asked, place, as_bytes)} for place in range(asked.n)],
    }
    if by_tokens:
        details = {"text_tokens": used, "image_tokens": 0}
        counts = {"input_tokens": used, "output_tokens": made, "total_tokens": used + made}
        answer |= {"output_format": "png", "usage": {**counts, "input_tokens_details": details}}
    answer |= {"id": "simulated", "model": asked.model, "object": "list"}
    return Lookup(msgspec.json.encode(answer), asked.model, used if by_tokens else 0, True, made, asked.n)


def png(text: str) -> bytes:
    """A square in the colour of a text."""
    colour = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=3).digest()
    rows = (b"\0" + colour * _SIDE) * _SIDE
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, data) for kind, data in parts)


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _picture(asked: PictureBody, place: int, as_bytes: bool) -> Json:
    text = f"{asked.prompt} {place}"
    if as_bytes:
        return {"type": "b64_json", "b64_json": base64.b64encode(png(text)).decode()}
    name = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return {"type": "url", "url": _URL.format(name)}
