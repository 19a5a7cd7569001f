"""What the providers cannot do, by what a row needs; everything that is not named here has to pass.

Two kinds of gaps: NONE, the provider has nothing of the sort, and ELSEWHERE, it has something of the sort in an API
that Leitstand does not speak. Both are refused before the call, with the feature's name.
"""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["none", "elsewhere"]


@dataclass(frozen=True)
class Gap:
    """feature: how the refusal names it. source: where it is written, or what is meant."""

    feature: str
    reason: Reason
    source: str


def _none(feature: str, source: str) -> Gap:
    return Gap(feature, "none", source)


def _elsewhere(feature: str, source: str) -> Gap:
    return Gap(feature, "elsewhere", source)


_QUOTES = "It quotes documents: text in, text out (docs/local-models.md)."
_CLAUDE = "https://docs.anthropic.com/en/api/overview: messages, batches, files, models, no "
_COHERE = "https://docs.cohere.com/reference/about: chat, embed, rerank, no "

GAPS: dict[str, dict[str, Gap]] = {
    "conversations": {},
    "tools": {"quotes": _none("tools", _QUOTES)},
    "one tool at a time": {
        "quotes": _none("tools", _QUOTES),
    },
    "structured output": {"quotes": _none("response_format", _QUOTES)},
    "images in": {"quotes": _none("image", _QUOTES)},
    "reasoning": {},
    "thoughts shown": {},
    "embeddings": {
        "anthropic": _none(
            "embeddings",
            "https://docs.anthropic.com/en/docs/build-with-claude/embeddings: no model of its own",
        ),
        "quotes": _none("embeddings", _QUOTES),
    },
    "reranking": {
        "openai": _none("rerank", "https://platform.openai.com/docs/api-reference: no such endpoint"),
        "responses": _none("rerank", "https://platform.openai.com/docs/api-reference: no such endpoint"),
        "azure": _elsewhere("rerank", "Cohere's models in Azure's catalogue, at addresses of their own"),
        "anthropic": _none("rerank", f"{_CLAUDE}reranking"),
        "gemini": _none("rerank", "https://ai.google.dev/api: no such method"),
        "vertex": _elsewhere(
            "rerank",
            "https://cloud.google.com/generative-ai-app-builder/docs/ranking: another host and service",
        ),
        "mistral": _none("rerank", "https://docs.mistral.ai/api: no such endpoint"),
        "quotes": _none("rerank", _QUOTES),
    },
    "image generation": {
        "anthropic": _none("images", f"{_CLAUDE}image generation"),
        "gemini": _elsewhere(
            "images", "https://ai.google.dev/gemini-api/docs/image-generation: parts of a conversation"
        ),
        "vertex": _elsewhere(
            "images", "https://cloud.google.com/vertex-ai/generative-ai/docs/image/overview: Imagen"
        ),
        "cohere": _none("images", f"{_COHERE}image generation"),
        "mistral": _elsewhere(
            "images", "https://docs.mistral.ai/agents/connectors/image_generation: agents only"
        ),
        "bedrock": _elsewhere(
            "images",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html: a body for each maker",
        ),
        "quotes": _none("images", _QUOTES),
    },
    "transcription": {
        "anthropic": _none("transcriptions", f"{_CLAUDE}sound"),
        "gemini": _elsewhere(
            "transcriptions", "https://ai.google.dev/gemini-api/docs/audio: sound as part of a conversation"
        ),
        "vertex": _elsewhere("transcriptions", "https://cloud.google.com/speech-to-text: another service"),
        "cohere": _elsewhere(
            "transcriptions",
            "https://docs.cohere.com/reference/create-audio-transcription: newer than our adapter",
        ),
        "bedrock": _elsewhere("transcriptions", "https://docs.aws.amazon.com/transcribe: another service"),
        "quotes": _none("transcriptions", _QUOTES),
    },
}
"""Gaps by need and provider."""

_HIDDEN = "OpenAI's Chat Completions counts reasoning and never shows it (platform.openai.com/docs/guides/reasoning)"
WITHOUT: dict[str, dict[str, str]] = {
    "reasoning": {"quotes": "It does not reason."},
    "thoughts shown": {
        "openai": _HIDDEN,
        "azure": _HIDDEN,
        "compatible": f"As the server does; the simulated one does as OpenAI: {_HIDDEN}",
        "quotes": "It does not reason.",
    },
}
"""Where a wish for reasoning changes nothing that the client sees, with the reason; the answer comes all the same."""


def expected(need: str, upstream: str) -> str:
    """The outcome that a cell has to have, in the words of running.py."""
    if (gap := GAPS[need].get(upstream)) is not None:
        return f"refused: {gap.feature}"
    return "answers without it" if upstream in WITHOUT.get(need, {}) else "passes"
