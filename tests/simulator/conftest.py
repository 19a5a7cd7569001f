"""One simulator for all tests of this folder, and a provider name of its own for each test."""

import sys
from collections.abc import Iterator
from pathlib import Path

import anthropic
import openai
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.simulator import Simulator, start_simulator


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """A running simulator."""
    with start_simulator() as running:
        yield running


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> str:
    """A provider that no other test uses."""
    return f"p-{abs(hash(request.node.nodeid))}"


@pytest.fixture(scope="session")
def any_openai() -> Iterator[openai.OpenAI]:
    """One client for all tests: making one costs more than a test."""
    with openai.OpenAI(base_url="http://127.0.0.1", api_key="sk-geheim1234", max_retries=0) as made:
        yield made


@pytest.fixture
def openai_client(any_openai: openai.OpenAI, simulator: Simulator, provider: str) -> openai.OpenAI:
    """The official OpenAI client of this test's provider."""
    return any_openai.with_options(base_url=simulator.url(provider))


@pytest.fixture(scope="session")
def any_anthropic() -> Iterator[anthropic.Anthropic]:
    """One client for all tests."""
    with anthropic.Anthropic(base_url="http://127.0.0.1", api_key="sk-ant-test", max_retries=0) as made:
        yield made


@pytest.fixture
def anthropic_client(
    any_anthropic: anthropic.Anthropic, simulator: Simulator, provider: str
) -> anthropic.Anthropic:
    """The official Anthropic client of this test's provider."""
    return any_anthropic.with_options(base_url=simulator.root(provider))
