"""Fire drills in memory: one model with two targets; what is played at the first one the second one answers."""

from dataclasses import dataclass, field

from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NanoEuro
from leitstand.gateway.drill import EVERYBODY, FAULTS, Drill, DrillChoice
from leitstand.gateway.drill_report import DrillReport, Failure, Step
from leitstand.web.ports import Viewer

_TEXT = "Eine Notfallübung zeigt, ob im Ernstfall alle wissen, was zu tun ist."
_FAILED = Bilingual(
    "Kein Anbieter hat geantwortet: openai-eu (Serverfehler), azure-eu (Serverfehler). Versuchen Sie es später noch einmal; die IT sieht die Störung.",
    "No provider answered: openai-eu (server error), azure-eu (server error). Try again later; IT can see the disturbance.",
)


@dataclass
class MemoryDrills:
    played: list[tuple[str, Drill]] = field(default_factory=list)
    empty: bool = False

    def choices(self) -> tuple[DrillChoice, ...]:
        if self.empty:
            return ()
        return (
            DrillChoice("standard", ("openai-eu", "azure-eu"), NanoEuro(412_000), 40.0),
            DrillChoice("haus", ("lokal-01",), NanoEuro(0), 20.0),
        )

    async def play(self, viewer: Viewer, drill: Drill) -> DrillReport:
        drill.check()
        if drill.model not in ("standard", "haus"):
            raise InvalidRequest("Dieses Modell gibt es nicht.", "There is no such model.")
        self.played.append((viewer.name, drill))
        kind = FAULTS[drill.fault].kind.value
        hit = Step("openai-eu", "gpt-4o-mini", 3.1, 20_004.0, kind, None, True)
        if drill.provider == EVERYBODY:
            second = Step("azure-eu", "gpt-4o-mini", 20_008.0, 4.0, kind, None, True)
            failure = Failure(502, "upstream_failed", _FAILED)
            return self._report(drill, "", ("", ""), failure, (hit, second), None, NanoEuro(0))
        if drill.after_words:
            failure = Failure(502, "upstream_failed", _FAILED)
            text = " ".join(_TEXT.split()[: drill.after_words])
            return self._report(
                drill, text, ("openai-eu", "gpt-4o-mini"), failure, (hit,), 0.4, NanoEuro(9_000)
            )
        second = Step("azure-eu", "gpt-4o-mini", 20_008.0, 811.0, "", None, False)
        return self._report(
            drill, _TEXT, ("azure-eu", "gpt-4o-mini"), None, (hit, second), 20.4, NanoEuro(31_000)
        )

    @staticmethod
    def _report(
        drill: Drill, text: str, by: tuple[str, str], failure: Failure | None, steps: tuple[Step, ...],
        first_token_s: float | None, cost: NanoEuro,
    ) -> DrillReport:  # fmt: skip
        left_out = (("cohere", Bilingual("kein gültiger Auftragsverarbeitungsvertrag", "no valid DPA")),)
        return DrillReport(
            "req_01hz", drill, text, by, failure, first_token_s, 20.8, cost, len(steps) - 1, steps, left_out
        )
