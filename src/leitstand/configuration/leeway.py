"""When an extension or grace has no effect: its time is over, or there is no such limit."""

from collections.abc import Iterator
from datetime import date

from leitstand.configuration.finding import Path, Remark
from leitstand.configuration.models import Extension, Grace
from leitstand.configuration.values import EACH, parse_scope


def check(value: Extension | Grace, path: Path, limits: frozenset[str], today: date) -> Iterator[Remark]:
    """Remarks on one of them. limits: stored names of the section `limits`, e.g. `user:* eur_per_month`."""
    last = value.until.isoformat() if isinstance(value, Grace) else value.period
    if last < today.isoformat()[: len(last)]:
        yield Remark(
            (*path, "until" if isinstance(value, Grace) else "period"),
            f"{last} ist vorbei, die Angabe hat keine Wirkung mehr.",
            f"{last} is over, so this has no effect any more.",
            severity="warning",
        )
    if isinstance(value, Extension) and not _is_limited(value, limits):
        yield Remark(
            (*path, "scope"),
            f"Für {value.scope} gibt es keine Grenze {value.measure}, die erweitert würde.",
            f"There is no limit {value.measure} of {value.scope} to extend.",
            severity="warning",
        )


def _is_limited(extension: Extension, limits: frozenset[str]) -> bool:
    kind = parse_scope(extension.scope).kind
    scopes = (extension.scope, f"{kind}:{EACH}")
    # The budgets of use cases are no section of their own; whether there is one shows when it is extended.
    return kind == "use_case" or any(f"{scope} {extension.measure}" in limits for scope in scopes)
