"""Keep the sample by day, look at it at night, and take people's decisions.

A request is chosen by a hash of its id, so every process chooses the same. Keeping is done by a thread: where it does
not keep up, or the database is away, samples are dropped; no request waits for it.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from leitstand.configuration.leak_watch import LeakWatch as Settings
from leitstand.core.clock import Clock
from leitstand.core.conversation import Masked, Prompt, texts
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.events import Events
from leitstand.core.ids import new_id
from leitstand.core.sealing import Sealer
from leitstand.journal.records import Record
from leitstand.privacy.leaks.recheck import recheck, standing, unmistakable
from leitstand.privacy.leaks.repository import FindingRow, LeakRows, SampleRow
from leitstand.privacy.leaks.values import (
    Certainty,
    Finding,
    LeakFound,
    Sample,
    Sent,
    Shown,
    State,
    Suspicion,
)
from leitstand.privacy.scan import Scanner
from leitstand.privacy.vault import Vault

_DAY_US = 86_400_000_000
_MOST_CHARACTERS = 20_000  # of one request
_AROUND = 60  # characters shown on each side of a find
_MOST_WAITING = 100
_MOST_PER_REQUEST = 20
_log = logging.getLogger(__name__)


class LeakWatch:
    """The watch of one process. Blocking, `on_sent` aside: call it from a thread."""

    def __init__(
        self, rows: LeakRows, sealer: Sealer, vault: Vault, clock: Clock, events: Events, note: Callable[[Record], None],
        settings: Callable[[], Settings], local_now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        """note: writes into the journal. settings: those in force. local_now: in the organisation's time zone."""
        self._rows, self._sealer, self._vault = rows, sealer, vault
        self._clock, self._events, self._note = clock, events, note
        self._settings = settings
        self._local_now = local_now
        self._queue: queue.Queue[Sent | None] = queue.Queue(_MOST_WAITING)

    # ------------------------------------------------------------ by day

    def on_sent(self, sent: Sent) -> None:
        """Take a request that went out into the sample, if it is chosen."""
        if self.is_chosen(sent.request_id):
            try:
                self._queue.put_nowait(sent)
            except queue.Full:
                _log.warning("a sample for the leak watch was dropped: too many wait")

    def is_chosen(self, request_id: str) -> bool:
        """Whether a request belongs to the sample."""
        number = int.from_bytes(sha256(b"leak-watch\0" + request_id.encode()).digest()[:8], "big")
        return number < float(self._settings().sample_percent) / 100 * 2**64

    def run(self, stop: threading.Event) -> None:
        """Keep what is chosen, until `stop` is set."""
        while not stop.is_set():
            try:
                sent = self._queue.get(timeout=1.0)
            except queue.Empty:
                continue
            try:
                if sent is not None:
                    self.keep(sent)
            except Exception:  # noqa: BLE001 - a border: the next one may be kept again
                _log.exception("a sample for the leak watch could not be kept")

    def keep(self, sent: Sent) -> bool:
        """Store a sample, sealed; False when the day has enough."""
        midnight = self._local_now().replace(hour=0, minute=0, second=0, microsecond=0)
        if self._rows.kept_since(int(midnight.timestamp() * 1e6)) >= self._settings().most_per_day:
            return False
        said = texts_of(sent.masked)
        sample = Sample(said, tuple(standing(said, sent.mapping.entries)))
        body = self._sealer.seal(msgspec.json.encode(sample), f"leak-sample:{sent.request_id}")
        scope = self._vault.scope_id(sent.scope) if sent.scope else ""
        row = SampleRow(
            sent.request_id, sent.time_us, sent.department, sent.use_case, sent.provider, scope, body
        )
        self._rows.add(row)
        return True

    # ------------------------------------------------------------ at night

    def waiting(self, most: int) -> list[str]:
        """Samples to be looked at."""
        return self._rows.waiting(most)

    def look(self, ids: Sequence[str], scanner: Scanner) -> int:
        """Look at these samples again; how many findings are new. scanner: as strict as it gets."""
        foreign = [pair for scope in self._vault.living() for pair in unmistakable(self._vault.held(scope))]
        found = 0
        for row in self._rows.samples(ids):
            sample = msgspec.json.decode(self._sealer.open(row.body, f"leak-sample:{row.id}"), type=Sample)
            own = self._vault.held(row.scope) if row.scope else ()
            known = (*sample.known, *standing(sample.texts, (*own, *foreign)))
            suspicions = recheck(sample.texts, known, scanner.of(row.department))[:_MOST_PER_REQUEST]
            now_us = self._clock.time_us()
            fresh = self._rows.settle(
                row.id, now_us, [self._finding(row, sample, each, now_us) for each in suspicions]
            )
            for finding in fresh:
                self._tell(finding)
            found += len(fresh)
        return found

    def _finding(self, row: SampleRow, sample: Sample, suspicion: Suspicion, now_us: int) -> FindingRow:
        spot = suspicion.spot
        text = sample.texts[spot.text]
        number = sha256(f"{row.id}\0{spot.text}\0{spot.start}\0{spot.end}".encode()).hexdigest()[:24]
        shown = Shown(
            text[spot.start : spot.end],
            text[max(0, spot.start - _AROUND) : spot.start],
            text[spot.end : spot.end + _AROUND],
        )
        body = self._sealer.seal(msgspec.json.encode(shown), f"leak-finding:leak_{number}")
        return FindingRow(
            f"leak_{number}", row.id, row.time_us, now_us, spot.type, suspicion.certainty.value, row.use_case,
            row.provider, State.OPEN.value, "", 0, "", body,
        )  # fmt: skip

    def _tell(self, row: FindingRow) -> None:
        self._note(
            Record(
                id=row.id, kind="privacy.leak.found", time_us=row.found_us, user="system", use_case=row.use_case,
                provider=row.provider, outcome="ok",
                detail={"request": row.request_id, "type": row.type, "certainty": row.certainty},
            )
        )  # fmt: skip
        self._events.say(LeakFound(opened(row, self._sealer)))

    # ------------------------------------------------------------ people

    def findings(self, most: int) -> list[Finding]:
        """The newest first, with their texts; who may see those is decided above."""
        return [opened(row, self._sealer) for row in self._rows.findings(most)]

    def counts(self) -> tuple[int, int, int]:
        """Samples kept, samples looked at, open findings."""
        return self._rows.counts()

    def decide(self, finding_id: str, state: State, by: str, note: str) -> Finding:
        """Confirm or dismiss a finding, once. Returns it as it was. Raises NotFound, InvalidRequest."""
        row = self._rows.finding(finding_id)
        if row is None:
            raise NotFound(
                "Diesen Fund gibt es nicht. Laden Sie die Seite neu.",
                "There is no such finding. Load the page again.",
            )
        if state is State.OPEN:
            raise InvalidRequest(
                "Ein Fund wird bestätigt oder verworfen.", "A finding is confirmed or dismissed."
            )
        now_us = self._clock.time_us()
        if not self._rows.decide(finding_id, state, by, now_us, note):
            raise InvalidRequest(
                "Über diesen Fund hat schon jemand entschieden. Laden Sie die Seite neu.",
                "Somebody has decided on this finding already. Load the page again.",
            )
        detail = {"finding": finding_id, "request": row.request_id, "type": row.type}
        self._note(
            Record(
                id=new_id("evt", now_us), kind=f"privacy.leak.{state.value}", time_us=now_us, user=by, outcome="ok",
                detail=detail,
            )
        )  # fmt: skip
        return opened(row, self._sealer)

    def remove_expired(self) -> int:
        """Remove samples and texts whose days are over; how many samples."""
        return self._rows.expire(self._clock.time_us() - self._settings().keep_days * _DAY_US)


def opened(row: FindingRow, sealer: Sealer) -> Finding:
    """A finding with its words, while they are kept."""
    shown = None
    if row.body is not None:
        shown = msgspec.json.decode(sealer.open(row.body, f"leak-finding:{row.id}"), type=Shown)
    return Finding(
        row.id, row.request_id, row.sent_us, row.found_us, row.type, Certainty(row.certainty), row.use_case,
        row.provider, State(row.state), row.decided_by, row.decided_us, row.note, shown,
    )  # fmt: skip


def texts_of(masked: Masked) -> tuple[str, ...]:
    """The newest texts of its messages, as far as there is room; tools and formats were written by programs."""
    prompt = masked.prompt
    said = tuple(dict.fromkeys(texts(Prompt(prompt.dialect, prompt.model, prompt.messages))))
    kept: list[str] = []
    room = _MOST_CHARACTERS
    for text in reversed(said):
        if room <= 0:
            break
        kept.append(text[:room])
        room -= len(text)
    return tuple(reversed(kept))
