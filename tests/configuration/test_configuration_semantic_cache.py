"""The semantic cache of a use case: refused or doubted where the wish would have no effect."""

from datetime import date

import pytest

from leitstand.app.rules import rulebook
from leitstand.configuration import semantic_cache
from leitstand.configuration.current import Configuration
from leitstand.configuration.file import read
from leitstand.configuration.finding import Finding
from leitstand.configuration.models import UseCase

TODAY = date(2026, 11, 23)
TEXT = (
    "providers:\n  - {name: p, kind: extractive}\n"
    "models:\n  - {name: m, cache: %s, targets: [{provider: p, model: a}]}\n"
    "use_cases:\n  - {name: wissen, models: [m], semantic_cache: true}\n"
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic_cache, "find_spec", lambda _: object())


def findings(text: str) -> list[Finding]:
    return [each for each in read(text, None, TODAY).findings if "semantic_cache" in each.path]


@pytest.mark.usefixtures("installed")
def test_a_use_case_may_wish_it_for_models_with_a_cache() -> None:
    assert findings(TEXT % "true") == []


@pytest.mark.usefixtures("installed")
def test_without_a_model_with_a_cache_it_is_doubted_at_its_place() -> None:
    [finding] = findings(TEXT % "false")
    assert (finding.severity, finding.line) == ("warning", 6)
    assert "hat einen Zwischenspeicher" in finding.message_de


def test_where_the_encoder_is_missing_the_wish_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic_cache, "find_spec", lambda _: None)
    [finding] = findings(TEXT % "true")
    assert finding.severity == "error"
    assert "Linux auf x86-64" in finding.message_de


def test_the_wish_reaches_the_rulebook() -> None:
    case = UseCase(name="wissen", semantic_cache=True)
    rules = rulebook(Configuration(use_cases={"wissen": case}), {})
    assert rules.use_cases["wissen"].semantic_cache
    assert not rules.general().semantic_cache
