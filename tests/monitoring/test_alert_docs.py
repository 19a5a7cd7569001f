"""docs/meldungen.md tells each shipped rule and each signal as they are; LEITSTAND_WRITE_DOCS=1 writes the tables anew."""

import os
from pathlib import Path

from leitstand.monitoring.shelves import load_rules, load_signals
from leitstand.monitoring.signals import Unit
from leitstand.monitoring.values import Level, Rule

DOCS = Path(__file__).parents[2] / "docs" / "meldungen.md"
_BEGIN, _END = "<!-- {name}: aus dem Quelltext -->", "<!-- Ende {name} -->"
_SEVERITIES = {"critical": "kritisch", "warning": "Warnung"}
_UNITS = {"share": "Prozent", "s": "Sekunden", "days": "Tage", "count": "Anzahl"}
_NO_DATA = {"resolve": "endet", "keep": "bleibt", "fire": "ist selbst die Störung"}


def _amount(unit: Unit, value: float) -> str:
    if unit == "share":
        return f"{value * 100:g} %".replace(".", ",")
    return f"{value:g} {'s' if unit == 's' else 'Tage' if unit == 'days' else ''}".strip().replace(".", ",")


def _limit(unit: Unit, level: Level) -> str:
    for_ = f" für {level.for_s / 60:g} min" if level.for_s else ""
    return f"{_SEVERITIES[level.severity]} über {_amount(unit, level.fires)}{for_}, vorbei bei {_amount(unit, level.clears)}"


def _rule(rule: Rule, unit: Unit) -> str:
    limits = "; ".join(_limit(unit, level) for level in rule.levels)
    quiet = ", ".join(f"`{name}`" for name in rule.inhibited_by) or "–"
    return (
        f"| `{rule.name}` | {rule.title.de}. {rule.why.de} | `{rule.signal}` | {limits} | {rule.window_s / 60:g} min | "
        f"{rule.min_sample} | {_NO_DATA[rule.no_data]} | {quiet} |"
    )


def tables() -> dict[str, str]:
    signals = load_signals()
    rules = "\n".join(_rule(rule, signals[rule.signal].unit) for rule in load_rules().values())
    known = "\n".join(
        f"| `{each.name}` | {each.title.de} | {_UNITS[each.unit]} |"
        for each in sorted(signals.values(), key=lambda each: each.name)
    )
    return {
        "Regeln": "| Regel | was sie bedeutet | Signal | Grenzen | Zeitfenster | Beobachtungen mindestens | ohne Werte | "
        f"schweigt bei |\n|---|---|---|---|---|---|---|---|\n{rules}",
        "Signale": f"| Signal | was es misst | Einheit |\n|---|---|---|\n{known}",
    }


def test_the_document_tells_what_is_shipped() -> None:
    text = DOCS.read_text()
    expected = text
    for name, table in tables().items():
        begin, end = _BEGIN.format(name=name), _END.format(name=name)
        before, _, rest = expected.partition(begin)
        _, _, after = rest.partition(end)
        assert after, f"the marks of {name} are missing"
        expected = f"{before}{begin}\n{table}\n{end}{after}"
    if os.environ.get("LEITSTAND_WRITE_DOCS"):
        DOCS.write_text(expected)
    assert text == expected or os.environ.get("LEITSTAND_WRITE_DOCS")
