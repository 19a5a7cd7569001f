"""What a message says: what, since when, how bad, who is affected, what to do, where to look."""

from collections.abc import Mapping
from datetime import tzinfo

from babel.dates import format_datetime, format_time
from babel.numbers import format_decimal, format_percent

from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.monitoring.signals import Signal, Unit
from leitstand.monitoring.values import Alert, Message, Rule

_LOCALES = {"de": "de_DE", "en": "en_GB"}


class Wording:
    """Words alerts in one language and time zone."""

    def __init__(
        self,
        rules: Mapping[str, Rule],
        signals: Mapping[str, Signal],
        language: str,
        zone: tzinfo,
        address: str,
    ) -> None:
        """address: of Leitstand for people, such as https://leitstand.firma.example; may be empty."""
        self._rules = rules
        self._signals = signals
        self._language = language
        self._zone = zone
        self._address = address.rstrip("/")

    def message(self, notice_id: str, alert: Alert) -> Message:
        """One alert as a message."""
        rule = self._rules.get(alert.rule)
        state = "resolved" if alert.state == "resolved" else "firing"
        return Message(
            id=notice_id,
            rule=alert.rule,
            severity=alert.severity,
            state=state,  # type: ignore[arg-type]  # one of the two words
            started=self._iso(alert.since_us),
            ended=self._iso(alert.resolved_us) if alert.resolved_us is not None else "",
            title=self._title(alert, rule),
            summary=self.summary(alert),
            affected=alert.affected.in_(self._language),
            runbook=f"{self._address}/betrieb/anleitungen/{rule.runbook}" if rule and rule.runbook else "",
            url=f"{self._address}/betrieb/meldungen/{alert.id}",
            labels=dict(alert.labels),
            alert=alert.id,
            since=self._when(alert.since_us),
            measured=self._measured(alert, rule),
        )

    def trial(self, now_us: int) -> Message:
        """What the test button sends: nobody can take it for a fault."""
        title = self._say(Bilingual("Probe von Leitstand", "Test from Leitstand"))
        return Message(
            id=f"test-{now_us}",
            rule="test",
            severity="warning",
            state="firing",
            started=self._iso(now_us),
            ended="",
            title=title,
            summary=self._say(
                Bilingual(
                    "Dies ist eine Probe. Kommt sie an, dann kommen auch Meldungen an. Es ist nichts zu tun.",
                    "This is a test. If it arrives, alerts arrive, too. There is nothing to do.",
                )
            ),
            affected="",
            runbook="",
            url=f"{self._address}/betrieb/meldewege",
            labels={},
            alert=f"test-{now_us}",
            since=self._when(now_us),
        )

    def summary(self, alert: Alert) -> str:
        """One or two sentences that can be read on a telephone."""
        rule = self._rules.get(alert.rule)
        since = self._when(alert.since_us)
        title = self._title(alert, rule)
        if alert.state == "resolved" and alert.resolved_us is not None:
            ended = self._when(alert.resolved_us)
            return self._say(
                Bilingual(
                    f"{title}: vorbei. Von {since} bis {ended}.", f"{title}: over. From {since} to {ended}."
                )
            )
        parts = [self._say(Bilingual(f"{title} seit {since}.", f"{title} since {since}."))]
        if measured := self._measured(alert, rule):
            parts.append(f"{measured}.")
        if affected := alert.affected.in_(self._language):
            parts.append(self._say(Bilingual(f"Betroffen: {affected}.", f"Affected: {affected}.")))
        return " ".join(parts)

    def amount(self, unit: Unit, value: float) -> str:
        """A value in its unit."""
        locale = _LOCALES.get(self._language, "en_GB")
        if unit == "share":
            return str(format_percent(value, format="#,##0.#\xa0%", locale=locale))
        if unit == "s" and value >= 120:
            return f"{format_decimal(round(value / 60), locale=locale)}\xa0{'min' if self._language == 'en' else 'Min.'}"
        number = format_decimal(value, format="#,##0.#", locale=locale)
        if unit == "s":
            return f"{number}\xa0s"
        if unit == "days":
            return f"{number}\xa0{self._say(Bilingual('Tage', 'days'))}"
        return str(number)

    def _measured(self, alert: Alert, rule: Rule | None) -> str:
        """The value against its limit; empty where there is none or it is over."""
        signal = self._signals.get(rule.signal) if rule else None
        level = rule.level(alert.severity) if rule else None
        if signal is None or level is None or alert.value is None or alert.state == "resolved":
            return ""
        value = alert.value
        what = signal.title.in_(self._language)
        now, bound = self.amount(signal.unit, value), self.amount(signal.unit, level.fires)
        return self._say(Bilingual(f"{what}: {now} (Grenze {bound})", f"{what}: {now} (limit {bound})"))

    def _title(self, alert: Alert, rule: Rule | None) -> str:
        title = rule.title.in_(self._language) if rule else alert.rule
        subject = ", ".join(value for _, value in alert.labels)
        return f"{title}: {subject}" if subject else title

    def _say(self, text: Bilingual) -> str:
        return text.in_(self._language)

    def _when(self, time_us: int) -> str:
        moment, locale = from_us(time_us).astimezone(self._zone), _LOCALES.get(self._language, "en_GB")
        clock = format_time(moment, "HH:mm", locale=locale)
        return f"{format_datetime(moment, 'EE dd.MM.', locale=locale)} {clock}"

    def _iso(self, time_us: int) -> str:
        return from_us(time_us).astimezone(self._zone).isoformat(timespec="seconds")
