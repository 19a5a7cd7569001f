"""Images and documents in the format of Amazon Bedrock Converse, which wants their bytes in the request."""

import re
from collections.abc import Iterator

from leitstand.core.conversation import Json, Media

_IMAGES = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_MAX_NAME = 200


def media_lacks(part: Media) -> str | None:
    """Why this part cannot be sent, in the client's words, or None."""
    place = "image" if part.kind == "image" else "document"
    if not part.data:
        return f"{place} by url"
    known = _IMAGES if part.kind == "image" else _DOCUMENTS
    return None if part.media_type.partition(";")[0] in known else f"{place} of type {part.media_type}"


def media(part: Media) -> Json:
    """The content block of a part that `media_lacks` has nothing against."""
    media_type = part.media_type.partition(";")[0]
    source = {"bytes": part.data}
    if part.kind == "image":
        return {"image": {"format": _IMAGES[media_type], "source": source}}
    document: Json = {"format": _DOCUMENTS[media_type], "name": _name(part.name), "source": source}
    if isinstance(context := (part.extra or {}).get("context"), str) and context:
        document["context"] = context
    return {"document": document}


def name_apart(turns: list[Json]) -> None:
    """Number documents of one name, in place: Bedrock refuses two of the same."""
    seen: dict[str, int] = {}
    for document in (found for turn in turns for found in _documents(turn["content"])):
        name = document["name"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            document["name"] = f"{name[: _MAX_NAME - 8]} ({seen[name]})"


def _documents(blocks: list[Json]) -> Iterator[Json]:
    for block in blocks:
        if "document" in block:
            yield block["document"]
        elif "toolResult" in block:
            yield from _documents(block["toolResult"]["content"])


def _name(title: str) -> str:
    """A name of the characters that are allowed: letters, digits, single blanks, hyphens and brackets."""
    allowed = re.sub(r"[^A-Za-z0-9 \-()\[\]]", "-", title)
    return re.sub(r" {2,}", " ", allowed).strip()[:_MAX_NAME] or "document"
