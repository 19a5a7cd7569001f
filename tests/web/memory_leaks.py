"""The port of the leak watch for page tests: findings of every certainty and state, or none."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from leitstand.configuration.leak_watch import LeakWatch
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.identity.roles import Permission
from leitstand.privacy.leaks.values import Certainty, Finding, Shown, State
from leitstand.web.ports import Viewer

_US = int(datetime(2026, 11, 16, 9, 12, tzinfo=UTC).timestamp() * 1e6)
_NIGHT_US = _US + 18 * 3_600_000_000


def _finding(number: int, type_: str, certainty: Certainty, words: str, **more: object) -> Finding:
    shown = Shown(words, "Bitte antworten Sie Person_001 und ", " bis Freitag, danke")
    finding = Finding(
        f"leak_{number}", f"req_06f3kq0000abcd{number}", _US, _NIGHT_US, type_, certainty, "kundenservice",
        "openai-eu", State.OPEN, shown=shown,
    )  # fmt: skip
    return replace(finding, **more)  # type: ignore[arg-type]


def _some() -> list[Finding]:
    return [
        _finding(1, "PERSON", Certainty.CERTAIN, "Steinfurt"),
        _finding(2, "REF_ID", Certainty.LIKELY, "KD-88120"),
        _finding(3, "PERSON", Certainty.POSSIBLE, "Hallmeier", state=State.DISMISSED, decided_by="jonas",
                 decided_us=_NIGHT_US, note="ein Produktname", shown=None),
    ]  # fmt: skip


@dataclass
class MemoryLeaks:
    off: bool = False
    images: bool = True
    found: list[Finding] = field(default_factory=_some)
    terms: list[str] = field(default_factory=list)

    async def findings(self, viewer: Viewer, most: int) -> Sequence[Finding]:
        judges = Permission.LEAKS_JUDGE in viewer.permissions
        return [each if judges else replace(each, shown=None) for each in self.found[:most]]

    async def counts(self) -> tuple[int, int, int]:
        return 1204, 1187, sum(each.state is State.OPEN for each in self.found)

    def settings(self) -> LeakWatch:
        return LeakWatch(sample_percent=Decimal(0)) if self.off else LeakWatch()

    def reads_images(self) -> bool:
        return self.images

    async def decide(self, viewer: Viewer, finding: str, state: State, note: str, *, always: bool) -> None:
        assert Permission.LEAKS_JUDGE in viewer.permissions
        for place, each in enumerate(self.found):
            if each.id == finding:
                if each.state is not State.OPEN:
                    raise InvalidRequest("Schon entschieden.", "Decided already.")
                if always and each.shown:
                    self.terms.append(each.shown.words)
                self.found[place] = replace(
                    each, state=state, decided_by=viewer.name, decided_us=_NIGHT_US, note=note
                )
                return
        raise NotFound("Den gibt es nicht.", "There is none.")
