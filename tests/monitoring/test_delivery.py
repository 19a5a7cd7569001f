"""Delivery: at least once over restarts and beside other processes, no channel held up by another, nobody left untold."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alert_kit import BERLIN, HandClock, World
from receivers import Hook, hook, mail_server

from leitstand.configuration.alerts import AlertRoute
from leitstand.configuration.channels import AlertChannel, Mail
from leitstand.monitoring.delivery import Delivery, Ways
from leitstand.monitoring.notifiers import email
from leitstand.monitoring.routes import ConfiguredRoutes
from leitstand.monitoring.shelves import load_notifiers
from leitstand.monitoring.wording import Wording
from support.house import wait_until

NOTIFIERS = load_notifiers()
NIGHT, OPENS = "2026-11-18T03:00", "2026-11-18T07:00"


class Desk:
    """A world whose notices are really delivered. Each `process` is a delivery of its own on the same database."""

    def __init__(self, folder: Path, channels: list[AlertChannel], mail: Mail | None = None) -> None:
        self.world = World(
            folder, HandClock("2026-11-18T10:00"), channels={each.name: each for each in channels}
        )
        self.world.gathering = frozenset({each.name for each in channels if each.kind == "email"})
        self.mail = mail
        self.process = self.new_process()

    def new_process(self) -> Delivery:
        self.process = Delivery(self.world.rows, NOTIFIERS, self.ways, self.world.clock)
        return self.process

    def ways(self) -> Ways:
        routes = ConfiguredRoutes(self.world.channels, self.world.routes)
        opens = int(datetime.fromisoformat(OPENS).replace(tzinfo=BERLIN).timestamp() * 1_000_000)
        return Ways(
            self.world.channels, routes.others, lambda now_us: max(now_us, opens),
            lambda each: {"url": each.url} if each.url else {}, Wording({}, {}, "de", BERLIN, ""), "de", self.mail,
        )  # fmt: skip

    def deliver(self, minutes: float = 0.0, *, every_s: float = 5.0) -> None:
        end = self.world.clock.now_s + minutes * 60
        while True:
            self.process.round()
            assert self.process.settle(10)
            if self.world.clock.now_s >= end:
                return
            self.world.clock.forward(every_s)

    def states(self) -> dict[str, str]:
        return {each.notice.id.partition("/")[2]: each.state for each in self.world.rows.deliveries()}


def web(name: str, receiver: Hook) -> AlertChannel:
    return AlertChannel(name=name, kind="webhook", url=receiver.url)


Make = Callable[..., Desk]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Desk] = []

    def new(*wish: Any) -> Desk:
        made.append(Desk(tmp_path, *wish))
        return made[-1]

    yield new
    for each in made:
        each.process.settle(10)
        each.world.engine.dispose()


@pytest.fixture
def hooks() -> Iterator[Callable[..., Hook]]:
    with ExitStack() as stack:
        yield lambda status=200: stack.enter_context(hook(status))


def test_a_receiver_that_fails_is_tried_again_in_growing_pauses_and_given_up_after_a_day(
    make: Make, hooks: Callable[..., Hook]
) -> None:
    receiver = hooks(503)
    desk = make([web("hook", receiver)])
    desk.world.break_("down")
    desk.world.run(1)
    desk.deliver(5)
    assert 4 <= len(receiver.calls) <= 7
    assert desk.process.failing == {"hook": "HTTP 503"}
    desk.deliver(26 * 60, every_s=300)
    assert desk.states() == {"firing/critical/hook": "failed"}
    receiver.status = 200
    desk.world.mend("down")
    desk.world.run(3)
    desk.deliver(11, every_s=30)
    assert receiver.calls[-1].body["state"] == "resolved"
    assert desk.process.failing == {}


def test_a_full_queue_behind_a_dead_receiver_does_not_make_its_pauses_shorter(
    make: Make, hooks: Callable[..., Hook]
) -> None:
    dead, well = hooks(503), hooks()
    desk = make([web("dead", dead), web("well", well)])
    for number in range(120):
        desk.world.break_("down", f"p{number}")
    desk.world.run(1)
    desk.deliver(10)
    assert len({call.headers["x-leitstand-id"] for call in well.calls}) == 120
    assert len(dead.calls) < 10


def test_the_others_are_told_in_place_of_a_channel_that_fails_but_people_not_of_warnings_at_night(
    make: Make, hooks: Callable[..., Hook]
) -> None:
    dead, spare = hooks(503), hooks()
    with mail_server() as post:
        server = Mail(host="127.0.0.1", port=post.port, security="none", sender="l@firma.example")
        mail = AlertChannel(name="mail", kind="email", to=("it@firma.example",))
        desk = make([web("dead", dead), web("spare", spare), mail], server)
        desk.world.routes = {"all": AlertRoute(name="all", channels=("dead",))}
        desk.world.clock.set(NIGHT)
        desk.world.break_("odd")
        desk.world.run(2)
        desk.deliver(1)
        assert [call.body["rule"] for call in spare.calls] == ["odd"]
        assert post.mails == []
        desk.world.break_("down")
        desk.world.run(1)
        desk.deliver(11, every_s=30)
        assert [call.body["rule"] for call in spare.calls] == ["odd", "down"]
        assert len(post.mails) == 1
        desk.world.clock.set(OPENS)
        desk.deliver(1)
        assert len(post.mails) == 2
        desk.world.mend("down")
        desk.world.mend("odd")
        desk.world.run(3)
        desk.deliver(1)
    assert [call.body["state"] for call in spare.calls].count("resolved") == 2, (
        "who knows of it hears of its end"
    )


def test_a_wrong_address_is_not_tried_again_and_the_others_are_told_at_once(
    make: Make, hooks: Callable[..., Hook]
) -> None:
    wrong, spare = hooks(404), hooks()
    desk = make([web("wrong", wrong), web("spare", spare)])
    desk.world.routes = {"all": AlertRoute(name="all", channels=("wrong",))}
    desk.world.break_("down")
    desk.world.run(1)
    desk.deliver(2)
    assert (len(wrong.calls), len(spare.calls)) == (1, 1)
    assert desk.process.failing == {"wrong": "HTTP 404"}


_FROZEN = """
import socket, sys
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
while True:
    listening.accept()[0].sendall(b"220 here\\r\\n")
"""


def test_a_stopped_mail_server_holds_up_no_other_channel(
    make: Make, hooks: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "TIMEOUT_S", 3.0)
    server = subprocess.Popen([sys.executable, "-c", _FROZEN], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        os.kill(server.pid, signal.SIGSTOP)
        mail = AlertChannel(name="mail", kind="email", to=("it@firma.example",))
        well = hooks()
        given = Mail(host="127.0.0.1", port=port, security="none", sender="l@firma.example")
        desk = make([mail, web("well", well)], given)
        for number in range(3):
            desk.world.break_("down", f"p{number}")
            desk.world.run(1)
            desk.process.round()
            wait_until(lambda count=number + 1: len(well.calls) == count, 2)
        assert not desk.process.settle(0), "the mail server still holds its own channel up"
        assert desk.process.settle(10)
        assert "timed out" in desk.process.failing["mail"]
        assert desk.states()["firing/critical/mail"] == "waiting"
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def test_what_was_on_its_way_when_a_process_died_is_delivered_by_the_next_under_the_same_id(
    database: str, make: Make, hooks: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = hooks()
    desk = make([web("hook", receiver)])
    desk.world.break_("down")
    desk.world.run(1)
    with monkeypatch.context() as killed:  # after the answer, before it is written down
        killed.setattr(
            type(desk.world.rows), "sent", lambda *_: (_ for _ in ()).throw(RuntimeError("killed"))
        )
        desk.process.round()
        desk.process.settle(5)
    desk.new_process()
    desk.deliver(1)
    desk.new_process()
    desk.deliver(1)
    ids = [call.headers["x-leitstand-id"] for call in receiver.calls]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert desk.states() == {"firing/critical/hook": "sent"}


def test_a_test_reaches_a_channel_whatever_its_state(make: Make, hooks: Callable[..., Hook]) -> None:
    receiver = hooks()
    desk = make([web("hook", receiver)])
    desk.process.test(desk.ways(), "hook")
    assert receiver.calls[0].body["rule"] == "test"
    assert "Probe" in receiver.calls[0].body["title"]


def test_a_channels_state_is_known_after_a_restart(
    database: str, make: Make, hooks: Callable[..., Hook]
) -> None:
    receiver = hooks(503)
    desk = make([web("hook", receiver)])
    desk.world.break_("down")
    desk.world.run(1)
    desk.deliver(1)
    state = desk.world.rows.channels(0)["hook"]
    assert (state.waiting, state.given_up, state.error, state.sent_us) == (1, 0, "HTTP 503", None)
    assert state.failing_since_us is not None
