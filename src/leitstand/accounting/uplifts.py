"""Regional surcharges that list prices leave out.

Each row: provider kind, region, which models (a pattern that must match at the start), factor, source.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from leitstand.core.classes import Region

NONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Uplift:
    """`models` matches the names that pay `factor` times the list price."""

    kind: str
    region: Region
    models: re.Pattern[str]
    factor: Decimal
    source: str


# Families that OpenAI released before 5 March 2026; GPT-5.4 came out on that day. New families pay the uplift
# until they are listed here, so an unknown one is never booked too low.
_BEFORE_MARCH_2026 = (
    r"(?:ft:)?(?:gpt-3\.5|gpt-4|gpt-5(?:\.[0-3])?(?![.\d])|o[134](?![.\d])|chatgpt-4o|codex-mini|computer-use"
    r"|text-embedding|text-moderation|omni-moderation|whisper|tts-|dall-e|gpt-oss|gpt-image-1(?![.\d])"
    r"|gpt-image-1\.5|gpt-audio|gpt-realtime(?:-mini)?(?:-20|$)|davinci|babbage)"
)
# Claude models before Sonnet 4.5 cost the same at every endpoint.
_FLAT_CLAUDE = r"claude-(?:[123]|instant|(?:sonnet|opus)-4(?:-1)?(?:[-@]20|$))"

UPLIFTS = (
    Uplift(
        "openai", Region.EU, re.compile(rf"(?!{_BEFORE_MARCH_2026})"), Decimal("1.10"),
        "OpenAI, Data residency: 10 % for models released on or after 5 March 2026",
    ),
    Uplift(
        "azure_openai", Region.EU, re.compile(""), Decimal("1.10"),
        "Azure OpenAI price list: Data Zone and Regional deployments against Global",
    ),
    Uplift(
        "vertex", Region.EU, re.compile(rf"(?!{_FLAT_CLAUDE})claude"), Decimal("1.10"),
        "Anthropic, Pricing: regional endpoints of Vertex AI from Claude Sonnet 4.5 on",
    ),
    Uplift(
        "mistral", Region.EU, re.compile(""), Decimal("1.10"), "Mistral, Regional inference: 1.1 times the list price",
    ),
    Uplift(
        "mistral", Region.US, re.compile(""), Decimal("1.10"), "Mistral, Regional inference: 1.1 times the list price",
    ),
)  # fmt: skip


def uplift(kind: str, region: Region, model: str) -> Decimal:
    """The factor on the list price of a model there; 1 where none is known."""
    name = model.lower()
    for row in UPLIFTS:
        if row.kind == kind and row.region == region and row.models.match(name):
            return row.factor
    return NONE
