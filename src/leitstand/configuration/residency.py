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
