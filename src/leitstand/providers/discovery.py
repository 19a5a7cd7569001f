"""What is there already: keys in the environment, model servers on this machine — each as a proposal.

Nothing is changed and no key is read further than to see that it is not empty: a proposal names the
variable (`env:NAME`), never its value.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from leitstand.providers.base import HTTPSender
from leitstand.providers.http.faults import HTTPFault
from leitstand.providers.http.request import HTTPRequest, Timeouts
from leitstand.providers.local_runtime import local_entry

_PROBE = Timeouts(connect_s=0.3, first_byte_s=0.7, idle_s=0.7, total_s=1.0)
_LIMIT_BYTES = 1024 * 1024
_MOST_MODELS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A provider that could be used at once.

    how: `environment` or `local server`. entry: a piece of the configuration file (providers and models).
    hint: what has to be thought of before it is taken over, in German; "" when nothing.
    """

    title: str
    how: str
    entry: Mapping[str, Any]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CloudPreset:
    """A provider known by the usual name of its key. models: public name and the provider's own name."""

    variable: str
    name: str
    title: str
    kind: str
    region: str
    models: tuple[tuple[str, str], ...]
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class LocalPreset:
    """A model server by its usual port."""

    port: int
    name: str
    title: str


CLOUD = (
    CloudPreset("OPENAI_API_KEY", "openai", "OpenAI", "openai", "us", (("standard", "gpt-4o-mini"),)),
    CloudPreset(
        "ANTHROPIC_API_KEY", "anthropic", "Anthropic", "anthropic", "us", (("gruendlich", "claude-sonnet-4-5"),)
    ),
    CloudPreset("MISTRAL_API_KEY", "mistral", "Mistral", "mistral", "eu", (("mistral", "mistral-small-latest"),)),
    CloudPreset("CO_API_KEY", "cohere", "Cohere", "cohere", "us", (("cohere", "command-a-03-2025"),)),
    CloudPreset(
        "TOGETHER_API_KEY", "together", "Together.ai", "together", "us",
        (("llama", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),),
    ),
    CloudPreset(
        "IONOS_API_TOKEN", "ionos", "IONOS AI Model Hub", "openai_compatible", "eu",
        (("llama", "meta-llama/Llama-3.3-70B-Instruct"),), "https://openai.inference.de-txl.ionos.com/v1",
    ),
)  # fmt: skip
LOCAL = (
    LocalPreset(11434, "ollama", "Ollama"),
    LocalPreset(1234, "lm-studio", "LM Studio"),
    LocalPreset(8000, "vllm", "vLLM"),
    LocalPreset(8080, "llama-cpp", "llama.cpp"),
)
_NEEDS_DPA = "Vor dem ersten Einsatz: Vertrag zur Auftragsverarbeitung eintragen (dpa), sonst nur für öffentliche Daten."


async def discover(
    environment: Mapping[str, str],
    pool: Callable[[], HTTPSender],
    *,
    own_port: int | None = None,
    local: Sequence[LocalPreset] = LOCAL,
) -> list[Found]:
    """Everything usable now, keys first, within a good second.

    pool: gives the HTTP pool; called once. own_port: where Leitstand itself listens, which is not asked.
    """
    sender = pool()
    asked = [_ask(preset, sender) for preset in local if preset.port != own_port]
    servers = await asyncio.gather(*asked)
    return [*_keys(environment), *(server for server in servers if server is not None)]


def _keys(environment: Mapping[str, str]) -> list[Found]:
    return [
        Found(preset.title, "environment", _cloud_entry(preset), _NEEDS_DPA)
        for preset in CLOUD
        if environment.get(preset.variable, "").strip()
    ]


def _cloud_entry(preset: CloudPreset) -> dict[str, Any]:
    provider: dict[str, Any] = {"name": preset.name, "kind": preset.kind}
    if preset.base_url:
        provider["base_url"] = preset.base_url
    provider |= {"api_key": f"env:{preset.variable}", "region": preset.region}
    models = [
        {"name": public, "targets": [{"provider": preset.name, "model": own}]}
        for public, own in preset.models
    ]
    return {"providers": [provider], "models": models}


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


async def _ask(preset: LocalPreset, sender: HTTPSender) -> Found | None:
    """The server on a port, if it lists models the OpenAI way; anything else there is not ours."""
    base_url = f"http://127.0.0.1:{preset.port}/v1"
    try:
        async with sender.send(HTTPRequest("GET", f"{base_url}/models"), _PROBE) as answer:
            body = await answer.body(_LIMIT_BYTES)
            if answer.status != 200:
                return None
        models = [model.id for model in msgspec.json.decode(body, type=_Models).data if model.id]
    except (HTTPFault, msgspec.DecodeError):
        return None
    return (
        Found(preset.title, "local server", local_entry(preset.name, base_url, models[:_MOST_MODELS]))
        if models
        else None
    )
