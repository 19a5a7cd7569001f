"""`/qualitaet/blindvergleich/{trial}`: two answers side by side, nobody knows whose; better, equal, better."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.answers.blind import BlindState, Side
from leitstand.core.errors import InvalidRequest
from leitstand.identity.roles import Permission
from leitstand.prompts.regression.votes import LEAST_VOTES, Preference
from leitstand.web.navigation import N_
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.visit import Desk, Visit

DECISIONS: dict[str, tuple[Level, str]] = {
    "holds": ("ok", N_("Wechsel hält")),
    "worse": ("crit", N_("nicht wechseln")),
    "open": ("info", N_("noch offen")),
}
_SIDES = ("left", "equal", "right")


@dataclass(frozen=True)
class Outcome:
    """What all votes come to. rows: label and count."""

    level: Level
    word: str
    told: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BlindPage:
    """state: with the pair to judge, or the outcome once this judge is through."""

    state: BlindState
    path: str
    outcome: Outcome | None


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_READ)
        trial = request.path_params["trial"]
        state = await desk.ports.blind.state(viewer, trial)
        outcome = _outcome(visit, state.result, state) if state.result else None
        path = f"/qualitaet/blindvergleich/{trial}"
        return await visit.page("blindvergleich.html", BlindPage(state, path, outcome))

    async def vote(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_READ)
        await visit.check_token()
        trial, side = request.path_params["trial"], await visit.field("urteil")
        repetition = await visit.field("durchgang")
        if side not in _SIDES or not repetition.isdecimal():
            raise InvalidRequest("Wählen Sie eines der drei Urteile.", "Choose one of the three verdicts.")
        case = await visit.field("frage")
        await desk.ports.blind.vote(viewer, trial, case, int(repetition), cast(Side, side))
        return RedirectResponse(f"/qualitaet/blindvergleich/{trial}", 303)

    return [
        Route("/qualitaet/blindvergleich/{trial}", show, methods=["GET"], name="blind"),
        Route("/qualitaet/blindvergleich/{trial}", vote, methods=["POST"]),
    ]


def _outcome(visit: Visit, result: Preference, state: BlindState) -> Outcome:
    level, word = DECISIONS[result.decision]
    told = visit.say(
        "Vorsprung von %(candidate)s: %(value)s Punkte, mit 95 %% Sicherheit zwischen %(low)s und %(high)s.",
        candidate=state.candidate, value=visit.form.signed(100 * result.difference.value),
        low=visit.form.signed(100 * result.difference.low), high=visit.form.signed(100 * result.difference.high),
    )  # fmt: skip
    if result.votes < LEAST_VOTES:
        told = visit.say(
            "Stichprobe zu klein: %(votes)s von mindestens %(least)s Urteilen.",
            votes=result.votes,
            least=LEAST_VOTES,
        )
    rows = (
        (visit.say("%(model)s besser", model=state.candidate), visit.form.number(result.candidate)),
        (visit.say("gleich gut"), visit.form.number(result.equal)),
        (visit.say("%(model)s besser", model=state.baseline), visit.form.number(result.baseline)),
        (visit.say("Urteilende"), visit.form.number(result.judges)),
    )
    return Outcome(level, visit.say(word), told, rows)


PAGE = Page("blindvergleich", _routes)
