"""The leak watch: what is kept, what the night finds in it, what people decide; on both databases."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from leitstand.configuration.leak_watch import LeakWatch as Settings
from leitstand.core.clock import Clock
from leitstand.core.conversation import Masked, Message, Prompt, Text
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.events import Events
from leitstand.core.sealing import Sealer
from leitstand.journal.records import Record
from leitstand.privacy.leaks.recheck import recheck
from leitstand.privacy.leaks.repository import LeakRows
from leitstand.privacy.leaks.values import Certainty, LeakFound, Sent, State
from leitstand.privacy.leaks.watch import LeakWatch
from leitstand.privacy.mask import mask, scan
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.repository import VaultRows
from leitstand.privacy.scan import Scanner
from leitstand.privacy.tagger import tagger
from leitstand.privacy.vault import Vault
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate

STRICT = Scanner(tagger=tagger())
RULES = Scanner()
_DAY_S = 86_400.0


class Days(Clock):
    """Time that tests move."""

    now_s = 1_800_000_000.0

    def time(self) -> float:
        return self.now_s

    def time_us(self) -> int:
        return int(self.now_s * 1_000_000)


@dataclass
class Post:
    """A watch over a database. said, notes: events and records."""

    engine: Engine
    clock: Days = field(default_factory=Days)
    settings: Settings = field(default_factory=lambda: Settings(sample_percent=Decimal(100)))
    said: list[LeakFound] = field(default_factory=list)
    notes: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        events, sealer = Events(), Sealer(b"k" * 32)
        events.subscribe(LeakFound, self.said.append)
        self.vault = Vault(VaultRows(self.engine), sealer, b"p" * 32, self.clock, self.notes.append)
        self.watch = LeakWatch(
            LeakRows(self.engine), sealer, self.vault, self.clock, events, self.notes.append, lambda: self.settings,
            lambda: datetime.fromtimestamp(self.clock.now_s, UTC),
        )  # fmt: skip

    def send(self, said: str, number: int = 1, scanner: Scanner = STRICT, scope: str = "") -> Sent:
        """A request as the gateway sends it, masked with what the scanner finds."""
        scanned = scan(Prompt("chat", "m", (Message("user", (Text(said),)),)), scanner)
        masked, mapping = self.vault.mask(scope, scanned) if scope else mask(scanned)
        return self.raw(masked, mapping, number, scope)

    def raw(self, masked: Masked, mapping: Mapping, number: int = 1, scope: str = "") -> Sent:
        return Sent(
            f"req_{number}", self.clock.time_us(), masked, mapping, "vertrieb", "angebote", "openai-eu", scope
        )

    def night(self) -> int:
        return self.watch.look(self.watch.waiting(1000), STRICT)


@pytest.fixture
def post(tmp_path: Path, database: str) -> Iterator[Post]:
    engine = open_engine(tmp_path)
    migrate(engine)
    yield Post(engine)
    engine.dispose()


def test_what_a_weakened_detector_let_through_is_found_at_night(post: Post) -> None:
    post.watch.keep(post.send("bitte den hallmeier anrufen, der weiss bescheid", scanner=RULES))
    assert post.night() == 1
    (finding,) = post.watch.findings(10)
    assert finding.shown is not None
    assert (finding.shown.words, finding.type, finding.certainty) == ("hallmeier", "PERSON", Certainty.LIKELY)
    assert (finding.request_id, finding.provider, finding.state) == ("req_1", "openai-eu", State.OPEN)
    assert [event.finding.id for event in post.said] == [finding.id]
    (record,) = [note for note in post.notes if note.kind == "privacy.leak.found"]
    assert record.detail == {"request": "req_1", "type": "PERSON", "certainty": "likely"}


def test_a_value_of_the_clients_file_is_certain_whatever_detectors_think(post: Post) -> None:
    post.vault.mask("akte-1", scan(_prompt("Herr Anton Zwick hat Vertrag 55-AB-9."), STRICT))
    gone = Masked(_prompt("Die Zwick bekommt eine Gutschrift."))
    post.watch.keep(post.raw(gone, Mapping(), scope="akte-1"))
    post.night()
    found = post.watch.findings(10)
    assert [(one.certainty, one.shown and one.shown.words) for one in found] == [(Certainty.CERTAIN, "Zwick")]


def test_an_account_of_another_file_is_certain_and_its_surnames_are_not(post: Post) -> None:
    post.vault.mask("akte-2", scan(_prompt("Herr Klein, Konto DE89 3704 0044 0532 0130 00."), STRICT))
    post.watch.keep(post.raw(Masked(_prompt("Klein, aber DE89 3704 0044 0532 0130 00 stimmt.")), Mapping()))
    post.night()
    found = post.watch.findings(10)
    assert [one.type for one in found if one.certainty is Certainty.CERTAIN] == ["Konto"]


def test_an_original_of_the_request_itself_that_still_stands_in_it_is_certain(post: Post) -> None:
    mapping = Mapping.from_entries([("Kennung_001", "PX-88120-77")])
    post.watch.keep(post.raw(Masked(_prompt("Kennung_001 heißt intern PX-88120-77.")), mapping))
    post.night()
    assert [one.certainty for one in post.watch.findings(10)] == [Certainty.CERTAIN]


@pytest.mark.parametrize(
    "clean",
    [
        "Bitte prüfen Sie das Angebot für Frau Sommerfeld, Lindenstraße 12, 70173 Stuttgart, bis Freitag.",
        "Drehmoment M8 nach DIN 912: 25 Nm. Die Pumpe HP-40 kostet 4.320,00 € netto, Lieferzeit drei Wochen.",
        "Herr Koch fragt, ob der Koch in der Kantine am Montag da ist.\nMit freundlichen Grüßen\nAnna Berger",
    ],
)
def test_nothing_is_found_where_all_was_masked(post: Post, clean: str) -> None:
    post.watch.keep(post.send(clean))
    assert post.night() == 0
    assert post.watch.counts() == (1, 1, 0)


def test_a_sample_is_looked_at_once_and_a_night_that_was_killed_finds_nothing_twice(post: Post) -> None:
    post.watch.keep(post.send("bitte den hallmeier anrufen", scanner=RULES))
    waiting = post.watch.waiting(10)
    assert post.watch.look(waiting, STRICT) == 1
    assert post.watch.look(waiting, STRICT) == 0  # the step was not noted and is played again
    assert post.watch.waiting(10) == []
    assert len(post.said) == 1


def test_samples_are_sealed_and_gone_after_their_days_the_proof_stays(post: Post) -> None:
    post.watch.keep(post.send("bitte den hallmeier anrufen", scanner=RULES))
    post.night()
    with post.engine.connect() as connection:
        bodies = [
            bytes(row.body)
            for table in ("leak_sample", "leak_finding")
            for row in connection.execute(text(f"select body from {table}"))
        ]
    assert len(bodies) == 2
    assert not [body for body in bodies if b"hallmeier" in body]
    post.clock.now_s += 8 * _DAY_S
    assert post.watch.remove_expired() == 1
    (finding,) = post.watch.findings(10)
    assert (finding.shown, finding.type) == (None, "PERSON")


def test_the_share_is_kept_by_the_number_of_the_request_and_a_day_has_an_end(post: Post) -> None:
    post.settings = Settings(sample_percent=Decimal(10), most_per_day=3)
    chosen = [number for number in range(2000) if post.watch.is_chosen(f"req_{number}")]
    assert 150 < len(chosen) < 250
    assert [post.watch.keep(post.send("ein Satz", number)) for number in range(4)] == [
        True,
        True,
        True,
        False,
    ]
    post.clock.now_s += _DAY_S
    assert post.watch.keep(post.send("ein Satz", 5))
    post.settings = Settings(sample_percent=Decimal(0))
    assert not [number for number in range(2000) if post.watch.is_chosen(f"req_{number}")]


def test_no_request_waits_for_the_sample(post: Post) -> None:
    for number in range(300):
        post.watch.on_sent(post.send("ein Satz", number))
    stop = threading.Event()
    keeper = threading.Thread(target=post.watch.run, args=(stop,))
    keeper.start()
    while post.watch.counts()[0] < 100:
        assert keeper.is_alive()
    stop.set()
    keeper.join(10)
    assert post.watch.counts()[0] == 100  # what did not fit was dropped


def test_a_decision_is_made_once_and_stands_in_the_journal(post: Post) -> None:
    post.watch.keep(post.send("bitte den hallmeier anrufen", scanner=RULES))
    post.night()
    (finding,) = post.watch.findings(10)
    post.watch.decide(finding.id, State.CONFIRMED, "petra", "Tabelle")
    (decided,) = post.watch.findings(10)
    assert (decided.state, decided.decided_by, decided.note) == (State.CONFIRMED, "petra", "Tabelle")
    assert post.notes[-1].kind == "privacy.leak.confirmed"
    with pytest.raises(InvalidRequest):
        post.watch.decide(finding.id, State.DISMISSED, "jonas", "")
    with pytest.raises(NotFound):
        post.watch.decide("leak_0", State.DISMISSED, "jonas", "")


def test_placeholders_and_names_that_may_stay_are_no_finds() -> None:
    texts = ("Frau Person_001, Adresse_002, schreibt an die Musterwerk GmbH in Angebot Nr. 5.",)
    assert recheck(texts, (), Scanner(["Musterwerk GmbH"], tagger=tagger())) == []


def _prompt(said: str) -> Prompt:
    return Prompt("chat", "m", (Message("user", (Text(said),)),))
