"""Public holidays in Germany by federal state.

Our own table instead of the library `holidays`, which takes 0.9 s and 45 MB for the calendars of the world; the tests
hold every state and year from 2018 to 2050 against it. Left out are holidays of single municipalities (Augsburg, parts
of Bavaria, Saxony and Thuringia): enter them as `calendar.closed`. Source: the states' laws on Sundays and holidays.
"""

from datetime import date, timedelta
from functools import lru_cache

STATES = ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")
_EVERYWHERE = frozenset(STATES)


@lru_cache(maxsize=64)
def public_holidays(year: int, state: str | None) -> dict[date, str]:
    """Day to German name. state: two letters; None: only those of all Germany. Years from 2018 on."""
    return {day: name for day, name, where in _all(year) if where is _EVERYWHERE or state in where}


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar. Source: the anonymous algorithm, Nature 13 (1876), page 487."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _all(year: int) -> list[tuple[date, str, frozenset[str]]]:
    def fixed(month: int, day: int) -> date:
        return date(year, month, day)

    def after_easter(days: int) -> date:
        return easter(year) + timedelta(days)

    def repentance_day() -> date:
        """The Wednesday before the 23rd of November."""
        return fixed(11, 22) - timedelta((fixed(11, 22).weekday() - 2) % 7)

    reformation = ["BB", "HB", "HH", "MV", "NI", "SH", "SN", "ST", "TH"]
    found = [
        (fixed(1, 1), "Neujahr", _EVERYWHERE),
        (fixed(1, 6), "Heilige Drei Könige", frozenset({"BW", "BY", "ST"})),
        (fixed(3, 8), "Internationaler Frauentag", frozenset(_since(year, {"BE": 2019, "MV": 2023}))),
        (after_easter(-2), "Karfreitag", _EVERYWHERE),
        (after_easter(0), "Ostersonntag", frozenset({"BB"})),
        (after_easter(1), "Ostermontag", _EVERYWHERE),
        (fixed(5, 1), "Tag der Arbeit", _EVERYWHERE),
        (after_easter(39), "Christi Himmelfahrt", _EVERYWHERE),
        (after_easter(49), "Pfingstsonntag", frozenset({"BB"})),
        (after_easter(50), "Pfingstmontag", _EVERYWHERE),
        (after_easter(60), "Fronleichnam", frozenset({"BW", "BY", "HE", "NW", "RP", "SL"})),
        (fixed(8, 15), "Mariä Himmelfahrt", frozenset({"SL"})),
        (fixed(9, 20), "Weltkindertag", frozenset(_since(year, {"TH": 2019}))),
        (fixed(10, 3), "Tag der Deutschen Einheit", _EVERYWHERE),
        (fixed(10, 31), "Reformationstag", frozenset(reformation)),
        (fixed(11, 1), "Allerheiligen", frozenset({"BW", "BY", "NW", "RP", "SL"})),
        (repentance_day(), "Buß- und Bettag", frozenset({"SN"})),
        (fixed(12, 25), "Erster Weihnachtstag", _EVERYWHERE),
        (fixed(12, 26), "Zweiter Weihnachtstag", _EVERYWHERE),
    ]
    if year in (2020, 2025):
        found.append((fixed(5, 8), "Tag der Befreiung", frozenset({"BE"})))
    if year == 2028:
        found.append((fixed(6, 17), "Jahrestag des Aufstandes vom 17. Juni 1953", frozenset({"BE"})))
    return found


def _since(year: int, first: dict[str, int]) -> list[str]:
    return [state for state, begin in first.items() if year >= begin]
