"""Pictures in OpenAI's format, and in Together's words for it.

Source: OpenAI API reference, "Create image"; Together API reference, "Create image". Models that are billed by
tokens say so in `usage`; the pictures are counted in any case.
"""

import re
from dataclasses import dataclass
from functools import partial

import msgspec

from leitstand.core.conversation import Drawn, Frame, Json, Prompt
from leitstand.providers.wire import task
from leitstand.providers.wire.task import Step

_PATH = "images/generations"
_OPENAI = ("size", "quality", "style", "background", "moderation", "output_format", "output_compression",
           "response_format", "user")  # fmt: skip
_TOGETHER = ("seed", "steps", "negative_prompt", "guidance_scale", "output_format", "width", "height")
_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})")


@dataclass(frozen=True, slots=True)
class Images:
    """passed: fields that a server knows beyond OpenAI's."""

    passed: tuple[str, ...] = ()

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return task.lacking(prompt, {*_OPENAI, *self.passed}) or task.only_text(prompt)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        fields = task.said(prompt, (*_OPENAI, *self.passed))
        if "gpt-image" in model and fields.get("response_format") == "b64_json":
            del fields["response_format"]  # these models send base64 always, and refuse to be asked for it
        body = {"model": model, "prompt": _description(prompt), "n": prompt.choices, **fields}
        return [Step(_PATH, task.encode(body), partial(_read, keep=True))]


class TogetherImages:
    """The same with a width and a height, and `base64` for the form."""

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        size = prompt.extra.get("size")
        if size not in (None, "auto") and not _SIZE.fullmatch(str(size)):
            return f"size: {size}"
        known = {"size", "response_format", *_TOGETHER}
        return task.lacking(prompt, known, hints=("user",)) or task.only_text(prompt)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        body: Json = {"model": model, "prompt": _description(prompt), "n": prompt.choices}
        body |= task.said(prompt, _TOGETHER)
        if sides := _SIZE.fullmatch(str(prompt.extra.get("size"))):
            body |= {"width": int(sides.group(1)), "height": int(sides.group(2))}
        if wanted := prompt.extra.get("response_format"):
            body["response_format"] = "base64" if wanted == "b64_json" else wanted
        return [Step(_PATH, task.encode(body), partial(_read, keep=False, usual="jpeg"))]


def _description(prompt: Prompt) -> str:
    return "\n".join(task.inputs(prompt))


class _Picture(msgspec.Struct):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Answer(msgspec.Struct):
    data: list[_Picture]
    usage: Json | None = None
    output_format: str | None = None


_DECODER = msgspec.json.Decoder(_Answer)


def _read(body: bytes, keep: bool, usual: str = "png") -> Frame:
    answer = _DECODER.decode(body)
    kind = f"image/{answer.output_format or usual}"
    drawn = tuple(
        Drawn(
            picture.b64_json or "",
            kind if picture.b64_json else "",
            picture.url or "",
            picture.revised_prompt or "",
        )
        for picture in answer.data
        if picture.b64_json or picture.url
    )
    if not drawn:
        return Frame((), None, "images")
    return Frame((*drawn, *task.used(answer.usage, "image", len(drawn))), body if keep else None, "images")
