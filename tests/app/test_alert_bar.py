"""What the message bar says of open alerts: the gravest one to who runs the house, and to others that somebody is on it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from leitstand.app.alerts import PAGE, bar_of, public_bar_of
from leitstand.monitoring.shelves import load_rules
from leitstand.monitoring.values import Alert, labels

NOON_US = 1_794_999_600_000_000  # 12:00 in Berlin
DOWN = Alert("alt_1", "provider_unreachable", labels(provider="openai-eu"), "critical", "firing", NOON_US)
SLOW = Alert("alt_2", "response_time", labels(provider="azure-eu"), "warning", "firing", NOON_US)
FAILING = replace(DOWN, id="alt_3", rule="error_rate_critical", labels=())


def house() -> Any:
    rules = list(load_rules().values())
    return SimpleNamespace(monitoring=SimpleNamespace(rules=lambda: rules), zone=ZoneInfo("Europe/Berlin"))


def test_a_critical_alert_turns_the_bar_red_and_leads_to_it() -> None:
    bar = bar_of(house(), (DOWN, SLOW), ())
    assert bar is not None
    assert (bar.level, bar.message.de, bar.href) == ("crit", "1 kritische Meldung", f"{PAGE}/alt_1")
    assert bar.detail is not None
    assert bar.detail.de == "Anbieter nicht erreichbar: openai-eu seit 12:00"
    assert bar.badges == {PAGE: 2}


def test_warnings_alone_are_amber_and_nothing_is_nothing() -> None:
    bar = bar_of(house(), (SLOW, replace(SLOW, id="alt_4")), ())
    assert bar is not None
    assert (bar.level, bar.message.en) == ("warn", "2 warnings")
    assert bar_of(house(), (), ()) is None


def test_people_hear_what_they_feel_and_no_internals() -> None:
    felt, slow = public_bar_of((FAILING,)), public_bar_of((SLOW,))
    assert felt is not None
    assert slow is not None
    assert (felt.message.de, felt.detail and felt.detail.de) == (
        "Antworten sind gestört",
        "wir kümmern uns darum",
    )
    assert slow.message.de == "Antworten dauern zurzeit länger"
    assert felt.href == slow.href == ""
    assert public_bar_of((DOWN,)) is None  # a fallback answers
