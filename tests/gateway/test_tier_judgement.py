"""How a prompt is judged: examples in both languages, what changes the tier, what must never change it."""

import time

import pytest

from leitstand.core.conversation import (
    AnswerFormat,
    Media,
    Message,
    Prompt,
    Text,
    Tool,
    ToolResult,
)
from leitstand.core.tiers import Tier
from leitstand.gateway.tiers.classify import Judgement, Weights, judge, shipped_weights
from leitstand.gateway.tiers.explain import explanation, judge_text
from leitstand.gateway.tiers.features import FEATURES, turns
from leitstand.gateway.tiers.words import kind_of

SHORTEN = "Kürze den Text auf zwei Sätze: Wir liefern frei Haus und montieren am selben Tag."
COMPARE = "Vergleiche die drei Angebote nach Gesamtkosten über fünf Jahre und begründe eine Empfehlung."
LETTER = "Erstelle eine Einladung zur Betriebsversammlung mit Ort, Zeit und Themen."


def said(role: str, text: str) -> Message:
    return Message(role, (Text(text),))  # type: ignore[arg-type]  # a Speaker


def prompt(*messages: Message, **more: object) -> Prompt:
    return Prompt("chat", "auto", messages, **more)  # type: ignore[arg-type]  # fields of Prompt


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        (SHORTEN, Tier.SIMPLE), ("Was bedeutet MOQ?", Tier.SIMPLE), ("Translate this into German: Hello", Tier.SIMPLE),
        (LETTER, Tier.STANDARD), ("Write a job advertisement for a quality inspector.", Tier.STANDARD),
        ("Erkläre den Unterschied zwischen Skonto und Rabatt.", Tier.STANDARD),
        (COMPARE, Tier.COMPLEX), ("Entwickle ein Konzept für die vorausschauende Wartung unserer Anlagen.", Tier.COMPLEX),
        ("Should we acquire our competitor? Develop the valuation logic and the risks.", Tier.COMPLEX),
    ],
)  # fmt: skip
def test_usual_tasks_take_their_tier(text: str, tier: Tier) -> None:
    assert judge_text(text).tier is tier


def test_pasted_material_does_not_speak_for_the_question() -> None:
    material = "Bitte analysieren und bewerten Sie die Risiken des Vertrags.\n" * 40
    assert judge_text(f"Übersetze ins Englische:\n{material}Mit freundlichen Grüßen").tier is Tier.SIMPLE


def test_a_wish_after_the_material_counts() -> None:
    material = "Die Lieferung kam am Montag.\n" * 40
    assert judge_text(f"Hier die Mail.\n{material}{COMPARE}").tier is Tier.COMPLEX


def test_the_tier_of_a_conversation_never_falls() -> None:
    talk = [said("user", COMPARE)]
    first = judge(prompt(*talk))
    for question in ("Danke.", "Kürze das auf einen Satz.", "Was bedeutet TCO?"):
        talk += [said("assistant", "…"), said("user", question)]
        assert judge(prompt(*talk)).tier is first.tier
        assert judge(prompt(*talk)).score >= first.score


def test_the_tier_of_a_conversation_rises_with_a_demanding_question() -> None:
    talk = prompt(said("user", "Was bedeutet MOQ?"), said("assistant", "…"), said("user", COMPARE))
    assert judge(talk).tier is Tier.COMPLEX


def test_an_agent_keeps_its_tier_whatever_its_tools_return() -> None:
    asked = said("user", COMPARE)
    result = Message("tool", (ToolResult("1", (Text("Zeile " * 20_000),)),))
    alone = judge(prompt(asked))
    assert judge(prompt(asked, result, said("assistant", "…"), result)) == alone
    assert judge(prompt(asked, result, said("assistant", "…"), said("user", "Danke."))) == alone


def test_system_prompts_are_not_judged() -> None:
    assert judge(prompt(said("system", COMPARE), said("user", SHORTEN))) == judge(
        prompt(said("user", SHORTEN))
    )


def test_reasoning_effort_tools_and_room_raise_the_score() -> None:
    plain = judge(prompt(said("user", LETTER))).score
    for more in (
        {"reasoning_effort": "high"}, {"tools": tuple(Tool(f"t{n}") for n in range(8))}, {"max_tokens": 8000},
    ):  # fmt: skip
        assert judge(prompt(said("user", LETTER), **more)).score > plain


def test_the_depth_of_a_schema_is_counted_and_bounded() -> None:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(50):
        schema = {"type": "object", "properties": {"inner": schema}}
    asked = prompt(said("user", LETTER), answer_format=AnswerFormat("json_schema", schema=schema))
    assert list(turns(asked))[-1]["schema"] == 4


def test_what_asks_nothing_is_simple() -> None:
    for asked in (
        prompt(), prompt(said("system", COMPARE)), prompt(Message("user", (Media("image", "image/png"),))),
        Prompt("embeddings", "auto", (said("user", COMPARE),)),
    ):  # fmt: skip
        assert judge(asked).tier is Tier.SIMPLE


def test_the_score_is_the_sum_of_what_the_explanation_tells() -> None:
    told = explanation(judge_text(COMPARE))
    assert told["score"] == pytest.approx(
        told["base"] + sum(reason["points"] for reason in told["reasons"]), abs=0.3
    )
    assert [abs(reason["points"]) for reason in told["reasons"]] == sorted(
        (abs(reason["points"]) for reason in told["reasons"]), reverse=True
    )


def test_a_judgement_holds_names_of_features_and_numbers_only() -> None:
    judgement = judge_text(f"Frau Geheimrat Muster: {COMPARE}")
    known = {feature.name for feature in FEATURES}
    assert all(reason.name in known for reason in judgement.reasons)
    assert "Geheimrat" not in repr(judgement)


def test_every_feature_has_points_and_every_word_one_kind() -> None:
    assert set(shipped_weights().points) == {feature.name for feature in FEATURES}
    assert kind_of("personalkonzept") == "design"
    assert kind_of("analysierst") == "analyse"
    assert kind_of("wort") != kind_of("antwort")


def test_other_weights_judge_otherwise() -> None:
    points = dict.fromkeys((feature.name for feature in FEATURES), 0.0)
    weights = Weights(70.0, 50.0, 100.0, points)
    assert judge(prompt(said("user", COMPARE)), weights).tier is Tier.STANDARD


def test_a_huge_prompt_and_a_long_conversation_stay_quick() -> None:
    def spent_s(asked: Prompt) -> float:
        rounds = []
        for _ in range(5):
            begun = time.perf_counter()
            assert isinstance(judge(asked), Judgement)
            rounds.append(time.perf_counter() - begun)
        return min(rounds)

    huge = prompt(said("user", f"Fasse zusammen:\n{'Wort; Zahl 12; noch eins | ' * 20_000}"))
    long = prompt(*(said("user", COMPARE) for _ in range(400)))
    assert spent_s(huge) < 0.02
    assert spent_s(long) < 0.02
