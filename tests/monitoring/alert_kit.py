"""An alert path on a real database, with a clock that is set by hand and a signal that says what the test wants."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from leitstand.configuration.alerts import AlertChannel, AlertRoute
from leitstand.core.business_hours import BusinessHours
from leitstand.core.clock import Clock, from_us
from leitstand.core.events import Events
from leitstand.core.i18n import Bilingual
from leitstand.journal.records import Record
from leitstand.monitoring.alertpath import AlertPath
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.on_call import Rota
from leitstand.monitoring.repository import AlertRows
from leitstand.monitoring.routes import ConfiguredRoutes
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Alert, Level, Reading, Rule, labels
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate

BERLIN = ZoneInfo("Europe/Berlin")
_NOTHING = Bilingual("", "")
DOWN = Rule(
    "down", _NOTHING, _NOTHING, "down", (Level("critical", 0, 0),), 60, clear_for_s=60, no_data="keep"
)
SLOW = Rule(
    "slow", _NOTHING, _NOTHING, "slow", (Level("warning", 0, 0),), 60, clear_for_s=60, inhibited_by=("down",)
)
ODD = Rule("odd", _NOTHING, _NOTHING, "odd", (Level("warning", 0, 0),), 60, clear_for_s=60)


class HandClock(Clock):
    """Shows what it is set to."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.set(at)

    def set(self, at: str) -> None:
        self.now_s = datetime.fromisoformat(at).replace(tzinfo=BERLIN).timestamp()

    def forward(self, seconds: float) -> None:
        self.now_s += seconds

    def time(self) -> float:
        return self.now_s


@dataclass
class World:
    """What is bad now: (rule, provider). Paths are made anew at will, like processes that come and go."""

    data: Path
    clock: HandClock
    state: str | None = "BW"
    channels: dict[str, AlertChannel] = field(
        default_factory=lambda: {
            "hook": AlertChannel(name="hook", kind="webhook", url="http://127.0.0.1:9/"),
        }
    )
    routes: dict[str, AlertRoute] = field(default_factory=dict)
    gathering: frozenset[str] = frozenset({"mail"})
    rota: Rota | None = None
    bad: set[tuple[str, str]] = field(default_factory=set)
    known: set[tuple[str, str]] = field(default_factory=set)
    records: list[Record] = field(default_factory=list)
    followed: list[Alert] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = open_engine(self.data)
        migrate(self.engine)
        self.rows = AlertRows(self.engine)
        self.path = self.new_path()

    def new_path(self) -> AlertPath:
        """A process of its own on the same database."""
        signals = {
            name: Signal(name, _NOTHING, "count", self._reader(name)) for name in ("down", "slow", "odd")
        }
        self.path = AlertPath(
            Minutes(self.engine), AlertRows(self.engine), lambda: (DOWN, SLOW, ODD), signals, self, self,
            self.clock, self.records.append, Events(), self.followed.extend,
        )  # fmt: skip
        return self.path

    def break_(self, rule: str, provider: str = "a") -> None:
        self.bad.add((rule, provider))
        self.known.add((rule, provider))

    def mend(self, rule: str, provider: str = "a") -> None:
        self.bad.discard((rule, provider))

    def run(self, minutes: float, *, every_s: float = 15.0) -> list[str]:
        """Rounds for a while; what was newly told, as `KIND SEVERITY RULE… > CHANNEL`."""
        before = {each.notice.id for each in self.rows.deliveries(most=1000)}
        end = self.clock.now_s + minutes * 60
        while self.clock.now_s < end:
            self.clock.forward(min(every_s, end - self.clock.now_s))
            self.path.round()
        return [line for name, line in self._told() if name not in before]

    def run_until(self, at: str) -> list[str]:
        """Rounds until a moment: half an hour apart, the last ones closer."""
        end = datetime.fromisoformat(at).replace(tzinfo=BERLIN).timestamp()
        left = (end - self.clock.now_s) / 60
        told = self.run(left - 31, every_s=1800.0) if left > 60 else []
        return told + self.run((end - self.clock.now_s) / 60, every_s=60.0)

    def _told(self) -> list[tuple[str, str]]:
        found = []
        for each in reversed(self.rows.deliveries(most=1000)):
            notice = each.notice
            rules = sorted(alert.rule for name in notice.alerts if (alert := self.rows.find(name)))
            found.append((notice.id, f"{notice.kind} {notice.severity} {' '.join(rules)} > {notice.channel}"))
        return found

    def _reader(self, name: str) -> Callable[[Facts, float], list[Reading]]:
        def read(_facts: Facts, _window_s: float) -> list[Reading]:
            return [
                Reading(labels(provider=provider), float((rule, provider) in self.bad), 1)
                for rule, provider in sorted(self.known)
                if rule == name
            ]

        return read

    # what the path asks

    def recipients(self, alert: Alert, now_us: int) -> list:  # type: ignore[type-arg]
        found = ConfiguredRoutes(self.channels, self.routes, self.rota).recipients(alert, now_us)
        return [each._replace(gathers=each.channel in self.gathering) for each in found]

    def escalations(self, alert: Alert, now_us: int) -> list:  # type: ignore[type-arg]
        return list(ConfiguredRoutes(self.channels, self.routes, self.rota).escalations(alert, now_us))

    def reminders(self, alert: Alert, now_us: int) -> list:  # type: ignore[type-arg]
        return list(ConfiguredRoutes(self.channels, self.routes, self.rota).reminders(alert, now_us))

    def existing(self, channels: Iterable[str]) -> list:  # type: ignore[type-arg]
        found = ConfiguredRoutes(self.channels, self.routes).existing(channels)
        return [each._replace(gathers=each.channel in self.gathering) for each in found]

    def is_open(self, _alert: Alert, now_us: int) -> bool:
        return BusinessHours(BERLIN, state=self.state).is_open(from_us(now_us))


def channel(name: str) -> AlertChannel:
    return AlertChannel(name=name, kind="webhook", url="http://127.0.0.1:9/")
