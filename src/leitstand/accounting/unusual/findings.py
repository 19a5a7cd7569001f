"""From what is unusual now to findings: told once, followed while it goes on, ended with hysteresis, judged by people."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from leitstand.accounting.unusual.repository import Finding
from leitstand.accounting.unusual.values import DAY_US, HOUR_US, Known, Measure, Now, Unusual, Window
from leitstand.core.money import euro
from leitstand.journal.records import Record

FOUND = "accounting.usage.unusual_found"
JUDGED = "accounting.usage.unusual_judged"
Verdict = Literal["seen", "expected"]
_CALM = 0.7  # of the bound: below it a finding has ended
_ROOM = 1.25  # above what people called expected
_ACCEPTED_US = 90 * DAY_US
_WEEK_US = 7 * DAY_US
_LASTS = {"hour": HOUR_US, "day": DAY_US, "off": DAY_US, "week": _WEEK_US}


@dataclass(frozen=True)
class UnusualUsage:
    """Event: somebody uses far more than is usual for them. Its rule is `token_use_unusual` or `usage_pattern_unusual`."""

    finding: Finding


def is_news(unusual: Unusual, before: Iterable[Finding], midnight_us: int, now_us: int) -> bool:
    """Whether people have not been told of it yet. before: the scope's findings of the last week, none open.

    A scope is told of once a day, and of a week once in seven days; again only when it becomes critical. What people
    called expected may make its week unusual, too: that is no news either.
    """
    for finding in before:
        covers_week = finding.window == "week" or finding.verdict == "expected"
        if unusual.window == "week" and covers_week and now_us - finding.found_us < _WEEK_US:
            return False
        if finding.found_us < midnight_us:
            continue
        if (
            finding.verdict == "expected"
            or finding.rule == unusual.rule
            or unusual.rule != "token_use_unusual"
        ):
            return False
    return True


def followed(finding: Finding, unusual: Unusual | None, now: Now, now_us: int) -> Finding:
    """An open finding a look later: graver, larger, over, or as it was. It ends with its own window."""
    if unusual is not None and unusual.rule == "token_use_unusual" != finding.rule:
        return replace(
            finding, rule=unusual.rule, window=unusual.window, measure=unusual.measure, amount=unusual.amount,
            typical=unusual.typical, bound=unusual.bound, last_us=now_us,
        )  # fmt: skip
    amount = now.amount(finding.window, finding.measure)
    if amount < _CALM * finding.bound:
        return replace(finding, ended_us=now_us)
    if amount <= finding.bound:
        return finding
    return replace(finding, last_us=now_us, amount=max(finding.amount, amount))


def known(findings: Iterable[Finding], now_us: int) -> Known:
    """What patterns have to take from earlier findings: expected amounts count, all others are no part of the past."""
    accepted: dict[tuple[str, Window, Measure], int] = {}
    left_out: dict[str, tuple[tuple[int, int], ...]] = {}
    for finding in findings:
        if finding.verdict == "expected":
            place = finding.scope, finding.window, finding.measure
            if now_us - (finding.judged_us or 0) < _ACCEPTED_US:
                accepted[place] = max(accepted.get(place, 0), round(finding.amount * _ROOM))
            continue
        begin = (finding.found_us - min(_LASTS[finding.window], DAY_US)) // HOUR_US * HOUR_US
        left_out[finding.scope] = (*left_out.get(finding.scope, ()), (begin, finding.ended_us or now_us))
    return Known(accepted, left_out)


def finding_id(scope: str, rule: str, now_us: int) -> str:
    """The same for the same scope, rule and minute, so that two processes keep one."""
    place = f"{scope}|{rule}|{now_us // 60_000_000}"
    return f"unu_{hashlib.blake2b(place.encode(), digest_size=16).hexdigest()}"


def found_record(finding: Finding, time_us: int) -> Record:
    """The journal's record of a finding; a second one where it became critical."""
    return Record(
        id=f"evt_{finding.id[4:]}_{'c' if finding.rule == 'token_use_unusual' else 'w'}",
        kind=FOUND,
        time_us=time_us,
        user="system",
        detail=finding_facts(finding),
    )


def judged_record(finding: Finding, record_id: str) -> Record:
    """The journal's record of what somebody said about a finding."""
    facts = {"finding": finding.id, "scope": finding.scope, "verdict": finding.verdict, "note": finding.note}
    return Record(
        id=record_id, kind=JUDGED, time_us=finding.judged_us or 0, user=finding.judged_by, detail=facts
    )


def finding_facts(finding: Finding) -> dict[str, Any]:
    """What a finding says, in EUR, tokens or requests, for records and programs."""
    unit = "eur" if finding.measure == "cost_nano" else finding.measure
    return {
        "finding": finding.id,
        "rule": finding.rule,
        "severity": "critical" if finding.rule == "token_use_unusual" else "warning",
        "scope": finding.scope,
        "window": finding.window,
        "measure": unit,
        "amount": plain_amount(finding.measure, finding.amount),
        "typical": plain_amount(finding.measure, finding.typical),
        "bound": plain_amount(finding.measure, finding.bound),
    }


def plain_amount(measure: Measure, amount: int) -> float | int:
    """EUR to a hundredth of a cent, tokens and requests as they are."""
    return round(float(euro(amount)), 4) if measure == "cost_nano" else amount


def of_scope(findings: Sequence[Finding], scope: str) -> list[Finding]:
    """Those of a scope."""
    return [finding for finding in findings if finding.scope == scope]
