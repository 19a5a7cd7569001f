"""What a scenario changes: models, tiers, caches, caps, prices, rates; and what policy does not let it change."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert
from what_if_cases import HOUR_US, NOON_US, PERIOD, Company

from leitstand.accounting.prices import cost
from leitstand.app.what_if import DirectTurn
from leitstand.core.conversation import Usage
from leitstand.core.errors import InvalidRequest
from leitstand.reports.what_if.result import Range
from leitstand.reports.what_if.scenario import read
from leitstand.reports.what_if.tokens import ASSUMED_INPUT, ASSUMED_OUTPUT
from leitstand.store.engine import open_engine
from leitstand.store.schema import journal, metadata, trial, trial_answer


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    engine = open_engine(tmp_path)
    metadata.create_all(engine)
    yield Company(engine)
    engine.dispose()


def traffic(company: Company, model: str, calls: int = 40, **more: object) -> int:
    total = sum(
        company.call(model, Usage(1000 + n, 200 + n), person=n % 9 + 1, **more)  # type: ignore[arg-type]
        for n in range(calls)
    )
    company.store()
    return total


# ---------------------------------------------------------------- models


def test_a_replaced_model_is_priced_at_the_new_one_and_the_rest_stays(company: Company) -> None:
    for _ in range(40):
        company.call("gross")
    stays = company.call("klein")
    company.store()
    result = company.replay(replace={"gross": "klein"})
    assert result.moved == 40
    usual = 40 * cost(Usage(1000, 200), company.price("klein")) + stays
    assert result.after_nano.value == usual
    assert result.after_nano.low < usual < result.after_nano.high
    assert 0.9 < result.saving.value < 1


def test_the_same_model_elsewhere_takes_the_same_tokens_for_certain(company: Company) -> None:
    total = traffic(company, "gross")
    after = company.replay(replace={"gross": "gemerkt"}).after_nano
    assert (after.low, after.value, after.high) == (total, total, total)


def test_without_a_measurement_the_factor_is_assumed_and_says_so(company: Company) -> None:
    traffic(company, "gross")
    result = company.replay(replace={"gross": "claude"})
    (factor,) = result.factors
    assert (factor.source, factor.input, factor.output) == ("assumed", ASSUMED_INPUT, ASSUMED_OUTPUT)
    assert any("nicht überall gemessen" in note.de for note in result.notes)


def test_both_models_traffic_in_the_use_case_measures_the_factor(company: Company) -> None:
    for n in range(60):
        company.call("gross", Usage(1000 + n % 7, 200 + n % 5))
        company.call("claude", Usage(1100 + n % 7, 300 + n % 5))
    company.store()
    (factor,) = company.replay(replace={"gross": "claude"}).factors
    assert (factor.source, factor.calls) == ("traffic", 60)
    assert factor.input.value == pytest.approx(1.1, rel=0.01)
    assert factor.output.low < 302 / 202 < factor.output.high


def test_prompts_of_other_questions_do_not_pass_for_another_tokenizer(company: Company) -> None:
    for n in range(60):
        company.call("gross", Usage(1000 + n % 7, 200))
        company.call("claude", Usage(9000 + n % 7, 300))
    company.store()
    (factor,) = company.replay(replace={"gross": "claude"}).factors
    assert factor.source == "assumed"


def test_the_same_questions_to_both_in_a_model_test_measure_best(company: Company) -> None:
    for n in range(12):
        company.call("gross", Usage(100 + n, 50))
        company.call("claude", Usage(round(1.2 * (100 + n)), 40))
    company.store()
    _trial(company, "gross", "claude")
    (factor,) = company.replay(replace={"gross": "claude"}).factors
    assert (factor.source, factor.calls) == ("paired", 12)
    assert factor.input.value == pytest.approx(1.2, abs=0.01)
    assert factor.output == Range(0.8, 0.8, 0.8)


def _trial(company: Company, baseline: str, candidate: str) -> None:
    """The records of `company`, taking turns, as the answers of a finished trial."""
    base = {
        "id": "trial_1", "set_name": "s", "night": "", "candidate": candidate, "baseline": baseline, "repetitions": 1,
        "state": "done", "decision": "go", "reason": "", "most_nano": 0, "body": b"", "created_us": 1, "created_by": "p",
    }  # fmt: skip
    answers = [
        {
            "trial": "trial_1", "model": row["model"], "case": f"c{n // 2}", "repetition": 0, "request_id": row["id"],
            "answered": True, "passed": True, "cost_nano": 0, "latency_us": 0, "output_tokens": 0, "body": b"",
            "created_us": 1,
        }
        for n, row in enumerate(company.rows)
    ]  # fmt: skip
    with company.engine.begin() as connection:
        connection.execute(insert(trial), [base])
        connection.execute(insert(trial_answer), answers)


def test_what_policy_forbids_stays_where_it_is(company: Company) -> None:
    total = traffic(company, "gross")
    result = company.replay(replace={"gross": "fern"})
    assert (result.after_nano.value, result.moved, result.stays) == (total, 0, {"policy": 40})


def test_single_tasks_are_not_moved_to_a_model_that_talks(company: Company) -> None:
    total = traffic(company, "gross", detail={"dialect": "embeddings"})
    result = company.replay(replace={"gross": "klein"})
    assert (result.after_nano.value, result.stays) == (total, {"task": 40})


def test_a_replacement_hits_the_model_that_answered_behind_a_tier(company: Company) -> None:
    traffic(company, "gross", detail={"answered_as": "gross"})
    for row in company.rows:
        assert row["model"] == "gross"
    assert company.replay(replace={"gross": "klein"}).moved == 40


# ---------------------------------------------------------------- tiers


def test_a_judged_request_takes_its_tier(company: Company) -> None:
    total = traffic(company, "gross", detail={"tier": {"judged": "complex"}})
    after = company.replay(replace={"gross": "auto"}).after_nano
    assert (after.low, after.value, after.high) == (total, total, total)


def test_an_unjudged_request_lies_between_the_cheapest_and_the_dearest_tier(company: Company) -> None:
    total = traffic(company, "gross")
    after = company.replay(replace={"gross": "auto"}).after_nano
    assert after.low < after.value < after.high == total
    assert after.low < 0.1 * total


def test_the_tier_that_its_use_case_pins_is_certain(company: Company) -> None:
    total = traffic(company, "gross", use_case="werbung")
    cases = dict(company.configuration.use_cases)
    cases["werbung"] = cases["werbung"].model_copy(update={"tier": "complex"})
    object.__setattr__(company.configuration, "use_cases", cases)
    after = company.replay(replace={"gross": "auto"}).after_nano
    assert (after.low, after.high) == (total, total)


# ---------------------------------------------------------------- caches


def test_a_cache_switched_off_pays_what_its_hits_saved(company: Company) -> None:
    saved = traffic(company, "gemerkt", 10)
    for _ in range(5):
        company.call("gemerkt", Usage(), outcome="cached", cache="hit", cost_nano=0, saved_nano=700)
    with company.engine.begin() as connection:
        connection.execute(insert(journal), company.rows[10:])
    result = company.replay(cache={"gemerkt": False})
    assert result.cache.hits_lost == 5
    assert result.after_nano.value == saved + 5 * 700


def test_hits_of_a_replaced_model_without_cache_are_asked_at_the_new_price(company: Company) -> None:
    for _ in range(40):
        company.call("gemerkt")
    company.call(
        "gemerkt",
        Usage(),
        outcome="cached",
        cache="hit",
        cost_nano=0,
        saved_nano=company.rows[0]["cost_nano"],
    )
    company.store()
    result = company.replay(replace={"gemerkt": "klein"})
    assert result.after_nano.value == pytest.approx(41 * cost(Usage(1000, 200), company.price("klein")))


def test_a_new_cache_answers_exact_repeats_within_a_day(company: Company) -> None:
    for hours, same in ((0, "a"), (1, "a"), (2, "b"), (3, "a"), (27, "b")):
        company.call("gross", time_us=NOON_US + hours * HOUR_US, detail={"same": same})
    once = company.call("gross", time_us=NOON_US + HOUR_US)  # without a digest: nobody knows
    company.store()
    result = company.result_of(
        read({"period": {"begin": "2026-03-02", "end": "2026-03-03"}, "cache": {"gross": True}})
    )
    assert (result.cache.hits_won, result.cache.unknown) == (2, 1)
    assert result.after_nano.value == once * 4
    assert result.cache.since_us == NOON_US


def test_answers_of_the_day_before_are_still_stored(company: Company) -> None:
    company.call("gross", time_us=NOON_US - 18 * HOUR_US, detail={"same": "a"})
    company.call("gross", time_us=NOON_US, detail={"same": "a"})
    company.store()
    assert company.replay(cache={"gross": True}).cache.hits_won == 1


def test_a_failed_answer_is_not_stored(company: Company) -> None:
    company.call("gross", outcome="left", detail={"same": "a"})
    company.call("gross", detail={"same": "a"})
    company.store()
    assert company.replay(cache={"gross": True}).cache.hits_won == 0


# ---------------------------------------------------------------- caps, prices, rates


def test_a_cap_shortens_long_answers_and_counts_them(company: Company) -> None:
    company.call("gross", Usage(1000, 500))
    company.call("gross", Usage(1000, 50))
    company.store()
    result = company.replay(max_output_tokens={"gross": 100})
    price = company.price("gross")
    assert result.cut == 1
    assert result.after_nano.value == cost(Usage(1000, 100), price) + cost(Usage(1000, 50), price)


def test_an_own_price_takes_the_place_of_the_list(company: Company) -> None:
    traffic(company, "gross", 10)
    own = {"provider": "openai-eu", "model": "gpt-4o", "input": 1, "output": 1, "currency": "EUR"}
    result = company.replay(prices=[own])
    tokens = sum(row["input_tokens"] + row["output_tokens"] for row in company.rows)
    assert result.after_nano.value == tokens * 1000
    assert "gpt-4o" in result.switch


def test_a_price_rise_of_one_provider_hits_its_calls_alone(company: Company) -> None:
    risen, same = company.call("gross", Usage(10**6, 0)), company.call("claude", Usage(10**6, 0))
    company.store()
    result = company.replay(price_factors={"openai-eu": Decimal("1.5")})
    assert result.after_nano.value == pytest.approx(1.5 * risen + same, abs=2)


def test_another_exchange_rate_changes_what_is_billed_in_that_currency(company: Company) -> None:
    company.call("claude", Usage(10**6, 0))
    company.call("fern", Usage(10**6, 0))
    company.store()
    result = company.replay(exchange_rates={"USD": 2})
    assert result.after_nano.value == 1_500_000_000 + 1_000_000_000


# ---------------------------------------------------------------- speed, groups, wishes


def test_speed_is_measured_in_the_use_case_and_unknown_without_answers(company: Company) -> None:
    stream = {"stream": True}
    for _ in range(40):
        company.call("gross", latency_us=4_000_000, first_token_us=800_000, detail=stream)
        company.call("klein", latency_us=1_000_000, first_token_us=200_000, detail=stream)
    company.store()
    (row,) = company.replay(replace={"gross": "klein"}).speed
    assert (row.old.answers, row.new.answers, row.elsewhere) == (40, 40, False)
    assert row.old.p50_s == pytest.approx(4, rel=0.1)
    assert row.new.first_p50_s == pytest.approx(0.2, rel=0.1)
    assert row.new.token_ms == pytest.approx(4, rel=0.1)
    (unknown,) = company.replay(replace={"gross": "claude"}).speed
    assert unknown.new.p50_s is None


def test_small_groups_are_folded_and_narrow_ones_refused(company: Company) -> None:
    for person in range(1, 8):
        company.call("gross", person=person)
    company.call("gross", person=1, use_case="werbung")
    company.store()
    assert [(row.name, row.requests) for row in company.replay().use_cases] == [("angebote", 7), ("", 1)]
    scenario_id = company.scenarios.ask(read({"period": PERIOD, "use_cases": ["werbung"]}), "petra")
    company.scenarios.work(DirectTurn(company.clock.now()))
    told = company.scenarios.get(scenario_id)
    assert told.state == "failed"
    assert told.reason is not None
    assert "weniger als 5 Personen" in told.reason.de


def test_asking_is_journalled_with_the_scenario(company: Company) -> None:
    company.scenarios.ask(read({"period": PERIOD, "replace": {"gross": "klein"}}), "petra")
    (event,) = company.written
    assert (event.kind, event.user, event.detail["replace"]) == (
        "reports.what_if.asked",
        "petra",
        {"gross": "klein"},
    )


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"replace": {"gross": "nirgends"}}, "nirgends"),
        ({"replace": {"gross": "gross"}}, "sich selbst"),
        ({"cache": {"nirgends": True}}, "nirgends"),
        ({"semantic_cache": {"angebote": True}}, "semantischer"),
        ({"prices": [{"provider": "openai-eu", "model": "x", "input": 1, "output": 1, "currency": "XXX"}]}, "XXX"),
        ({"price_factors": {"openai-eu": 0}}, "größer als 0"),
        ({"period": {"begin": "2026-03-02", "end": "2026-03-01"}}, "endet vor seinem Anfang"),
        ({"period": {"begin": "2020-03-02", "end": "2026-03-01"}}, "höchstens 366"),
        ({"wunsch": 1}, "unbekannt"),
    ],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_says_why(company: Company, wish: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        company.scenarios.ask(read({"period": PERIOD, **wish}), "petra")
    assert said in refused.value.de
