"""`/styleguide`: every component in every state, to build from and to test. All figures are examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.identity.roles import Permission
from leitstand.reports.operations import Beat
from leitstand.web.charts import Bar, beats, spark
from leitstand.web.format import NONE, Quantity
from leitstand.web.key_figures import KeyFigure
from leitstand.web.navigation import N_, SYSTEM, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.visit import Desk, Visit

VERDICTS: tuple[tuple[Level, str, float], ...] = (
    ("ok", N_("im Ziel"), 1.4),
    ("warn", N_("knapp"), 1.9),
    ("crit", N_("über dem Ziel"), 5.2),
    ("off", N_("keine Anfragen"), 0.0),
)
STATES: tuple[tuple[str, Level, str], ...] = (
    ("azure-eu", "ok", N_("läuft")),
    ("openai-eu", "warn", N_("gestört")),
    ("cohere", "off", N_("gesperrt")),
)


@dataclass(frozen=True)
class StyleguidePage:
    """figures: one per verdict. providers: name, level, word, strokes, median."""

    figures: tuple[KeyFigure, ...]
    providers: tuple[tuple[str, Level, str, tuple[Bar, ...], str], ...]


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        return await visit.page("styleguide.html", _page(visit))

    return [Route("/styleguide", show, methods=["GET"], name="styleguide")]


def _page(visit: Visit) -> StyleguidePage:
    return StyleguidePage(
        figures=tuple(_figure(visit, *verdict) for verdict in VERDICTS),
        providers=tuple(_provider(visit, *state) for state in STATES),
    )


def _figure(visit: Visit, level: Level, word: str, value_s: float) -> KeyFigure:
    trend = [value_s * (0.8 + 0.05 * (step * 7 % 5)) for step in range(20)]
    return KeyFigure(
        id=f"beispiel-{level}",
        name=visit.say("Antwortzeit, Median"),
        value=visit.form.seconds(value_s) if value_s else Quantity(NONE),
        beside="",
        spark=spark(trend, 2.0) if value_s else None,
        level=level,
        verdict=visit.say(word),
        target=visit.say("Ziel unter %(limit)s", limit=visit.form.seconds(2.0)),
        definition=visit.say("Hier steht, wie die Zahl entsteht und was nicht mitzählt."),
    )


def _provider(
    visit: Visit, name: str, level: Level, word: str
) -> tuple[str, Level, str, tuple[Bar, ...], str]:
    strokes = [
        Beat(0 if level == "off" else 3 + step % 4, step // 12 if level == "warn" else 0)
        for step in range(30)
    ]
    return (
        name,
        level,
        visit.say(word),
        beats(strokes),
        NONE if level == "off" else str(visit.form.seconds(1.6)),
    )


PAGE = Page(
    "styleguide",
    _routes,
    (Entry(SYSTEM, N_("Bausteine"), "layers", "/styleguide", Permission.CONFIGURATION_READ, 90),),
)
