"""What employees are told of incidents: in plain words, without internals. Pure.

A message that somebody wrote is shown as it is. Without one, only faults that people feel are shown, by models.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.incident_values import Incident

FELT = ("error_rate_critical", "provider_unreachable")
_WORKING_ON_IT = Bilingual(
    "Antworten können zurzeit ausbleiben. Wir arbeiten daran.",
    "Answers may fail at the moment. We are working on it.",
)


class Disturbance(NamedTuple):
    """One thing that is not as it should be. models: concerned ones; none: all. written: by a person."""

    text: Bilingual
    since_us: int
    until_us: int | None
    models: tuple[str, ...]
    written: bool


def disturbances(
    running: Sequence[Incident], providers_of: Mapping[str, Sequence[str]]
) -> tuple[Disturbance, ...]:
    """Newest first. running: incidents not closed. providers_of: model to the providers of its targets."""
    down = {
        each.label("provider")
        for each in running
        if each.state == "open" and each.rule == "provider_unreachable"
    }
    found = []
    for each in running:
        if each.message is not None:
            said = each.message
            found.append(
                Disturbance(Bilingual(said.de, said.en), each.opened_us, said.until_us, said.models, True)
            )
        elif each.state == "open" and each.rule in FELT:
            models = _without_way(each, down, providers_of)
            if models is not None:
                found.append(Disturbance(_WORKING_ON_IT, each.opened_us, None, models, False))
    return tuple(found)


def _without_way(
    each: Incident, down: set[str], providers_of: Mapping[str, Sequence[str]]
) -> tuple[str, ...] | None:
    """The models that nobody answers; () for all; None: others take over, so nobody feels it."""
    if each.rule != "provider_unreachable":
        return ()
    found = tuple(
        sorted(
            model
            for model, providers in providers_of.items()
            if each.label("provider") in providers and down.issuperset(providers)
        )
    )
    return found or None
