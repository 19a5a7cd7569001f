"""The port of ways out for page tests: channels in every state, routes, a rota; what is asked for is noted."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from leitstand.configuration.alerts import AlertRoute
from leitstand.configuration.channels import AlertChannel
from leitstand.configuration.on_call import OnCall, Swap
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.monitoring.channel_desk import ChannelBoard, ChannelSight, Hearing, Tested
from leitstand.monitoring.on_call import Rota
from leitstand.monitoring.repository import ChannelState
from leitstand.monitoring.shelves import load_rules
from leitstand.monitoring.values import Severity
from leitstand.web.ports import Viewer

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
_US = int(NOW.timestamp()) * 1_000_000
_HOUR = 3_600_000_000
_PLAN = OnCall.model_validate(
    {
        "people": [
            {"name": "Anna Berger", "channels": ["sms-anna"], "phone": "+49 711 123456"},
            {"name": "Ben Kurz", "channels": ["sms-ben"], "email": "ben@musterwerk.example"},
        ],
        "first_day": "2026-11-16",
        "swaps": [{"begins": "2026-11-19", "ends": "2026-11-20", "person": "Ben Kurz"}],
    }
)


def _sights() -> tuple[ChannelSight, ...]:
    mail = AlertChannel(name="it", kind="email", to=("it@musterwerk.example", "leitung@musterwerk.example"))
    teams = AlertChannel(name="team", kind="teams", url="env:TEAMS_URL")
    sms = AlertChannel(name="sms-anna", kind="apprise", url="sealed:alert_channel/sms-anna/url")
    ben = AlertChannel(name="sms-ben", kind="apprise", url="sealed:alert_channel/sms-ben/url")
    return (
        ChannelSight(mail, ChannelState(_US - 3 * _HOUR), ", ".join(mail.to)),
        ChannelSight(teams, ChannelState(_US - 90 * _HOUR, 3, _US - 2 * _HOUR), "env:TEAMS_URL", "HTTP 503"),
        ChannelSight(sms, ChannelState(_US - 5 * _HOUR), ""),
        ChannelSight(ben, ChannelState(), ""),
    )


@dataclass
class MemoryChannels:
    empty: bool = False
    plan: OnCall = _PLAN
    asked: list[str] = field(default_factory=list)

    async def board(self) -> ChannelBoard:
        rules = tuple(load_rules().values())
        if self.empty:
            return ChannelBoard((), (), True, rules, now=NOW)
        routes = (
            AlertRoute(name="leitung", severity="critical", channels=("team",), after_minutes=15),
            AlertRoute(name="nachts", severity="critical", channels=("on_call",), remind_minutes=30),
            AlertRoute(name="taeglich", severity="warning", rules=("budget_low",), channels=("it", "team")),
        )
        rota = Rota(self.plan, ZoneInfo("Europe/Berlin"))
        turns = tuple(rota.turns(NOW, NOW + timedelta(days=28)))
        people = tuple(person.name for person in self.plan.people)
        return ChannelBoard(_sights(), routes, True, rules, turns, people, self.plan.swaps, NOW)

    async def hearing(self, rule: str, severity: Severity) -> Hearing:
        if severity == "warning":
            return Hearing(rule, severity, (), ("it", "team"), _US + 17 * _HOUR)
        return Hearing(rule, severity, ("sms-anna",), later=((15.0, ("team",)),))

    async def test(self, viewer: Viewer, name: str) -> Tested:
        self.asked.append(f"test {name} {viewer.name}")
        if name not in {each.channel.name for each in _sights()}:
            raise NotFound("Gibt es nicht.", "There is none.")
        return Tested(name, "HTTP 503" if name == "team" else "")

    async def swap(self, viewer: Viewer, begins: date, ends: date, person: str) -> None:
        if ends < begins:
            raise InvalidRequest("Der letzte Tag liegt vor dem ersten.", "The last day is before the first.")
        self.asked.append(f"swap {begins} {ends} {person}")
        self._set((*self.plan.swaps, Swap(begins=begins, ends=ends, person=person)))

    async def undo_swap(self, viewer: Viewer, begins: date, ends: date, person: str) -> None:
        self.asked.append(f"undo {begins} {ends} {person}")
        gone = (begins, ends, person)
        self._set(tuple(each for each in self.plan.swaps if (each.begins, each.ends, each.person) != gone))

    def _set(self, swaps: tuple[Swap, ...]) -> None:
        self.plan = self.plan.model_copy(update={"swaps": swaps})
