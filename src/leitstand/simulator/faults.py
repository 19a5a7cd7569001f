"""The ways in which a simulated provider fails, and the script that says when.

`FAULTS` is the catalogue, one sentence each in German and English for the page that lists them. A fault made
for streams does the nearest thing to a plain request, and the reverse (`FOR_PLAIN`, `FOR_STREAM`).
"""

from typing import NamedTuple

import msgspec


class FaultKind(NamedTuple):
    """One row of the catalogue."""

    name: str
    de: str
    en: str


_ROWS = (
    FaultKind(
        "none",
        "Antwortet normal; hält im Skript einen Platz frei.",
        "Answers normally; keeps a place in a script.",
    ),
    FaultKind(
        "rate_limit",
        "429: Das Anfragelimit ist erreicht, mit retry-after.",
        "429: rate limit reached, with retry-after.",
    ),
    FaultKind(
        "rate_limit_bare",
        "429: Das Anfragelimit ist erreicht, ohne retry-after.",
        "429: rate limit reached, without retry-after.",
    ),
    FaultKind("quota", "Das Guthaben ist aufgebraucht.", "The account has no credit left."),
    FaultKind(
        "server_error",
        "500: Der Anbieter meldet einen internen Fehler.",
        "500: the provider reports an internal error.",
    ),
    FaultKind("unavailable", "503: Der Dienst ist nicht verfügbar.", "503: the service is unavailable."),
    FaultKind("overloaded", "Überlastet (529 oder 503).", "Overloaded (529 or 503)."),
    FaultKind("bad_gateway", "502 als HTML-Seite.", "502 as an HTML page."),
    FaultKind("unauthorized", "401: Der Schlüssel wird abgelehnt.", "401: the key is rejected."),
    FaultKind("forbidden", "403: Der Zugriff ist nicht erlaubt.", "403: access is not allowed."),
    FaultKind("not_found", "404: Das Modell ist unbekannt.", "404: the model is unknown."),
    FaultKind("context_overflow", "400: Die Anfrage ist zu lang.", "400: the prompt is too long."),
    FaultKind(
        "content_filter",
        "400 durch den Inhaltsfilter, oder Abbruch nach after_tokens Token.",
        "400 by the content filter, or an answer ended by it after after_tokens tokens.",
    ),
    FaultKind("refused_connection", "Verbindung wird zurückgesetzt.", "The connection is reset."),
    FaultKind("hang_before_headers", "Schweigt von Anfang an.", "Silent from the beginning."),
    FaultKind(
        "hang_after_headers",
        "Sendet 200 und Kopfzeilen, dann nichts.",
        "Sends 200 and headers, then nothing.",
    ),
    FaultKind("stall_before_first", "Eröffnet den Strom ohne Inhalt.", "Opens the stream without content."),
    FaultKind(
        "stall_after_first", "Verstummt nach after_tokens Token.", "Falls silent after after_tokens tokens."
    ),
    FaultKind(
        "cut_before_first", "Bricht vor dem ersten Inhalt ab.", "Cuts the connection before any content."
    ),
    FaultKind(
        "cut_stream", "Bricht nach after_tokens Token ab.", "Cuts the connection after after_tokens tokens."
    ),
    FaultKind(
        "cut_plain", "Sendet weniger, als content-length sagt.", "Sends less than content-length says."
    ),
    FaultKind(
        "malformed_chunk",
        "Ein Ereignis des Stroms ist kein gültiges JSON; der Strom läuft weiter.",
        "One event of the stream is broken JSON; the stream goes on.",
    ),
    FaultKind("malformed_plain", "Die Antwort ist kein gültiges JSON.", "The body is broken JSON."),
    FaultKind("error_in_stream", "Fehlerereignis im Strom.", "An error event inside the stream."),
    FaultKind("empty_body", "200 ohne Inhalt.", "200 without a body."),
    FaultKind("empty_stream", "200 als Strom ohne Ereignisse.", "200 as a stream without events."),
    FaultKind("html_body", "200 mit einer HTML-Seite.", "200 with an HTML page."),
    FaultKind("slow_drip", "Ein Token pro Sekunde.", "One token a second."),
)
FAULTS = {row.name: row for row in _ROWS}

FOR_PLAIN = {
    "stall_before_first": "hang_after_headers",
    "stall_after_first": "hang_after_headers",
    "cut_stream": "cut_plain",
    "malformed_chunk": "malformed_plain",
    "error_in_stream": "server_error",
    "empty_stream": "empty_body",
}
"""What a stream's fault does to a request that asked for no stream."""
FOR_STREAM = {"cut_plain": "cut_stream", "malformed_plain": "malformed_chunk"}
"""What a plain answer's fault does to a stream."""

REFUSALS = frozenset(
    {
        "rate_limit",
        "rate_limit_bare",
        "quota",
        "server_error",
        "unavailable",
        "overloaded",
        "unauthorized",
        "forbidden",
        "not_found",
        "context_overflow",
        "content_filter",
    }
)
"""Faults that are one error body in the provider's own shape."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a script.

    times: how many requests it hits; None: all from then on. after_tokens: output tokens before it strikes,
    where it strikes inside an answer. retry_after: seconds told with `rate_limit`. model: hits requests for
    this model only.
    """

    fault: str
    times: int | None = 1
    after_tokens: int = 0
    retry_after: float = 1.0
    model: str | None = None

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"unknown fault '{self.fault}'; known: {', '.join(FAULTS)}")
        if self.after_tokens < 0 or self.retry_after < 0 or (self.times is not None and self.times < 0):
            raise ValueError("times, after_tokens and retry_after must not be negative")


NO_FAULT = Fault("none")


class Script:
    """Faults in order: the first line that fits a request and is not used up strikes."""

    def __init__(self, lines: list[Fault] | None = None) -> None:
        self._lines = list(lines or ())
        self._left: list[int | None] = [line.times for line in self._lines]

    def strike(self, model: str, *, counted: bool = True) -> Fault:
        """The fault for the next request, or NO_FAULT.

        counted: false for look-ups such as the list of models, which only lasting faults (`times: null`)
        hit, so that a health probe never uses up a line meant for a real request.
        """
        for index, line in enumerate(self._lines):
            left = self._left[index]
            if line.model not in (None, model) or left == 0 or (left is not None and not counted):
                continue
            if left is not None:
                self._left[index] = left - 1
            return line
        return NO_FAULT

    def remaining(self) -> list[dict[str, object]]:
        """The lines with how often each will still strike."""
        return [
            {**msgspec.to_builtins(line), "times": left}
            for line, left in zip(self._lines, self._left, strict=True)
        ]
