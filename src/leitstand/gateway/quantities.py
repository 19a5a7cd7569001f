"""Numbers, units, dates, times and part numbers of a German question, written one way.

`1.000,50 €`, `1000,5 Euro` and `1.000,50 EUR` become one symbol; so do `12. März 2026` and `12.3.2026`,
`zwanzig` and `20`, `2. Stock` and `zweiten Stock`. What is read here is taken out of the text.
"""

import re
from collections.abc import Callable
from decimal import Decimal

_Put = Callable[[str], str]
_ValueOf = Callable[[str], Decimal | None]

MONTHS = (
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "dezember",
)  # fmt: skip
_CARDINALS = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
)  # fmt: skip
_TENS = ("zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
_ORDINALS = (
    "erste", "zweite", "dritte", "vierte", "fünfte", "sechste", "siebte", "achte", "neunte", "zehnte",
)  # fmt: skip
_SPELLED = {word: Decimal(number) for number, word in enumerate(_CARDINALS)} | {
    word: Decimal(10 * number) for number, word in enumerate(_TENS, 2)
} | {
    "hundert": Decimal(100), "tausend": Decimal(1000), "dutzend": Decimal(12), "halbe": Decimal("0.5"),
    "halben": Decimal("0.5"), "halbes": Decimal("0.5"), "doppelt": Decimal(2),
}  # fmt: skip
_UNITS = {
    "euro": "€ eur euro euros", "dollar": "$ usd dollar", "percent": "% prozent", "minute": "min minute minuten",
    "second": "sek sekunde sekunden", "hour": "h std stunde stunden", "day": "tag tage tagen", "week": "woche wochen",
    "month": "monat monate monaten", "year": "jahr jahre jahren", "mm": "mm millimeter", "cm": "cm zentimeter",
    "m": "m meter metern", "km": "km kilometer kilometern", "kg": "kg kilo kilogramm", "g": "g gramm", "t": "t tonne tonnen",
    "l": "l liter litern", "inch": "zoll inch", "foot": "fuß", "bar": "bar", "mbar": "mbar millibar",
    "degree": "° °c grad", "kw": "kw kilowatt", "kwh": "kwh kilowattstunden", "mb": "mb megabyte", "gb": "gb gigabyte",
    "piece": "stück stk", "clock": "uhr",
}  # fmt: skip
UNITS = tuple(_UNITS)
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_MONTH = "|".join(MONTHS)
_DATE_RANGE = re.compile(
    rf"\b(\d{{1,2}})\.\s?(?=(?:bis|und|oder|–|-)\s?(?:zum\s)?\d{{1,2}}\.\s?({_MONTH})\b)"
)
_DATE_IN_WORDS = re.compile(rf"\b(\d{{1,2}})\.\s?({_MONTH})(?:\s(\d{{4}}))?\b")
_DATE = re.compile(r"\b(\d{1,2})\.(0?[1-9]|1[0-2])\.(\d{4}|\d{2})\b")
_DATE_WITHOUT_YEAR = re.compile(
    r"\b(?P<lead>am|vom|bis|zum|den|dem|ab|und|seit|vor|nach) (?P<day>\d{1,2})\.(?P<month>0?[1-9]|1[0-2])\b\.?(?!\d)"
)
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_TIME = re.compile(r"\b([01]?\d|2[0-4])(?::|\.)([0-5]\d)(?:\s?uhr)?\b(?!\.?\d)")
_HOUR = re.compile(r"\b([01]?\d|2[0-4])\suhr\b")
_CODE = re.compile(r"\b(?=[a-z0-9-]*[a-z])(?:[a-zäöü]{1,6}-?\d[a-z0-9]*(?:-\d[a-z0-9]*)*|\d+[a-z]{1,3}\d*)\b")
_ORDINAL = re.compile(r"(?<![\w.,])(\d{1,2})\.(?=\s?[a-zäöü])")
_NUMBER = re.compile(r"(?<![\w.,:-])(?<!#)(\d{1,3}(?:[.  ’']\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)*)(?![\d])")
_WORD = re.compile(r"(?<![#:\w])[a-zäöüß]+")
_SPELLED_WORD = re.compile(r"(?<![#:\w])([a-zäöüß]{3,})")
_UNIT = re.compile(r"[\s-]{0,2}(%|€|\$|°c?|[a-zäöüß]+)")


def take(text: str) -> tuple[frozenset[str], str]:
    """The symbols of all quantities, and the lower-case text in which each is now ` #symbol `."""
    found: set[str] = set()

    def put(symbol: str) -> str:
        found.add(symbol)
        return f" #{symbol} "

    text = _dates(text, put)
    text = _TIME.sub(lambda m: put(f"time:{int(m[1])}:{m[2]}"), text)
    text = _HOUR.sub(lambda m: put(f"time:{int(m[1])}:00"), text)
    text = _CODE.sub(lambda m: _code(m[0], put), text)
    text = _ORDINAL.sub(lambda m: put(f"ordinal:{int(m[1])}"), text)
    text = _with_units(_NUMBER, text, _value, put)
    text = _WORD.sub(lambda m: put(f"ordinal:{ordinal}") if (ordinal := _ordinal(m[0])) else m[0], text)
    text = _with_units(_SPELLED_WORD, text, _SPELLED.get, put)
    return frozenset(found), text


def _dates(text: str, put: _Put) -> str:
    def day(day_of_month: str, month: int, year: str | None) -> str:
        whole = f"20{year}" if year and len(year) == 2 else year or ""
        return put(f"date:{whole}-{month}-{int(day_of_month)}")

    text = _ISO_DATE.sub(lambda m: day(m[3], int(m[2]), m[1]), text)
    text = _DATE_RANGE.sub(lambda m: day(m[1], MONTHS.index(m[2]) + 1, None), text)
    text = _DATE_IN_WORDS.sub(lambda m: day(m[1], MONTHS.index(m[2]) + 1, m[3]), text)
    text = _DATE.sub(lambda m: day(m[1], int(m[2]), m[3]), text)
    return _DATE_WITHOUT_YEAR.sub(lambda m: f"{m['lead']} {day(m['day'], int(m['month']), None)}", text)


def _code(word: str, put: _Put) -> str:
    """A part number; `10mm` is a number with its unit."""
    unit = word.lstrip("0123456789")
    if unit in _UNIT_OF and unit != word:
        return put(f"number:{word[: -len(unit)]} {_UNIT_OF[unit]}")
    return put(f"code:{word.replace('-', '')}")


def _value(word: str) -> Decimal | None:
    """A German number: dots part thousands, a comma starts the fraction; `4.2` stays what it is (a version)."""
    plain = re.sub(r"[  ’']", "", word)
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", plain):
        plain = plain.replace(".", "")
    plain = plain.replace(",", ".")
    return Decimal(plain) if plain.count(".") <= 1 else None


def _ordinal(word: str) -> int | None:
    for suffix in ("", "n", "r", "s", "m"):
        if suffix and not word.endswith(suffix):
            continue
        stem = word[: len(word) - len(suffix)]
        if stem in _ORDINALS:
            return _ORDINALS.index(stem) + 1
    return None


def _with_units(pattern: re.Pattern[str], text: str, value: _ValueOf, put: _Put) -> str:
    pieces: list[str] = []
    place = 0
    for match in pattern.finditer(text):
        number = value(match[1])
        if number is None or match.start() < place:
            if number is None and match[1][0].isdigit():
                pieces += (text[place : match.start()], put(f"code:{match[1]}"))
                place = match.end()
            continue
        end, unit = match.end(), ""
        follows = _UNIT.match(text, end)
        if follows and follows[1] in _UNIT_OF:
            end, unit = follows.end(), f" {_UNIT_OF[follows[1]]}"
        if unit == " hour":
            number, unit = number * 60, " minute"
        pieces += (text[place : match.start()], put(f"number:{number.normalize():f}{unit}"))
        place = end
    return "".join((*pieces, text[place:]))
