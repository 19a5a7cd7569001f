"""Vertex AI is configured with a place, and the place fits the region that policy decides by."""

from datetime import date

import pytest

from leitstand.app.rules import _target
from leitstand.configuration.file import read
from leitstand.configuration.models import Provider

TODAY = date(2026, 11, 23)
DPA = "dpa: {signed: 2026-01-15}"


def _findings(fields: str) -> list[tuple[int, str, str, str]]:
    document = read(f"providers:\n  - {{name: g, {DPA}, api_key: env:KEY, {fields}}}", None, TODAY)
    return [(each.line, each.path, each.severity, each.message_de) for each in document.findings]


@pytest.mark.parametrize(
    "fields",
    [
        "kind: vertex, location: europe-west3, region: eu",
        "kind: vertex, location: eu, region: eu, project: musterwerk-ki",
        "kind: vertex, location: global",
        "kind: vertex, location: us-central1, region: us",
        "kind: gemini, region: other",
    ],
)
def test_places_that_fit_are_accepted(fields: str) -> None:
    assert _findings(fields) == []


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ("kind: vertex, region: eu", "providers[0]", "braucht location"),
        ("kind: vertex, location: global, region: eu", "providers[0]", "nicht in der EU"),
        ("kind: vertex, location: europe-west2, region: eu", "providers[0]", "nicht in der EU"),
        ("kind: vertex, location: europe-west6, region: eu", "providers[0]", "nicht in der EU"),
        ("kind: vertex, location: eu, region: local", "providers[0]", "nicht im Haus"),
        ("kind: vertex, location: Frankfurt", "providers[0].location", "kein Standort"),
        ("kind: vertex, location: eu, project: 'Muster Werk'", "providers[0].project", "keine Projekt-ID"),
        ("kind: gemini, location: eu", "providers[0]", "Art „vertex“"),
    ],
)
def test_places_that_do_not_fit_are_refused_at_their_line(fields: str, path: str, words: str) -> None:
    ((line, where, severity, message),) = _findings(fields)
    assert (line, where, severity) == (2, path, "error")
    assert words in message


def test_an_eu_claim_for_the_gemini_api_is_doubted() -> None:
    ((_, path, severity, message),) = _findings("kind: gemini, region: eu")
    assert (path, severity) == ("providers[0].region", "warning")
    assert "sagt keine Verarbeitung" in message


def test_place_and_project_reach_the_adapter() -> None:
    provider = Provider.model_validate(
        {"name": "g", "kind": "vertex", "location": "eu", "project": "musterwerk-ki", "region": "eu"}
    )
    target = _target(provider, "gemini-3.8-flash", {})
    assert (target.option("location"), target.option("project"), target.option("x")) == (
        "eu", "musterwerk-ki", "",
    )  # fmt: skip
