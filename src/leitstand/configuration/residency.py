"""Which regions the public hosts of providers promise, so that a file does not promise more than they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from leitstand.configuration.finding import Path, Remark
from leitstand.configuration.models import Provider, ProviderKind
from leitstand.core.classes import Region


@dataclass(frozen=True, slots=True)
class _Public:
    """Public hosts of a kind ("": the one without a base_url), what they promise, and what to write instead."""

    hosts: frozenset[str]
    regions: frozenset[Region]
    de: str
    en: str


_ELSEWHERE_DE = "Schreiben Sie region: us, oder in base_url die Adresse Ihrer eigenen Installation."
_ELSEWHERE_EN = "Write region: us, or the address of your own deployment as base_url."
_PUBLIC: Mapping[ProviderKind, _Public] = MappingProxyType(
    {
        ProviderKind.MISTRAL: _Public(
            frozenset({"api.mistral.ai"}),
            frozenset(),
            "Lassen Sie base_url weg: dann gilt die Adresse der Region, etwa https://api.eu.mistral.ai/v1.",
            "Leave base_url out: then the region's address is used, such as https://api.eu.mistral.ai/v1.",
        ),
        ProviderKind.COHERE: _Public(
            frozenset({"", "api.cohere.com", "api.cohere.ai"}),
            frozenset({Region.US}),
            _ELSEWHERE_DE,
            _ELSEWHERE_EN,
        ),
        ProviderKind.TOGETHER: _Public(
            frozenset({"", "api.together.ai", "api.together.xyz"}),
            frozenset({Region.US}),
            _ELSEWHERE_DE,
            _ELSEWHERE_EN,
        ),
    }
)

_VENDORS = (
    "openai.com", "anthropic.com", "azure.com", "googleapis.com", "cohere.com", "cohere.ai", "together.xyz",
    "together.ai", "mistral.ai", "amazonaws.com", "ionos.com", "stackit.cloud", "groq.com", "deepseek.com",
)  # fmt: skip


def contradiction(provider: Provider, path: Path) -> Remark | None:
    """An error when a provider is declared to stand in the house and does not.

    Region `local` means clear text without an agreement, so its address must be one of the house.
    """
    if provider.place is not Region.LOCAL or provider.kind is ProviderKind.EXTRACTIVE:
        return None
    host = (urlsplit(provider.base_url or "").hostname or "").lower()
    if host and not any(host == vendor or host.endswith(f".{vendor}") for vendor in _VENDORS):
        return None
    shown = f" ({host})" if host else ""
    return Remark(
        (*path, "region"),
        f"„{provider.name}“{shown} steht nicht im Haus; region: local gäbe Klartext ohne Vertrag nach außen.",
        f"'{provider.name}'{shown} is not inside the house; region: local would send clear text outside without an agreement.",
        "Geben Sie die base_url eines eigenen Servers an, oder die Region des Anbieters: eu, us, other.",
        "Give the base_url of a server of your own, or the provider's region: eu, us, other.",
    )


def doubt(provider: Provider, path: Path) -> Remark | None:
    """A warning about a region that the provider's host does not promise; None when there is no doubt.

    path: where the provider stands. Source: Mistral, "Regional inference"; the others offer no choice.
    """
    public = _PUBLIC.get(provider.kind)
    host = urlsplit(provider.base_url or "").hostname or ""
    if public is None or host not in public.hosts:
        return None
    if provider.place is Region.OTHER or provider.place in public.regions:
        return None
    return Remark(
        (*path, "region"),
        f"Die öffentliche Adresse von {provider.kind} sagt keine Verarbeitung in der Region {provider.place} zu.",
        f"The public address of {provider.kind} promises no processing in region {provider.place}.",
        public.de,
        public.en,
        "warning",
    )
