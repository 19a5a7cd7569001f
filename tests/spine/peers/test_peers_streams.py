"""Providers that fail: cut, stalled and silent ones, and what the client hears of it."""

import time
from typing import Any

import pytest

from spine.peers.peer_desk import Desk, timed
from support.answers import EVERY_PATH

SIXTY = "count: 60"
WORDS = " ".join(f"w{number}" for number in range(1, 61))
PATIENCE_S = 1.0  # connect and first token of an impatient provider
MARGIN_S = 2.0  # what a busy machine takes on top


def always(fault: str, model: str = "", **more: Any) -> dict[str, Any]:
    """A line of a script that never ends, for one of our models or for all."""
    return {"fault": fault, "times": None, **({"model": f"{model}-upstream"} if model else {}), **more}


@pytest.fixture(scope="module")
def key(built: Desk) -> str:
    return built.key()["key"]


@pytest.mark.parametrize("after", [0, 40, 59])
@pytest.mark.parametrize("provider", ["openai-eu", "anthropic-eu"])
@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_19_a_cut_stream_never_ends_as_if_it_were_whole(
    desk: Desk, key: str, dialect: str, provider: str, after: int
) -> None:
    """A provider's connection broke after 40 of 60 tokens, and the client saw a clean end."""
    model = desk.model(f"cut-{provider}-{dialect}-{after}", provider)
    desk.simulator.faults(provider, always("cut_stream", model, after_tokens=after))
    said = desk.ask(key, model, SIXTY, dialect, stream=True, max_tokens=60)
    assert said.code == "upstream_failed"
    assert (said.ends, said.stop) == (0, "")
    assert WORDS.startswith(said.text)
    assert said.text != WORDS


@pytest.mark.parametrize("fault", ["stall_before_first", "hang_after_headers", "malformed_chunk"])
@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_20_whatever_fails_before_the_first_token_is_answered_by_the_next_target(
    desk: Desk, key: str, dialect: str, fault: str
) -> None:
    """A stalled or garbled beginning counted as an answer, so that the second target was never tried."""
    slow = desk.impatient("peer-stall")
    model = desk.model(f"stall-{dialect}-{fault.replace('_', '-')}", slow, "anthropic-eu")
    desk.simulator.faults(slow, always(fault))
    began = time.monotonic()
    said = desk.ask(key, model, SIXTY, dialect, stream=True, max_tokens=60)
    assert (said.text, said.provider, said.starts, said.ends) == (WORDS, "anthropic-eu", 1, 1)
    assert timed(began) < PATIENCE_S + MARGIN_S


@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_20_a_stall_after_the_first_token_is_one_clear_error(desk: Desk, key: str, dialect: str) -> None:
    """A stream fell silent in the middle, and the client waited for ever."""
    slow = desk.impatient("peer-stall")
    model = desk.model(f"stall-late-{dialect}", slow, "anthropic-eu")
    desk.simulator.faults(slow, always("stall_after_first", after_tokens=5))
    began = time.monotonic()
    said = desk.ask(key, model, SIXTY, dialect, stream=True, max_tokens=60)
    assert (said.code, said.ends) == ("upstream_timeout", 0)
    assert timed(began) < PATIENCE_S + MARGIN_S


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_21_a_silent_provider_costs_its_patience_and_no_more(
    desk: Desk, key: str, dialect: str, stream: bool
) -> None:
    """Nothing watched the time until the headers came, so a silent provider held requests for two minutes."""
    silent = desk.impatient("peer-silent")
    model = desk.model(f"silent-{dialect}-{stream}".lower(), silent, "anthropic-eu")
    desk.simulator.faults(silent, always("hang_before_headers"))
    began = time.monotonic()
    said = desk.ask(key, model, "count: 10", dialect, stream=stream, max_tokens=10)
    assert (said.text.split(), said.provider) == (WORDS.split()[:10], "anthropic-eu")
    assert timed(began) < PATIENCE_S + MARGIN_S


@pytest.mark.parametrize("fault", ["error_in_stream", "cut_before_first", "stall_before_first"])
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_22_a_fallback_opens_the_answer_once(
    desk: Desk, key: str, dialect: str, kind: str, fault: str
) -> None:
    """The preamble of the failed target was passed on before that of the second, or an error came after a 200.
    Preambles are held back: one beginning, one end; and a plain HTTP status where nobody answers."""
    first = desk.impatient(f"peer-opening-{kind}", kind)
    desk.simulator.faults(first, always(fault))
    name = f"opening-{dialect}-{kind}-{fault.replace('_', '-')}"
    said = desk.ask(key, desk.model(name, first, "offen"), SIXTY, dialect, stream=True, max_tokens=60)
    assert (said.text, said.starts, said.ends, said.error) == (WORDS, 1, 1, {})
    alone = desk.ask(key, desk.model(f"{name}-alone", first), SIXTY, dialect, stream=True, max_tokens=60)
    assert alone.status in (502, 503, 504)
    assert alone.starts == 0


@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_23_nothing_is_asked_again_once_text_was_sent(desk: Desk, key: str, dialect: str) -> None:
    """A broken stream was asked anew, and the client read its beginning twice."""
    model = desk.model(f"twice-{dialect}", "openai-eu", "anthropic-eu")
    desk.simulator.faults("openai-eu", always("cut_stream", model, after_tokens=20))
    said = desk.ask(key, model, SIXTY, dialect, stream=True, max_tokens=60)
    assert said.text.split() == WORDS.split()[:20]
    assert (desk.calls("openai-eu"), desk.calls("anthropic-eu")) == (1, 0)


@pytest.mark.parametrize("provider", ["openai-eu", "anthropic-eu"])
def test_peer_30_an_empty_account_is_no_rate_limit(desk: Desk, key: str, provider: str) -> None:
    """ "No credit left" comes as 429 and was retried like a rate limit. Here it is asked once, rests at once, and
    the others answer."""
    model = desk.model(f"empty-{provider}", provider, "offen")
    desk.simulator.faults(provider, always("quota", model))
    answers = [desk.ask(key, model, SIXTY, max_tokens=60) for _ in range(6)]
    assert {answer.provider for answer in answers} == {"offen"}
    assert desk.calls(provider) == 1
    alone = desk.model(f"empty-alone-{provider}", provider)
    desk.simulator.faults(provider, always("quota", alone))
    assert desk.ask(key, alone, SIXTY).status == 502
    assert desk.calls(provider) == 2
