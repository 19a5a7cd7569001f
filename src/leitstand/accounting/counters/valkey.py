"""Counters that several machines share in Valkey; see scripts.py for what lies there.

Each hold and settlement is one script, atomic, in one round trip of some 0.2 ms on the event loop. The first call that
gets no answer in time opens the breaker: from then on this machine counts alone (alone.py) and asks nobody, until the
thread that beats every second has reached Valkey again and told it everything. Decision: 0012.

What may have happened without an answer is made certain on return: a hold of which nobody knows is dropped, settlements
are sent again (a hold settles once), and an epoch fences off commands that a frozen Valkey still carries out.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leitstand.accounting.counters import (
    FACTS_MAX_BYTES,
    LEASE_S,
    PARTS_MAX,
    TIGHT,
    Counter,
    Hold,
    LostHold,
    Pace,
    Part,
    Reading,
    Short,
    TooFast,
    pace,
    scripts,
)
from leitstand.accounting.counters.alone import Alone
from leitstand.accounting.counters.kept_holds import (
    KeptHold,
    as_list,
    decode,
    encode,
    loose,
    raw,
    text,
    texts,
)
from leitstand.accounting.counters.mirror import Mirror, name_of
from leitstand.accounting.counters.remote import TIMEOUT_S, Away, Remote

LIFE_MS = 60_000  # an owner on another machine that gave no sign for so long is dead
_BEAT_S, _KNOCK_S = 1.0, 0.25
_PAGE = 500
_KEEP_S = 40 * 86_400  # longer than the longest period
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """A hold of this process. until_s: end of its lease, monotonic."""

    parts: Sequence[Part]
    record: bytes
    until_s: float


@dataclass(frozen=True, slots=True)
class _Late:
    """A settlement that has not arrived for certain. sent: it may have."""

    opened: _Open
    amounts: Sequence[int]
    sent: bool


class ValkeyCounters:
    """The implementation of `Counters` for several machines.

    Invariant while Valkey answers: spent + held <= limit on every counter. Without it: each machine gives away at most
    its share (left at the last beat, divided by the machines that lived then), so a limit can be passed only by what
    the others spent between that beat (a second at most) and the outage.
    """

    def __init__(
        self, url: str, data: Path, machine: str, *, timeout_s: float = TIMEOUT_S, lease_s: float = LEASE_S
    ) -> None:
        """data: where this machine counts alone. machine: its name, unique among all. timeout_s: of one answer."""
        self._remote = Remote(url, timeout_s)
        self._alone = Alone(data / "limits.alone")
        self._machine = machine
        self._owner = f"{machine}:{self._alone.token:x}"
        self._lease_s = lease_s
        self._lock = threading.RLock()  # guards everything down to `_away`
        self._mirror = Mirror()
        self._open: dict[int, _Open] = {}
        self._late: dict[int, _Late] = {}
        self._serial = 0
        self._away = True
        self._said_away = False
        self._turn = threading.Lock()  # one beat at a time; guards the rest
        self._epoch = time.time_ns() // 1000
        self._ready = ""
        self._since, self._version = "0", 0
        self._ages: dict[str, int] = {self._owner: 0}
        self._lost: dict[int, bytes] = {}
        self.needs_rebuild = True
        self._stop, self._wake = threading.Event(), threading.Event()
        self.beat()
        self._thread = threading.Thread(target=self._run, name="limits-beat", daemon=True)
        self._thread.start()

    @property
    def away(self) -> bool:
        """Whether this machine counts alone at the moment."""
        return self._away

    def processes(self) -> int:
        """How many processes share these counters, this one included, when that was last known."""
        return len(self._living())

    def _living(self) -> set[str]:
        return {owner for owner, age in self._ages.items() if age < LIFE_MS} | {self._owner}

    def _machines(self) -> int:
        return len({owner.partition(":")[0] for owner in self._living()})

    # ------------------------------------------------------------ calls

    def hold(
        self, parts: Sequence[Part], paces: Sequence[Pace], request_id: str, facts: bytes, now_s: float
    ) -> Hold | Short | TooFast:
        """See `Counters.hold`."""
        if len(parts) > PARTS_MAX or len(facts) > FACTS_MAX_BYTES:
            raise ValueError(f"{len(parts)} parts and {len(facts)} bytes of facts do not fit into a hold")
        with self._lock:
            if not self._away:
                try:
                    return self._hold_there(parts, paces, request_id, facts, now_s)
                except Away as cause:
                    self._trip(cause)
            known = [self._mirror.read(name_of(part.counter)) for part in parts]
            return self._alone.hold(parts, known, paces, self._machines(), request_id, facts, now_s)

    def _hold_there(
        self, parts: Sequence[Part], paces: Sequence[Pace], request_id: str, facts: bytes, now_s: float
    ) -> Hold | Short | TooFast:
        self._serial += 1
        shares = [(name_of(part.counter), part.amount, part.likely) for part in parts]
        record = encode(KeptHold(request_id, facts, shares))
        arguments: list[str | bytes | int] = [
            self._owner, self._epoch, self._serial, record, int(now_s), len(parts)
        ]  # fmt: skip
        for part, (name, _, _) in zip(parts, shares, strict=True):
            ttl_s = max(int(part.counter.expires_s - now_s), 0) + _KEEP_S
            arguments += (name, part.amount, part.limit, part.margin, part.counter.expires_s, ttl_s)
        for limit in paces:
            arguments += (name_of(limit.counter), limit.limit)
        word, *rest = texts(self._remote.run(scripts.HOLD, arguments))
        if word == "P":
            return _too_fast(int(float(rest[0])), rest[1:], now_s, paces)
        if word not in ("H", "S"):
            raise Away("its amounts are gone" if word == "E" else "this process was thought dead")
        readings = tuple(
            Reading(int(spent), int(held)) for spent, held in zip(rest[::2], rest[1::2], strict=True)
        )
        for part, reading in zip(parts, readings, strict=True):
            self._mirror.learn(name_of(part.counter), reading, part.counter.expires_s)
        if word == "S":
            return Short(readings)
        self._open[self._serial] = _Open(parts, record, time.monotonic() + self._lease_s)
        self._mirror.change(parts, held=1)
        return Hold(0, self._serial, tuple(parts), any(map(_is_tight, parts, readings)))

    def settle(self, hold: Hold, amounts: Sequence[int]) -> bool:
        """See `Counters.settle`."""
        if hold.place:
            return self._alone.settle(hold, amounts)
        with self._lock:
            opened = self._open.pop(hold.serial, None)
            if opened is None:
                return False
            sent = not self._away
            self._mirror.change(opened.parts, held=-1, spent=amounts)
            if sent:
                try:
                    return self._settle_there(self._owner, hold.serial, opened.parts, amounts)
                except Away as cause:
                    self._trip(cause)
            self._late[hold.serial] = _Late(opened, amounts, sent)
            return True

    def refund(self, hold: Hold) -> bool:
        """See `Counters.refund`."""
        return self.settle(hold, [0] * len(hold.parts))

    def _settle_there(self, owner: str, serial: int, parts: Sequence[Part], amounts: Sequence[int]) -> bool:
        shares = [(name_of(part.counter), part.amount) for part in parts]
        return self._release(owner, serial, "", shares, amounts)

    def _release(
        self, owner: str, serial: int, lost: str, shares: Sequence[tuple[str, int]], amounts: Sequence[int]
    ) -> bool:
        """Settle any owner's hold. lost: the field under which it waits to be written down, empty if it need not."""
        arguments: list[str | bytes | int] = [owner, serial, lost]
        for (name, held), spent in zip(shares, amounts, strict=True):
            arguments += (name, -held, spent)
        return self._remote.run(scripts.SETTLE, arguments) == [1]

    def read(self, counters: Sequence[Counter]) -> list[Reading]:
        """See `Counters.read`; while this machine counts alone: what was last known, and its own since then."""
        names = [name_of(counter) for counter in counters]
        with self._lock:
            if names and not self._away:
                try:
                    rest = texts(self._remote.run(scripts.READ, names))
                    return [Reading(int(s), int(h)) for s, h in zip(rest[::2], rest[1::2], strict=True)]
                except Away as cause:
                    self._trip(cause)
            return self._alone.read(counters, [self._mirror.read(name) for name in names])

    # ------------------------------------------------------------ breaker and beat

    def _trip(self, cause: Away) -> None:
        self._away = True
        if not self._said_away:
            self._said_away = True
            _log.error("Valkey does not answer, this machine holds limits alone: %s", cause)
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(_KNOCK_S if self._away else _BEAT_S)
            if self._wake.is_set():
                self._wake.clear()
                self._stop.wait(_KNOCK_S)
            try:
                self.beat()
            except Exception:  # noqa: BLE001 - border of the thread: it must live as long as the process
                _log.exception("the beat of the limits failed")

    def beat(self) -> None:
        """Give a sign of life, learn what changed, pay debts; after an outage, join again. From any thread."""
        with self._turn:
            try:
                if self._away and not self._rejoin():
                    return
                self._refresh()
                self._pay(book=True)
            except Away as cause:
                with self._lock:
                    self._trip(cause)
                return
            with self._lock:
                if self._away:
                    self._away = False
                    if self._said_away:
                        self._said_away = False
                        _log.warning("Valkey answers again, limits are held together")

    def _refresh(self) -> None:
        more = True
        while more:
            ready, version, ages, since, news = self._remote.run(
                scripts.BEAT, (self._owner, self._since, _PAGE)
            )
            if text(ready) != self._ready:
                raise Away("it was emptied")
            names = texts(ages)
            self._ages = {owner: int(age) for owner, age in zip(names[::2], names[1::2], strict=True)}
            rows = [texts(row) for row in as_list(news)]
            with self._lock:
                for name, spent, held, expires in rows:
                    self._mirror.learn(name, Reading(int(spent), int(held)), int(expires))
            self._version, self._since = int(text(version)), text(since)
            more = len(rows) == _PAGE

    def _rejoin(self) -> bool:
        """Make certain what is there of this process; False while Valkey holds no amounts at all."""
        self._epoch += 1
        ready, version, records = self._remote.run(scripts.REJOIN, (self._owner, self._epoch))
        if not text(ready):
            self.needs_rebuild = True
            return False
        is_new = bool(self._ready) and text(ready) != self._ready
        forgot = is_new or int(text(version)) < self._version
        pairs = as_list(records)
        there = {
            int(text(serial)): raw(record) for serial, record in zip(pairs[::2], pairs[1::2], strict=True)
        }
        with self._lock:
            self._reconcile(there, forgot)
            if forgot:
                self._fill()
        self._ready, self._since = text(ready), "0"
        self.needs_rebuild = False
        return True

    def _reconcile(self, there: dict[int, bytes], forgot: bool) -> None:
        """there: what Valkey has of this process. forgot: it lost its newest writes; else, what is missing was ended."""
        for serial, record in there.items():
            if serial not in self._open and serial not in self._late:
                shares = [(name, held) for name, held, _ in decode(record).parts]
                self._release(self._owner, serial, "", shares, [0] * len(shares))
        for serial, opened in list(self._open.items()):
            if serial not in there:
                if forgot:
                    self._restore(serial, opened)
                else:
                    del self._open[serial]
        for serial, late in list(self._late.items()):
            if serial not in there and forgot and not late.sent:
                self._restore(serial, late.opened)
            self._settle_there(self._owner, serial, late.opened.parts, late.amounts)
            del self._late[serial]

    def _fill(self) -> None:
        """Valkey must show at least what this process knows to be spent, here and there; debts count as booked then."""
        debts = {name_of(counter): amount for counter, amount in self._alone.unpaid().items()}
        known = [(name, spent + debts.pop(name, 0), end) for name, spent, end in self._mirror.all()]
        self._raise("most", known + [(name, amount, 0) for name, amount in debts.items()])
        self._alone.untell()
        self._pay(book=False)

    def _restore(self, serial: int, opened: _Open) -> None:
        arguments: list[str | bytes | int] = [self._owner, serial, opened.record]
        for part in opened.parts:
            arguments += (name_of(part.counter), part.amount)
        self._remote.run(scripts.RESTORE, arguments)

    def _pay(self, *, book: bool) -> None:
        """Tell Valkey what this machine spent and still holds alone; it knows how much of that it has booked."""
        for page in _pages(self._alone.debts()):
            arguments: list[str | bytes | int] = [self._machine, int(book)]
            for counter, reading in page:
                arguments += (name_of(counter), reading.spent, reading.held)
            self._remote.run(scripts.PAY, arguments)
            self._alone.told(page)

    def _raise(self, how: str, spent: Sequence[tuple[str, int, int]]) -> None:
        for page in _pages(spent):
            arguments: list[str | bytes | int] = [how]
            for name, amount, expires_s in page:
                arguments += (name, amount, expires_s, _KEEP_S)
            self._remote.run(scripts.RAISE, arguments)

    # ------------------------------------------------------------ the dead

    def recover(self) -> list[LostHold]:
        """See `Counters.recover`. On this machine a lock proves who lives; others are dead after `LIFE_MS`."""
        lost = self._alone.recover()
        if self._away:
            return lost
        try:
            for owner, age in list(self._ages.items()):
                if owner != self._owner and self._is_dead(owner, age):
                    self._book_all(owner)
            self._book_overdue()
            self._lost = dict(enumerate(sorted(self._remote.lost())))
            waiting = self._remote.lost()
        except Away as cause:
            with self._lock:
                self._trip(cause)
            return lost
        for number, place in self._lost.items():
            if place in waiting:
                record = decode(waiting[place])
                lost.append(LostHold(record.request_id, record.facts, 0, number))
        return lost

    def _is_dead(self, owner: str, age_ms: int) -> bool:
        machine, _, token = owner.partition(":")
        if machine == self._machine:
            return not self._alone.lives(int(token, 16))
        return age_ms > LIFE_MS

    def _book_all(self, owner: str) -> None:
        for serial, record in self._remote.open_holds(owner).items():
            self._book_lost(owner, int(serial), record)
        self._remote.run(scripts.LEAVE, (owner,))

    def _book_overdue(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            overdue = [(serial, opened) for serial, opened in self._open.items() if opened.until_s < now_s]
            for serial, opened in overdue:
                del self._open[serial]
                self._book_lost(self._owner, serial, opened.record)

    def _book_lost(self, owner: str, serial: int, record: bytes) -> None:
        parts = decode(record).parts
        shares = [(name, held) for name, held, _ in parts]
        self._release(owner, serial, f"{owner}/{serial}", shares, [likely for _, _, likely in parts])

    def forget(self, lost: Iterable[LostHold]) -> None:
        """See `Counters.forget`."""
        holds = list(lost)
        self._alone.forget(hold for hold in holds if hold.place)
        fields = [self._lost[hold.serial] for hold in holds if not hold.place and hold.serial in self._lost]
        if fields:
            try:
                self._remote.forget(fields)
            except Away as cause:  # they come again; the journal keeps the first record of an id
                with self._lock:
                    self._trip(cause)

    # ------------------------------------------------------------ whole states

    def rebuild(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """See `Counters.rebuild`; amounts only grow by it, since several machines may do it at once."""
        rows = list(spent)
        self.needs_rebuild = False
        try:
            with self._turn, self._lock:
                self._raise(
                    "most", [(name_of(counter), amount, counter.expires_s) for counter, amount in rows]
                )
                self._fill()
                self._remote.make_ready(secrets.token_hex(8))
        except Away as cause:
            with self._lock:
                self._mirror.raise_to(rows)
                self._trip(cause)
            return
        self.beat()

    def seed(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """See `Counters.seed`."""
        rows = list(spent)
        with self._lock:
            self._mirror.raise_to(
                (counter, amount) for counter, amount in rows if not self._mirror.knows(counter)
            )
            if self._away:
                return
        try:
            self._raise("new", [(name_of(counter), amount, counter.expires_s) for counter, amount in rows])
        except Away as cause:
            with self._lock:
                self._trip(cause)

    def loose(self, counters: Sequence[Counter], *, release: bool = False) -> list[int]:
        """See `Counters.loose`; nothing can be told while this machine counts alone, or sends what it owes."""
        nothing = [0] * len(counters)
        with self._turn, self._lock:
            if self._away or self._late or not counters:
                return nothing
            try:
                return loose(self._remote, [name_of(each) for each in counters], release=release)
            except Away as cause:
                self._trip(cause)
                return nothing

    def sweep(self, now_s: float, most: int = 64) -> int:
        """See `Counters.sweep`; in Valkey, counters end by themselves."""
        with self._lock:
            self._mirror.prune(now_s)
        return self._alone.sweep(now_s, most)

    def close(self) -> None:
        """See `Counters.close`."""
        self._stop.set()
        self._wake.set()
        self._thread.join(5)
        try:
            if not self._away:
                self._remote.run(scripts.LEAVE, (self._owner,))
        except Away as cause:
            _log.warning("Valkey was not told that this process ends: %s", cause)
        self._remote.close()
        self._alone.close()


def _is_tight(part: Part, reading: Reading) -> bool:
    return part.amount > 0 and part.limit - reading.spent - reading.held < (TIGHT + 1) * part.amount


def _too_fast(index: int, buckets: Sequence[str], now_s: float, paces: Sequence[Pace]) -> TooFast:
    packed = [pace.packed(*map(int, bucket.split(":"))) for bucket in buckets]
    return TooFast(index, pace.wait_s(packed, now_s, paces[index].limit))


def _pages(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _PAGE):
        yield rows[start : start + _PAGE]
