"""Reasoning items of the Responses API as thoughts in our words, and back.

A thought's seal is opaque to everybody but its maker. Here an item's seal is its `encrypted_content` together
with its id, under the mark `responses:`. Clients of the Responses API get seals of other makers in
`encrypted_content` with their maker's mark before them, and bring them back so.

The summary of an item stays with the client: the model reads the sealed content only, and a text that is not
masked must not travel beside it. Source: OpenAI guide "Reasoning models", "Encrypted reasoning items".
"""

from collections.abc import Iterable

import msgspec

from leitstand.core.conversation import Json, Thinking
from leitstand.core.ids import new_id

MARK = "responses:"
_ANTHROPIC, _REDACTED = "anthropic:", "anthropic-redacted:"
_SEALED = ("id", "encrypted_content", "status")


def seal_of(item: Json) -> str:
    """The seal of a provider's own reasoning item; empty when it holds nothing that could go back."""
    if not item.get("encrypted_content"):
        return ""
    return MARK + msgspec.json.encode({name: item[name] for name in _SEALED if name in item}).decode()


def sealed_item(seal: str) -> Json | None:
    """The reasoning item behind a seal, as its provider takes it back; None for a seal of another maker."""
    if not seal.startswith(MARK):
        return None
    return {"type": "reasoning", "summary": [], **msgspec.json.decode(seal.removeprefix(MARK))}


def thought_of(item: Json) -> Thinking | None:
    """What a client brings back. None for an item without a seal: nobody could open it."""
    content = item.get("encrypted_content")
    if not isinstance(content, str) or not content:
        return None
    for mark, redacted in ((_ANTHROPIC, False), (_REDACTED, True)):
        if content.startswith(mark):
            return Thinking("" if redacted else _summary(item), content.removeprefix(mark), redacted)
    if ":" in content:
        return Thinking(_summary(item), content)
    return Thinking("", seal_of(item))


def item_of(summary: Iterable[str], seal: str, redacted: bool = False, item_id: str = "") -> Json:
    """A reasoning item for a client. summary: its texts; seal: as it stands in a thought, empty without one."""
    item: Json = {
        "id": item_id or new_id("rs"),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in summary if text],
    }
    own = sealed_item(seal)
    if own is not None:
        item["id"] = own.get("id") or item["id"]
        item["encrypted_content"] = own["encrypted_content"]
    elif seal:
        mark = _REDACTED if redacted else ("" if ":" in seal else _ANTHROPIC)
        item["encrypted_content"] = mark + seal
    return item


def _summary(item: Json) -> str:
    parts = item.get("summary")
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "\n\n".join(text for text in texts if isinstance(text, str))
