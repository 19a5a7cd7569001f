"""Models with tiers and the pins of use cases: what a file may say, and what would have no effect."""

from datetime import date

import pytest
from configuration_support import EXAMPLE, Installation

from leitstand.app.rules import rulebook
from leitstand.configuration.checks import Known
from leitstand.configuration.current import Configuration
from leitstand.configuration.file import read
from leitstand.configuration.models import File
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.core.tiers import Tier

TODAY = date(2026, 11, 23)
PROVIDER = "providers:\n  - {name: p, kind: extractive}\n"
MODELS = PROVIDER + (
    "models:\n  - {name: klein, targets: [{provider: p, model: a}]}\n"
    "  - {name: gross, targets: [{provider: p, model: b}]}\n"
)
AUTO = MODELS + "  - {name: auto, tiers: {simple: klein, complex: gross}}\n"


def messages(text: str, known: Known | None = None) -> list[str]:
    return [
        f"{each.path} {each.message}"
        for each in read(text, known, TODAY).findings
        if each.severity == "error"
    ]


def test_tiers_stand_in_place_of_targets() -> None:
    assert messages(AUTO) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{name: auto}", "mindestens ein Ziel (targets) oder Stufen (tiers)"),
        ("{name: auto, tiers: {}}", "nennen kein Modell"),
        ("{name: auto, tiers: {simple: klien}}", "„klien“ (Modell) gibt es nicht"),
        ("{name: auto, tiers: {small: klein}}", "small"),
        ("{name: auto, tiers: {simple: klein}, targets: [{provider: p, model: a}]}", "hat keine Wirkung: targets"),
        ("{name: auto, tiers: {simple: klein}, cache: true, strategy: cheapest}", "hat keine Wirkung: strategy, cache"),
        ("{name: auto, tiers: {simple: auto}}", "hat selbst Stufen"),
        ("{name: auto, tiers: {simple: klein}}\n  - {name: mehr, tiers: {simple: auto}}", "„auto“ hat selbst Stufen"),
        ("{name: auto, tiers: {simple: klein}}\nlimits:\n  - {scope: 'model:auto', eur_per_day: 1}", "hätte keine Wirkung"),
        ("{name: u, targets: [{provider: p, model: a}]}\nuse_cases:\n  - {name: w, tier: complex, max_tier: simple}", "über der größten erlaubten"),
        ("{name: u, targets: [{provider: p, model: a}]}\nuse_cases:\n  - {name: w, tier: huge}", "standard"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named(line: str, words: str) -> None:
    assert any(words in message for message in messages(f"{MODELS}  - {line}\n")), messages(
        f"{MODELS}  - {line}\n"
    )


def test_a_stored_tier_cannot_get_tiers_itself() -> None:
    known = Known({"model": frozenset({"auto", "klein", "gross"})}, tiers={"auto": frozenset({"klein"})})
    [message] = messages("models:\n  - {name: klein, tiers: {simple: gross}}\n", known)
    assert "„klein“ ist eine Stufe von „auto“" in message


def test_a_limited_model_cannot_get_tiers() -> None:
    known = Known({"model": frozenset({"auto", "klein"}), "limit": frozenset({"model:auto eur_per_day"})})
    [message] = messages("models:\n  - {name: auto, tiers: {simple: klein}}\n", known)
    assert "hätte keine Wirkung" in message


def test_models_may_change_places_within_one_file() -> None:
    known = Known({"model": frozenset({"auto", "klein"})}, tiers={"klein": frozenset({"auto"})})
    text = PROVIDER + (
        "models:\n  - {name: klein, targets: [{provider: p, model: a}]}\n  - {name: auto, tiers: {simple: klein}}\n"
    )
    assert messages(text, known) == []


def test_a_model_that_is_a_tier_stays(installation: Installation) -> None:
    text = EXAMPLE.replace("use_cases:", "  - {name: auto, tiers: {simple: standard}}\nuse_cases:", 1)
    installation.editor.apply(read(text, None, TODAY), "petra")
    with pytest.raises(ConfigurationRefused, match="auto"):
        installation.editor.remove_object("model", "standard", "petra")


def test_the_rulebook_gives_a_tiered_model_the_offers_of_all_its_tiers() -> None:
    file = File.model_validate(
        {
            "providers": [{"name": "p", "kind": "extractive"}],
            "models": [
                {"name": "klein", "targets": [{"provider": "p", "model": "a"}]},
                {"name": "gross", "targets": [{"provider": "p", "model": "b"}]},
                {"name": "auto", "tiers": {"simple": "klein", "standard": "klein", "complex": "gross"}},
            ],
            "use_cases": [{"name": "w", "tier": "simple", "max_tier": "standard"}, {"name": "v"}],
        }
    )
    book = rulebook(
        Configuration(
            providers={each.name: each for each in file.providers},
            models={each.name: each for each in file.models},
            use_cases={each.name: each for each in file.use_cases},
        ),
        {},
    )
    auto = book.routes["auto"]
    assert [offer.target.model for offer in auto.offers] == ["a", "b"]
    assert auto.tiers == {Tier.SIMPLE: "klein", Tier.STANDARD: "klein", Tier.COMPLEX: "gross"}
    assert (book.use_cases["w"].tier, book.use_cases["w"].max_tier) == (Tier.SIMPLE, Tier.STANDARD)
    assert (book.use_cases["v"].tier, book.use_cases["v"].max_tier) == (None, None)
