"""Decisions and processors as JSON types, for programs and the command line."""

from typing import Any

from leitstand.configuration.kinds import plain
from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.policy.contracts import Processor
from leitstand.policy.decisions import CLASS_BY, REASONS, PastDecision
from leitstand.policy.explain import Explanation
from leitstand.privacy.told import both


def told_explanation(found: Explanation) -> dict[str, Any]:
    """A decision with every target."""
    return {
        "model": found.model,
        "use_case": found.use_case,
        "admitted": found.refusal is None,
        "refusal": None
        if found.refusal is None
        else {"code": found.refusal.code, "de": found.refusal.de, "en": found.refusal.en},
        "data_class": None if found.data_class is None else found.data_class.word,
        "class_from": [
            {"source": each.name, "data_class": each.data_class.word, "decides": each.decides}
            for each in found.sources
        ],
        "tier": found.tiering.taken.value if found.tiering else None,
        "targets": [
            {
                "provider": each.target.provider,
                "model": each.target.model,
                "region": each.target.region.value,
                "allowed": each.allowed,
                "place": each.place or None,
                "reason": each.reason,
                "sees": None if each.protection is None else each.protection.name.lower(),
                **both(each.why),
            }
            for each in found.verdicts
        ],
    }


def told_decision(found: PastDecision) -> dict[str, Any]:
    """What was decided on a request of the past."""
    unknown = Bilingual("", "")
    return {
        "request_id": found.request_id,
        "time": from_us(found.time_us).isoformat(timespec="seconds"),
        "user": found.user,
        "use_case": found.use_case,
        "model": found.model,
        "provider": found.provider or None,
        "region": found.region or None,
        "data_class": found.data_class or None,
        "class_by": {"reason": found.class_by, **both(CLASS_BY.get(found.class_by, unknown))},
        "outcome": found.outcome,
        "code": found.code or None,
        "pseudonymised": found.pseudonymised,
        "entities": dict(found.entities),
        "dropped": [
            {"provider": provider, "reason": reason, **both(REASONS.get(reason, Bilingual(reason, reason)))}
            for provider, reason in found.dropped.items()
        ],
    }


def told_processor(found: Processor) -> dict[str, Any]:
    """One line of the register."""
    return {
        "name": found.name,
        "kind": found.kind,
        "region": found.region.value,
        "endpoint": found.endpoint,
        "state": found.state.value,
        "days_left": found.days,
        "blocked": [each.word for each in found.blocked],
        "blocked_by_contract": [each.word for each in found.by_contract],
        "dpa": None if found.dpa is None else plain(found.dpa),
    }
