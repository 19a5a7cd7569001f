"""A review in words and tables: Markdown to edit and send, CSV to calculate with."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.core.money import euro
from leitstand.reports.review.repository import Kept
from leitstand.reports.review.values import Advice, Factor, GroupKind, Review

FACTOR_WORDS: dict[Factor, Bilingual] = {
    "volume": Bilingual("mehr oder weniger Anfragen", "more or fewer requests"),
    "cache": Bilingual("Anteil aus dem Zwischenspeicher", "share answered from caches"),
    "mix": Bilingual("andere Modelle und Stufen", "other models and tiers"),
    "size": Bilingual("Tokens je Anfrage", "tokens per request"),
    "price": Bilingual("Preis je Token", "price per token"),
}
GROUP_WORDS: dict[GroupKind, Bilingual] = {
    "use_case": Bilingual("Anwendungsfall", "use case"),
    "department": Bilingual("Abteilung", "department"),
    "model": Bilingual("Modell", "model"),
    "provider": Bilingual("Anbieter", "provider"),
}
ADVICE_WORDS: dict[Advice, Bilingual] = {
    "lower": Bilingual("zu weit", "too wide"),
    "raise": Bilingual("zu eng", "too tight"),
    "fits": Bilingual("passt", "fits"),
}
UNNAMED = Bilingual("ohne Angabe", "not named")
REST = Bilingual("zu kleine Gruppen zusammen", "groups that are too small, together")


def markdown(kept: Kept, language: str) -> str:
    """The whole review as a document."""
    return "\n".join(_lines(kept, language)) + "\n"


def _lines(kept: Kept, language: str) -> Iterator[str]:
    review, say = kept.review, _Say(language)
    yield f"# {say('Monatsrückblick', 'Monthly review')} {review.month}"
    yield ""
    yield f"- {say('Kosten', 'Cost')}: {say.money(review.totals.cost_nano)}"
    if review.before is not None:
        yield f"- {say('Vormonat', 'Month before')}: {say.money(review.before.cost_nano)} ({say.money(review.change_nano, True)})"
    yield f"- {say('Anfragen', 'Requests')}: {review.totals.requests}, {say('davon aus dem Zwischenspeicher', 'from caches')}: {review.totals.cached}"
    yield f"- {say('Durch Zwischenspeicher gespart', 'Saved by caches')}: {say.money(review.totals.saved_nano)}"
    if review.ahead is not None:
        ahead = review.ahead
        yield f"- {say('Ausblick', 'Outlook')} {ahead.month}: {say.money(ahead.expected_nano)} ({say.money(ahead.low_nano)} – {say.money(ahead.high_nano)}, 80 %)"
    yield f"- {say('Belege', 'Records')}: `{records_command(review)}`"
    if review.effects:
        yield from _table(
            say("Warum es mehr oder weniger wurde", "Why it became more or less"),
            [say("Ursache", "Cause"), "EUR"],
            [
                [FACTOR_WORDS[each.factor].in_(language), say.money(each.nano, True)]
                for each in review.effects
            ],
        )
    for drivers in review.drivers:
        rows = [
            [each.name or UNNAMED.in_(language), str(each.requests), say.money(each.cost_nano), say.before(each.before_nano)]
            for each in drivers.rows
        ]  # fmt: skip
        if drivers.rest is not None:
            rest = drivers.rest
            rows.append([REST.in_(language), str(rest.requests), say.money(rest.cost_nano), "–"])
        word = GROUP_WORDS[drivers.kind].in_(language)
        head = [word, say("Anfragen", "requests"), say("Kosten", "cost"), say("Vormonat", "month before")]
        yield from _table(f"{say('Kosten nach', 'Cost by')}: {word}", head, rows)
    yield from _advice(review, say)
    yield ""
    yield f"## {say('Notizen und Entscheidungen', 'Notes and decisions')}"
    yield ""
    yield kept.notes or "–"


def _advice(review: Review, say: "_Say") -> Iterator[str]:
    yield from _table(
        say("Was ein günstigeres Modell könnte", "What a cheaper model could do"),
        [say("Anwendungsfall", "use case"), say("von", "from"), say("zu", "to"), say("Anfragen", "requests"),
         say("spart bis zu", "saves up to")],
        [[each.use_case or UNNAMED.in_(say.language), f"{each.provider}/{each.model}", f"{each.to_provider}/{each.to_model}",
          str(each.requests), say.money(each.saving_nano)] for each in review.cheaper],
    )  # fmt: skip
    yield from _table(
        say("Grenzen", "Limits"),
        [say("Grenze", "limit"), say("Maß", "measure"), say("gesetzt", "set"), say("verbraucht", "used"),
         say("Urteil", "verdict"), say("Vorschlag", "suggestion")],
        [[each.scope, each.measure, say.units(each.measure, each.limit), say.units(each.measure, each.spent),
          ADVICE_WORDS[each.advice].in_(say.language), say.units(each.measure, each.suggested) if each.suggested else "–"]
         for each in review.limits],
    )  # fmt: skip
    yield from _table(
        say("Zwischenspeicher", "Caches"),
        [say("Anwendungsfall", "use case"), say("gefragt", "asked"), say("Treffer", "hits"), say("gespart", "saved"),
         say("ohne: Kosten", "without: cost"), say("möglich", "possible")],
        [[each.use_case or UNNAMED.in_(say.language), str(each.looked), str(each.hits), say.money(each.saved_nano),
          say.money(each.off_nano), say.before(each.possible_nano)] for each in review.caches],
    )  # fmt: skip
    yield from _table(
        say("Unsichere Beträge", "Uncertain amounts"),
        [say("Modell", "model"), say("Grund", "reason"), say("Anfragen", "requests"), say("Kosten", "cost")],
        [[f"{each.provider}/{each.model}", _why(each.why, say), str(each.requests), say.money(each.cost_nano)]
         for each in review.uncertain],
    )  # fmt: skip


def _why(why: str, say: "_Say") -> str:
    return say("kein Preis bekannt", "no known price") if why == "unpriced" else say("geschätzt", "estimated")


def _table(title: str, head: list[str], rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"## {title}"
    yield ""
    for cells in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def csv_text(review: Review) -> str:
    """One line per figure: table; name; figure; value. Money in EUR to the nano-euro, decimal comma, `;` between."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["monat", "tabelle", "name", "groesse", "wert"])
    for table, name, figure, value in _figures(review):
        writer.writerow([review.month, table, _safe(name), figure, value])
    return out.getvalue()


def _figures(review: Review) -> Iterator[tuple[str, str, str, str]]:
    for table, totals in (("totals", review.totals), ("before", review.before)):
        yield from _cells(table, "", totals)
    yield from (("effects", each.factor, "eur", _number("nano", each.nano)) for each in review.effects)
    for drivers in review.drivers:
        for row in drivers.rows:
            yield from _cells(drivers.kind, row.name, row)
        yield from _cells(drivers.kind, "(rest)", drivers.rest)
    for cheaper in review.cheaper:
        yield from _cells("cheaper", f"{cheaper.use_case} {cheaper.provider}/{cheaper.model}", cheaper)
    yield from _cells("tiering", "", review.tiering)
    for limit in review.limits:
        yield from _cells("limits", f"{limit.scope} {limit.measure}", limit)
    for cache in review.caches:
        yield from _cells("caches", cache.use_case, cache)
    for unsure in review.uncertain:
        yield from _cells("uncertain", f"{unsure.provider}/{unsure.model} {unsure.why}", unsure)
    yield from _cells("ahead", review.ahead.month if review.ahead else "", review.ahead)


def _cells(table: str, name: str, value: object) -> Iterator[tuple[str, str, str, str]]:
    if value is None:
        return
    facts: dict[str, Any] = msgspec.to_builtins(value)
    in_money = str(facts.get("measure", "")).startswith("eur")
    for figure, amount in facts.items():
        if isinstance(amount, int):
            limit_money = in_money and figure in ("limit", "spent", "suggested")
            yield (
                table,
                name,
                figure.replace("_nano", "_eur"),
                _number("nano" if limit_money else figure, amount),
            )


def _number(figure: str, amount: int) -> str:
    if figure.endswith("nano"):
        return f"{euro(amount):f}".replace(".", ",")
    return str(amount)


def _safe(name: str) -> str:
    """No name may begin like a formula: spreadsheets would run it."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def records_command(review: Review) -> str:
    """Prints the records that the figures are made of."""
    since, until = (f"{from_us(us):%Y-%m-%dT%H:%M:%SZ}" for us in (review.begins_us, review.ends_us))
    return f"leitstand audit export --since {since} --until {until}"


class _Say:
    """One language's words and amounts."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, de: str, en: str) -> str:
        return de if self.language == "de" else en

    def money(self, nano: int, signed: bool = False) -> str:
        """`1.234,56 €`, in English `1,234.56 EUR`."""
        text = f"{euro(nano):{'+' if signed else ''},.2f}"
        if self.language != "de":
            return f"{text} EUR"
        return text.translate(str.maketrans(",.", ".,")) + " €"

    def before(self, nano: int | None) -> str:
        """A dash where there is none."""
        return "–" if nano is None else self.money(nano)

    def units(self, measure: str, units: int) -> str:
        """An amount of a limit."""
        return self.money(units) if measure.startswith("eur") else f"{units} Tokens"
