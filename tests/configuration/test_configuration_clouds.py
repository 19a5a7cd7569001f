"""Fields of Bedrock and Azure: what belongs together is demanded, what contradicts is refused, with its line."""

from datetime import date

import pytest

from leitstand.app.rules import rulebook
from leitstand.configuration.checks import Known
from leitstand.configuration.current import Configuration
from leitstand.configuration.file import read
from leitstand.configuration.models import Model, Provider

TODAY = date(2026, 11, 23)
DPA = "dpa: {signed: 2026-01-15}"


def faults(provider: str) -> list[tuple[int, str, str]]:
    """Line, German and English words of the errors in a file with this one provider."""
    document = read(f"providers:\n  - {{name: p, {provider}, {DPA}}}\n", Known(), TODAY)
    return [
        (each.line, each.message_de, each.message_en)
        for each in document.findings
        if each.severity == "error"
    ]


@pytest.mark.parametrize(
    "provider",
    [
        "kind: bedrock, region: eu",
        "kind: bedrock, region: eu, aws_region: eu-central-1, access_key_id: AKIAIOSFODNN7EXAMPLE",
        "kind: bedrock, region: eu, aws_region: eusc-de-east-1",
        "kind: bedrock, region: us, aws_region: us-east-1",
        'kind: bedrock, region: eu, base_url: "https://bedrock-runtime.eu-west-1.amazonaws.com"',
        'kind: azure_openai, region: eu, base_url: "https://m.openai.azure.com/openai/v1"',
        'kind: azure_openai, region: eu, base_url: "https://m.openai.azure.com/openai/v1", api: responses',
        "kind: openai, region: us, api: responses",
        "kind: openai, region: us, api: chat",
        'kind: azure_openai, region: eu, base_url: "https://m.openai.azure.com", api_version: 2024-10-21',
        'kind: azure_openai, base_url: "https://m.openai.azure.com", entra_tenant: m.example, entra_client_id: a-1',
    ],
)
def test_what_fits_is_taken(provider: str) -> None:
    assert faults(provider) == []


@pytest.mark.parametrize(
    ("provider", "de", "en"),
    [
        ("kind: bedrock, region: eu, aws_region: us-east-1", "nicht in der EU", "not in the EU"),
        ("kind: bedrock, region: eu, aws_region: eu-west-2", "nicht in der EU", "not in the EU"),
        ("kind: bedrock, region: eu, aws_region: eu-central-2", "nicht in der EU", "not in the EU"),
        ('kind: bedrock, region: eu, base_url: "https://bedrock-runtime.us-east-1.amazonaws.com"',
         "nicht in der EU", "not in the EU"),
        ('kind: bedrock, region: eu, aws_region: eu-west-1, base_url: "https://bedrock-runtime.eu-west-3.amazonaws.com"',
         "Die Adresse liegt in", "The address is in"),
        ("kind: bedrock, region: us", "in Frankfurt", "in Frankfurt"),
        ("kind: bedrock, aws_region: Frankfurt", "keine Region von AWS", "no region of AWS"),
        ("kind: bedrock, access_key_id: geheim/KEY", "gehört in api_key", "belongs in api_key"),
        ("kind: openai, aws_region: eu-central-1", "gehört zur Art „bedrock“", "belongs to kind 'bedrock'"),
        ("kind: openai, api_version: 2024-10-21", "gehört zur Art „azure_openai“", "belongs to kind 'azure_openai'"),
        ("kind: azure_openai", "braucht eine base_url", "needs a base_url"),
        ('kind: azure_openai, base_url: "https://m.test", api: responses', "Responses-API", "Responses API"),
        ("kind: mistral, api: chat", "gehört zu den Arten", "belongs to the kinds"),
        ('kind: azure_openai, base_url: "https://m.test", api_version: neu', "keine Version", "no version"),
        ('kind: azure_openai, base_url: "https://m.test", entra_tenant: m.example', "gehören", "belong together"),
        ('kind: azure_openai, base_url: "https://m.test", entra_authority: "https://e.test"', "gehören", "belong together"),
        ('kind: azure_openai, base_url: "https://m.test", entra_tenant: "a/b", entra_client_id: c', "keine Kennung", "no id"),
    ],
)  # fmt: skip
def test_what_contradicts_is_refused_with_its_line(provider: str, de: str, en: str) -> None:
    ((line, german, english),) = faults(provider)
    assert line == 2
    assert de in german
    assert en in english


def test_the_fields_reach_the_adapter() -> None:
    bedrock = Provider.model_validate(
        {"name": "b", "kind": "bedrock", "aws_region": "eu-west-3", "access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    )
    model = Model.model_validate(
        {"name": "m", "targets": [{"provider": "b", "model": "eu.amazon.nova-lite-v1:0"}]}
    )
    book = rulebook(Configuration(providers={"b": bedrock}, models={"m": model}), {"b": "geheim"})
    target = book.routes["m"].offers[0].target
    assert target.option("aws_region") == "eu-west-3"
    assert target.option("access_key_id") == "AKIAIOSFODNN7EXAMPLE"
    assert target.option("api_version") == ""
