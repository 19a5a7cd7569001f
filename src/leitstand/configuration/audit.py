"""The audit record of a change: what it was and what it is, without secrets and without private values."""

from typing import Any

from leitstand.configuration.kinds import KINDS, Body
from leitstand.configuration.plan import Change
from leitstand.core.ids import new_id
from leitstand.journal.records import Record

HIDDEN = "***"


def audit_record(change: Change, actor: str, time_us: int) -> Record:
    """`configuration.KIND.created|changed|removed` by `actor`; unchanged keys are left out.

    Private values (names, addresses, terms) are written as `***`: the journal is never deleted, they may
    have to be.
    """
    detail: dict[str, Any] = {
        "name": change.name,
        "before": _shown(change, change.before, change.after),
        "after": _shown(change, change.after, change.before),
    }
    if change.renewed:
        detail["secrets_renewed"] = list(change.renewed)
    return Record(
        id=new_id("evt", time_us),
        kind=f"configuration.{change.kind}.{change.verb}",
        time_us=time_us,
        user=actor,
        outcome="ok",
        detail=detail,
    )


def _shown(change: Change, body: Body | None, other: Body | None) -> Body | None:
    if body is None:
        return None
    private = KINDS[change.kind].private
    return {
        key: HIDDEN if key in private else inner
        for key, inner in body.items()
        if other is None or other.get(key) != inner
    }
