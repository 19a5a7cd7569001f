"""A region that a provider's public host does not promise is a warning with its line."""

from datetime import date

import pytest

from leitstand.configuration.file import Document, read

TODAY = date(2026, 11, 23)
DPA = "dpa: {signed: 2026-01-15, expires: 2099-01-15}"


def found(provider: str) -> Document:
    return read(f"providers:\n  - {{name: a, {provider}, {DPA}}}", None, TODAY)


@pytest.mark.parametrize(
    ("provider", "hint"),
    [
        ("kind: mistral, region: eu, base_url: 'https://api.mistral.ai/v1'", "api.eu.mistral.ai"),
        ("kind: cohere, region: eu", "region: us"),
        ("kind: together, region: eu, base_url: 'https://api.together.xyz/v1'", "region: us"),
    ],
)
def test_a_public_host_promises_less(provider: str, hint: str) -> None:
    document = found(provider)
    assert document.ok
    (finding,) = document.findings
    assert (finding.severity, finding.path, finding.line) == ("warning", "providers[0].region", 2)
    assert "keine Verarbeitung in der Region" in finding.message_de
    assert "promises no processing in region" in finding.message_en
    assert hint in finding.hint_de


@pytest.mark.parametrize(
    "provider",
    [
        "kind: mistral, region: eu",
        "kind: mistral, region: eu, base_url: 'https://api.eu.mistral.ai/v1'",
        "kind: mistral, region: other",
        "kind: cohere, region: us",
        "kind: cohere, region: eu, base_url: 'https://cohere.intern.example/v2'",
        "kind: together, region: us",
        "kind: openai, region: eu",
    ],
)
def test_what_the_host_promises_needs_no_remark(provider: str) -> None:
    assert found(provider).findings == ()
