"""Frameworks on top of the official libraries: LangChain, LlamaIndex, pydantic-ai."""

import asyncio
import ssl
import warnings
from abc import abstractmethod
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Any

import anthropic
import httpx2
import openai
import pydantic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from spine.matrix.cells import (
    ASK_FORMAT,
    ASK_TOOLS,
    SAY,
    TIMEOUT_S,
    TOOL_RESULTS,
    TOOLS,
    At,
    Client,
    Place,
    Refused,
    row,
)
from spine.matrix.official import message_of, refusal_of_openai

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the installed LlamaIndex is older than this Python's rules
    from llama_index.core.llms import ChatMessage
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.llms.openai_like import OpenAILike


class Colour(pydantic.BaseModel):
    """A colour."""

    farbe: str


def check_stock(farbe: str) -> str:
    """Bestand einer Farbe."""
    assert farbe == "blau"
    return TOOL_RESULTS[0]


def check_price(farbe: str) -> str:
    """Preis einer Farbe."""
    assert farbe == "blau"
    return TOOL_RESULTS[1]


class LangChain(Client):
    title = "LangChain (`langchain-openai`)"
    packages = ("langchain-openai", "langchain-core")

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._llms: dict[str, ChatOpenAI] = {}

    def refusal(self, error: Exception) -> Refused | None:
        return refusal_of_openai(error)

    def _llm(self, at: At) -> ChatOpenAI:
        if at.model not in self._llms:
            self._llms[at.model] = ChatOpenAI(
                model=at.model, base_url=self.place.base_url, api_key=pydantic.SecretStr(self.place.key),
                max_retries=0, timeout=TIMEOUT_S,
            )  # fmt: skip
        return self._llms[at.model]

    @row("`ChatOpenAI.invoke`")
    def invoke(self, at: At) -> None:
        answer = self._llm(at).invoke(SAY)
        at.says(answer.text)
        assert answer.usage_metadata is not None
        assert answer.usage_metadata["output_tokens"] > 0

    @row("`ChatOpenAI.stream`")
    def stream(self, at: At) -> None:
        at.says("".join(chunk.text for chunk in self._llm(at).stream(SAY)))

    @row("Tools in parallel, with results", "tools")
    def tools(self, at: At) -> None:
        llm = self._llm(at).bind_tools([tool(check_stock), tool(check_price)])
        ask = HumanMessage(ASK_TOOLS)
        called = llm.invoke([ask])
        calls = getattr(called, "tool_calls", [])
        assert [(call["name"], call["args"]) for call in calls] == [
            (name, {"farbe": "blau"}) for name in TOOLS
        ]
        results = [
            ToolMessage(said, tool_call_id=call["id"]) for call, said in zip(calls, TOOL_RESULTS, strict=True)
        ]
        assert " | ".join(TOOL_RESULTS) in llm.invoke([ask, called, *results]).text

    @row("`with_structured_output`", "structured output")
    def structured(self, at: At) -> None:
        assert self._llm(at).with_structured_output(Colour).invoke(ASK_FORMAT) == Colour(farbe="blau")

    @row("`OpenAIEmbeddings`", "embeddings", "embeddings")
    def embeddings(self, at: At) -> None:
        """It sends token numbers unless it is told not to."""
        embedder = OpenAIEmbeddings(
            model=at.model, base_url=self.place.base_url, api_key=pydantic.SecretStr(self.place.key),
            max_retries=0, timeout=TIMEOUT_S, check_embedding_ctx_length=False,
        )  # fmt: skip
        first, second = embedder.embed_documents(["Angebot", "Urlaub"])
        assert first != second


class LlamaIndex(Client):
    title = "LlamaIndex (`OpenAILike`, `OpenAIEmbedding`)"
    packages = ("llama-index-core", "llama-index-llms-openai-like", "llama-index-embeddings-openai")

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._llms: dict[str, OpenAILike] = {}

    def refusal(self, error: Exception) -> Refused | None:
        return refusal_of_openai(error)

    def _llm(self, at: At) -> OpenAILike:
        if at.model not in self._llms:
            self._llms[at.model] = OpenAILike(
                model=at.model, api_base=self.place.base_url, api_key=self.place.key, is_chat_model=True,
                max_retries=0, timeout=TIMEOUT_S,
            )  # fmt: skip
        return self._llms[at.model]

    @row("`complete`")
    def complete(self, at: At) -> None:
        at.says(self._llm(at).complete(SAY).text)

    @row("`chat`")
    def chat(self, at: At) -> None:
        at.says(self._llm(at).chat([ChatMessage(role="user", content=SAY)]).message.content)

    @row("`stream_chat`")
    def stream(self, at: At) -> None:
        pieces = self._llm(at).stream_chat([ChatMessage(role="user", content=SAY)])
        at.says("".join(piece.delta or "" for piece in pieces))

    @row("`OpenAIEmbedding`", "embeddings", "embeddings")
    def embeddings(self, at: At) -> None:
        embedder = OpenAIEmbedding(
            model_name=at.model, api_base=self.place.base_url, api_key=self.place.key, max_retries=0,
            timeout=TIMEOUT_S,
        )  # fmt: skip
        first, second = embedder.get_text_embedding_batch(["Angebot", "Urlaub"])
        assert first != second


class PydanticAI(Client):
    """An agent as its documentation shows it, by one of the model classes."""

    packages = ("pydantic-ai-slim",)

    def refusal(self, error: Exception) -> Refused | None:
        return (
            Refused(error.status_code, message_of(error.body)) if isinstance(error, ModelHTTPError) else None
        )

    @abstractmethod
    def model(self, name: str) -> AbstractAsyncContextManager[Model]:
        """The model, for the time of one exchange."""

    @row("Agent")
    def run(self, at: At) -> None:
        async def exchange() -> None:
            async with self.model(at.model) as model:
                at.says((await Agent(model).run(SAY)).output)

        _run(exchange())

    @row("Agent, streamed")
    def run_streamed(self, at: At) -> None:
        async def exchange() -> None:
            async with self.model(at.model) as model, Agent(model).run_stream(SAY) as stream:
                at.says("".join([piece async for piece in stream.stream_text(delta=True)]))

        _run(exchange())

    @row("Agent with tools", "tools")
    def run_with_tools(self, at: At) -> None:
        async def exchange() -> None:
            async with self.model(at.model) as model:
                done = await Agent(model, tools=[check_stock, check_price]).run(ASK_TOOLS)
                assert " | ".join(TOOL_RESULTS) in done.output

        _run(exchange())

    @row("Agent with `output_type`", "tools")
    def run_structured(self, at: At) -> None:
        """It asks for the output as the arguments of a tool."""

        async def exchange() -> None:
            async with self.model(at.model) as model:
                assert (await Agent(model, output_type=Colour).run(ASK_FORMAT)).output == Colour(farbe="blau")

        _run(exchange())


class PydanticAIChat(PydanticAI):
    title = "pydantic-ai (`OpenAIChatModel`)"

    @asynccontextmanager
    async def model(self, name: str) -> AsyncIterator[Model]:
        async with _openai(self.place) as sdk:
            yield OpenAIChatModel(name, provider=OpenAIProvider(openai_client=sdk))


class PydanticAIResponses(PydanticAI):
    title = "pydantic-ai (`OpenAIResponsesModel`)"

    @asynccontextmanager
    async def model(self, name: str) -> AsyncIterator[Model]:
        async with _openai(self.place) as sdk:
            yield OpenAIResponsesModel(name, provider=OpenAIProvider(openai_client=sdk))


class PydanticAIMessages(PydanticAI):
    title = "pydantic-ai (`AnthropicModel`)"

    @asynccontextmanager
    async def model(self, name: str) -> AsyncIterator[Model]:
        async with anthropic.AsyncAnthropic(
            base_url=self.place.url, api_key=self.place.key, max_retries=0, http_client=_http()
        ) as sdk:
            yield AnthropicModel(name, provider=AnthropicProvider(anthropic_client=sdk))


def _openai(place: Place) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=place.base_url, api_key=place.key, max_retries=0, http_client=_http())


def _http() -> httpx2.AsyncClient:
    """A session for one exchange; to read the certificates anew each time would take longer than the exchange."""
    return httpx2.AsyncClient(verify=_tls(), timeout=TIMEOUT_S)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _run(exchange: Coroutine[Any, Any, None]) -> None:
    asyncio.run(exchange)
