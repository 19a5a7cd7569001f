"""Access tokens of a service account: signed as Google's own library verifies, cached, fetched one at a time."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from canned_server import answer, canned
from google.auth import jwt
from google_kit import EMAIL, PUBLIC_PEM, Line, key_file, vertex_target

from leitstand.core.classes import Region
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.providers.access_tokens import AccessTokens
from leitstand.providers.adapters.vertex import _model_url
from leitstand.providers.base import Target
from leitstand.providers.faults import UpstreamFault
from leitstand.providers.google_account import read_account

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

PROMPT = Prompt("chat", "m", (Message("user", (Text("echo: ja"),)),))


class Clock:
    """A clock that is moved forward at will."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return self.ahead_s


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(simulator: Simulator) -> None:
    for name in ("google", "konto"):
        simulator.reset(name)
    simulator.configure("google", api_key="ya29.simulator")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def line(clock: Clock) -> AsyncIterator[Line]:
    made = Line(AccessTokens(clock))
    yield made
    await made.pool.close()


def _target(simulator: Simulator, **change: str) -> Target:
    return vertex_target(simulator.root("google"), key_file(simulator.root("konto"), **change))


async def test_the_assertion_is_what_googles_own_library_accepts(simulator: Simulator, line: Line) -> None:
    await line.ask(PROMPT, _target(simulator))
    (asked,) = simulator.log("konto")
    form = parse_qs(asked["body"])
    claims = jwt.decode(form["assertion"][0], certs=PUBLIC_PEM, audience=f"{simulator.root('konto')}/token")
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert claims["exp"] - claims["iat"] == 3600
    (sent,) = simulator.log("google")
    assert sent["path"] == (
        "/google/v1/projects/musterwerk-ki/locations/europe-west3/publishers/google/models/"
        "gemini-3.8-flash:generateContent"
    )


async def test_a_token_serves_until_shortly_before_it_ends(
    simulator: Simulator, line: Line, clock: Clock
) -> None:
    for ahead_s, fetched in ((0, 1), (3290, 1), (3310, 2)):
        clock.ahead_s = ahead_s
        await line.ask(PROMPT, _target(simulator))
        assert simulator.summary("konto")["requests"] == fetched


async def test_many_at_once_fetch_one_token(simulator: Simulator, line: Line) -> None:
    await asyncio.gather(*(line.ask(PROMPT, _target(simulator)) for _ in range(20)))
    assert simulator.summary("konto")["requests"] == 1
    assert simulator.summary("google")["outcomes"] == {"answered": 20}


async def test_another_request_fetches_when_the_first_is_cancelled(simulator: Simulator, line: Line) -> None:
    simulator.faults("konto", {"fault": "hang_before_headers", "times": None})
    first = asyncio.create_task(line.ask(PROMPT, _target(simulator)))
    await asyncio.to_thread(simulator.log, "konto", arrived=1)
    second = asyncio.create_task(line.ask(PROMPT, _target(simulator)))
    await asyncio.to_thread(simulator.faults, "konto")
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert simulator.summary("konto")["requests"] == 2


async def test_a_failure_is_shared_and_costs_nothing(simulator: Simulator, line: Line) -> None:
    simulator.faults("konto", {"fault": "unauthorized", "times": None})
    results = await asyncio.gather(
        *(line.ask(PROMPT, _target(simulator)) for _ in range(5)), return_exceptions=True
    )
    assert {(fault.kind, fault.sent) for fault in results if isinstance(fault, UpstreamFault)} == {
        ("auth", False)
    }
    assert all("Invalid JWT Signature" in str(fault) for fault in results)
    assert simulator.summary("konto")["requests"] == 1
    assert simulator.summary("google")["requests"] == 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("server_error", "server"), ("rate_limit", "rate_limited"), ("refused_connection", "connect"),
     ("hang_before_headers", "timeout_first"), ("html_body", "malformed")],
)  # fmt: skip
async def test_a_broken_token_endpoint_is_named_and_nothing_was_sent(
    simulator: Simulator, line: Line, fault: str, kind: str
) -> None:
    simulator.faults("konto", {"fault": fault, "times": None})
    with pytest.raises(UpstreamFault) as caught:
        await line.ask(PROMPT, _target(simulator))
    assert (caught.value.kind, caught.value.sent) == (kind, False)


async def test_a_remembered_token_that_is_refused_is_replaced_once(simulator: Simulator, line: Line) -> None:
    await line.ask(PROMPT, _target(simulator))
    simulator.faults("google", "unauthorized")
    assert await line.ask(PROMPT, _target(simulator))
    assert simulator.summary("konto")["requests"] == 2
    simulator.faults("google", {"fault": "unauthorized", "times": None})
    with pytest.raises(UpstreamFault) as caught:
        await line.ask(PROMPT, _target(simulator))
    assert caught.value.kind == "auth"
    assert simulator.summary("google")["requests"] == 5


async def test_a_ready_made_token_is_taken_as_it_is(simulator: Simulator, line: Line) -> None:
    target = vertex_target(simulator.root("google"), "ya29.simulator")
    target = Target(**{**vars(target), "options": (*target.options, ("project", "p-1"))})
    assert await line.ask(PROMPT, target)
    assert simulator.summary("konto")["requests"] == 0


@pytest.mark.parametrize(
    "change", [{"private_key": "kaputt"}, {"type": "authorized_user"}, {"client_email": None}]
)
async def test_a_key_file_that_is_none_is_a_wrong_key_and_stays_secret(
    simulator: Simulator, line: Line, change: dict[str, str]
) -> None:
    target = _target(simulator, **change)
    with pytest.raises(UpstreamFault) as caught:
        await line.ask(PROMPT, target)
    assert (caught.value.kind, caught.value.sent) == ("auth", False)
    assert "PRIVATE" not in f"{caught.value!r} {target!r} {caught.value.__cause__!r}"
    assert simulator.summary("google")["requests"] == 0


@pytest.mark.parametrize("token", ["ya29.c.geheim-4711", "andere-form-4711"])
async def test_neither_key_nor_token_is_ever_shown(line: Line, token: str) -> None:
    body = b'{"error":{"code":403,"message":"%b may not","status":"PERMISSION_DENIED"}}' % token.encode()
    granted = b'{"access_token":"%b","expires_in":"3599"}' % token.encode()
    async with canned(answer(granted)) as account, canned(answer(body, 403)) as server:
        target = vertex_target(server.url.removesuffix("/v1"), key_file(account.url))
        with pytest.raises(UpstreamFault) as caught:
            await line.ask(PROMPT, target)
        assert f"Bearer {token}".encode() in server.requests[0]
        assert b"PRIVATE KEY" not in server.requests[0] + account.requests[0]
    assert "4711" not in f"{caught.value} {caught.value!r}"
    assert "PRIVATE" not in repr(read_account(target.secret))


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("europe-west3", "europe-west3-aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
    ],
)
def test_a_location_has_its_own_address(location: str, host: str) -> None:
    target = Target(
        "g", "vertex", "gemini-3.8-flash", Region.EU, secret=key_file("http://x"),
        options=(("location", location), ("project", "anderes")),
    )  # fmt: skip
    assert _model_url(target) == (
        f"https://{host}/v1/projects/anderes/locations/{location}/publishers/google/models/gemini-3.8-flash"
    )


@pytest.mark.parametrize("options", [(), (("location", "eu"),)])
def test_without_place_or_project_nothing_is_sent(options: tuple[tuple[str, str], ...]) -> None:
    secret = json.dumps({**json.loads(key_file("http://x")), "project_id": ""})
    target = Target("g", "vertex", "m", Region.EU, secret=secret, options=options)
    with pytest.raises(UpstreamFault) as caught:
        _model_url(target)
    assert (caught.value.kind, caught.value.sent) == ("auth", False)
