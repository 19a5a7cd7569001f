"""Which models are asked to go on with the beginning of an answer, and in which words."""

import msgspec
import pytest

from leitstand.core.conversation import Json, Message, Prompt, Text, ToolCall
from leitstand.knowledge.library import Knowledge
from leitstand.providers.adapters import load_adapters
from leitstand.providers.base import Continuing
from leitstand.providers.wire import chat
from leitstand.providers.wire.continuing import beginning_flags

TURNS = (Message("user", (Text("Frage"),)), Message("assistant", (Text("Eins zwei"),)))
PROMPT = Prompt("chat", "m", TURNS, stream=True)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return dict(load_adapters(Knowledge(tmp_path_factory.mktemp("data"))))


@pytest.mark.parametrize(
    ("kind", "model", "able"),
    [
        ("anthropic", "claude-3-5-sonnet-20241022", True),
        ("anthropic", "claude-sonnet-4-20250514", True),
        ("anthropic", "claude-opus-4-1", True),
        ("anthropic", "claude-sonnet-4-5", True),
        ("anthropic", "claude-haiku-4-5-20251001", True),
        ("anthropic", "claude-opus-4-6", False),
        ("anthropic", "claude-sonnet-4-6", False),
        ("anthropic", "claude-sonnet-5", False),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("bedrock", "anthropic.claude-opus-4-6-v1", False),
        ("bedrock", "amazon.nova-pro-v1:0", False),
        ("mistral", "mistral-large-latest", True),
        ("mistral", "magistral-medium-latest", False),
        ("openai_compatible", "qwen3:4b", True),
    ],
)
def test_each_model_says_whether_it_goes_on(
    adapters: dict[str, object], kind: str, model: str, able: bool
) -> None:
    adapter = adapters[kind]
    assert isinstance(adapter, Continuing)
    assert adapter.continues(PROMPT, model) is able


@pytest.mark.parametrize(
    "kind", ["openai", "azure_openai", "gemini", "vertex", "cohere", "together", "extractive"]
)
def test_the_others_are_never_asked(adapters: dict[str, object], kind: str) -> None:
    assert not isinstance(adapters[kind], Continuing)


@pytest.mark.parametrize("kind", ["anthropic", "bedrock", "mistral", "openai_compatible"])
@pytest.mark.parametrize(
    ("effort", "extra"), [("high", {}), ("", {"thinking": {"type": "enabled", "budget_tokens": 2000}})]
)
def test_an_answer_with_reasoning_is_not_continued(
    adapters: dict[str, object], kind: str, effort: str, extra: Json
) -> None:
    adapter = adapters[kind]
    assert isinstance(adapter, Continuing)
    prompt = Prompt("messages", "m", TURNS, stream=True, reasoning_effort=effort, extra=extra)
    assert not adapter.continues(prompt, "claude-sonnet-4-5")


FLAGS = {"continue_final_message": True, "add_generation_prompt": False}


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_compatible_servers_are_told_to_go_on(dialect: str) -> None:
    prompt = Prompt(dialect, "m", TURNS)  # type: ignore[arg-type]  # one of two dialects
    body = msgspec.json.decode(chat.encode(prompt, "m", compatible=True, also=beginning_flags(prompt)))
    assert {name: body.get(name) for name in FLAGS} == FLAGS


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("chat", "m", TURNS[:1]),
        Prompt("chat", "m", TURNS, extra={"continue_final_message": False}),
        Prompt("chat", "m", (*TURNS[:1], Message("assistant", (ToolCall("c", "f", "{}"),)))),
        Prompt("chat", "m", (*TURNS[:1], Message("assistant", (Text(" "),)))),
    ],
)
def test_nothing_is_told_where_there_is_nothing_to_go_on_with(prompt: Prompt) -> None:
    assert beginning_flags(prompt) == {}
