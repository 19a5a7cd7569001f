"""The makers' own libraries: `openai`, `anthropic`, `cohere`."""

import json
from typing import Any

import anthropic
import cohere
import openai
import pydantic
from cohere.core.api_error import ApiError

from spine.matrix.cells import (
    ASK_FORMAT,
    ASK_TOOLS,
    PICTURE,
    SAY,
    SCHEMA,
    TIMEOUT_S,
    TOOL_RESULTS,
    TOOLS,
    At,
    Client,
    Place,
    Refused,
    Without,
    recording,
    row,
)

_DOCUMENTS = ["Der Urlaub ist im Sommer.", "Eine Pumpe fördert Wasser."]
_LOOK = "echo: ja"  # nothing that could be taken for personal data: then no image leaves the house
_ROOM = 20_000  # tokens: half of them for thoughts


class Colour(pydantic.BaseModel):
    """What structured output is parsed into."""

    farbe: str


class OpenAISDK(Client):
    title = "openai"
    packages = ("openai",)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._sdk = self.keep(
            openai.OpenAI(base_url=place.base_url, api_key=place.key, max_retries=0, timeout=TIMEOUT_S)
        )

    def refusal(self, error: Exception) -> Refused | None:
        return refusal_of_openai(error)

    @row("Chat Completions")
    def chat(self, at: At) -> None:
        answer = self._sdk.chat.completions.create(model=at.model, messages=_asking(SAY))
        at.says(answer.choices[0].message.content)
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.completion_tokens > 0

    @row("Chat Completions, streamed")
    def chat_streamed(self, at: At) -> None:
        text, usage, reasons = "", None, []
        for chunk in self._sdk.chat.completions.create(
            model=at.model, stream=True, stream_options={"include_usage": True}, messages=_asking(SAY)
        ):
            usage = chunk.usage or usage
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            reasons += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
        at.says(text)
        assert reasons == ["stop"]
        assert usage is not None
        assert usage.completion_tokens > 0

    @row("Tools in parallel, with results", "tools")
    def tools(self, at: At) -> None:
        how: Any = {"model": at.model, "tools": _functions()}
        ask = _asking(ASK_TOOLS)
        message = self._sdk.chat.completions.create(messages=ask, **how).choices[0].message
        self._finish(ask, message, how)

    @row("Tools in parallel, streamed", "tools")
    def tools_streamed(self, at: At) -> None:
        how: Any = {"model": at.model, "tools": _functions()}
        ask = _asking(ASK_TOOLS)
        with self._sdk.chat.completions.stream(messages=ask, **how) as stream:
            message = stream.get_final_completion().choices[0].message
        self._finish(ask, message, how)

    def _finish(self, ask: Any, message: Any, how: Any) -> None:
        calls = message.tool_calls
        assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
            (name, {"farbe": "blau"}) for name in TOOLS
        ]
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": said}
            for call, said in zip(calls, TOOL_RESULTS, strict=True)
        ]
        turn = message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"})
        done = self._sdk.chat.completions.create(messages=[*ask, turn, *results], **how)
        assert " | ".join(TOOL_RESULTS) in (done.choices[0].message.content or "")

    @row("One tool at a time (`parallel_tool_calls=False`)", "one tool at a time")
    def one_tool(self, at: At) -> None:
        message = (
            self._sdk.chat.completions.create(
                model=at.model, messages=_asking(ASK_TOOLS), tools=_functions(), parallel_tool_calls=False
            )
            .choices[0]
            .message
        )
        assert len(message.tool_calls or []) == 1

    @row("Structured output (`parse`)", "structured output")
    def parse(self, at: At) -> None:
        answer = self._sdk.chat.completions.parse(
            model=at.model, messages=_asking(ASK_FORMAT), response_format=Colour
        )
        assert answer.choices[0].message.parsed == Colour(farbe="blau")

    @row("Images in", "images in")
    def vision(self, at: At) -> None:
        content: Any = [
            {"type": "text", "text": _LOOK},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
        ]
        answer = self._sdk.chat.completions.create(
            model=at.model, messages=[{"role": "user", "content": content}]
        )
        at.says(answer.choices[0].message.content, "ja")

    @row("Reasoning (`reasoning_effort`)", "reasoning", "thinking")
    def reasoning(self, at: At) -> None:
        answer = self._sdk.chat.completions.create(
            model=at.model, messages=_asking(SAY), reasoning_effort="high", max_completion_tokens=_ROOM
        )
        message = answer.choices[0].message
        at.says(message.content)
        assert answer.usage is not None
        counted = answer.usage.completion_tokens_details
        shown = message.model_extra or {}  # Together calls it `reasoning`, everybody else `reasoning_content`
        if not (shown.keys() & {"reasoning", "reasoning_content"} or (counted and counted.reasoning_tokens)):
            raise Without

    @row("Responses")
    def responses(self, at: At) -> None:
        answer = self._sdk.responses.create(model=at.model, input=SAY)
        at.says(answer.output_text)
        assert answer.usage is not None
        assert answer.usage.output_tokens > 0

    @row("Responses, streamed")
    def responses_streamed(self, at: At) -> None:
        with self._sdk.responses.stream(model=at.model, input=SAY) as stream:
            text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            final = stream.get_final_response()
        at.says(text)
        assert final.output_text == text

    @row("Responses, kept and gone on from")
    def responses_kept(self, at: At) -> None:
        first = self._sdk.responses.create(model=at.model, input="echo: Eins")
        assert self._sdk.responses.retrieve(first.id).output_text == first.output_text
        second = self._sdk.responses.create(model=at.model, input="echo-all", previous_response_id=first.id)
        at.says(second.output_text, "echo: Eins\necho-all")

    @row("Responses, tools in parallel", "tools")
    def responses_tools(self, at: At) -> None:
        how: Any = {"model": at.model, "tools": _responses_functions()}
        answer = self._sdk.responses.create(input=ASK_TOOLS, **how)
        calls = [item for item in answer.output if item.type == "function_call"]
        assert [call.name for call in calls] == [*TOOLS]
        results: Any = [
            {"type": "function_call_output", "call_id": call.call_id, "output": said}
            for call, said in zip(calls, TOOL_RESULTS, strict=True)
        ]
        done = self._sdk.responses.create(input=results, previous_response_id=answer.id, **how)
        assert " | ".join(TOOL_RESULTS) in done.output_text

    @row("Embeddings (base64)", "embeddings", "embeddings")
    def embeddings(self, at: At) -> None:
        answer = self._sdk.embeddings.create(model=at.model, input=["Angebot", "Urlaub"])
        assert [row.index for row in answer.data] == [0, 1]
        assert answer.data[0].embedding != answer.data[1].embedding

    @row("Embeddings (numbers)", "embeddings", "embeddings")
    def embeddings_as_numbers(self, at: At) -> None:
        answer = self._sdk.embeddings.create(model=at.model, input="Angebot", encoding_format="float")
        assert len(answer.data[0].embedding) > 1

    @row("Image generation", "image generation", "images")
    def pictures(self, at: At) -> None:
        answer = self._sdk.images.generate(model=at.model, prompt="Eine Pumpe")
        assert answer.data
        assert answer.data[0].b64_json or answer.data[0].url

    @row("Audio transcription", "transcription", "transcriptions")
    def transcript(self, at: At) -> None:
        answer: Any = self._sdk.audio.transcriptions.create(model=at.model, file=("a.wav", recording()))
        assert answer.text

    @row("Models")
    def models(self, at: At) -> None:
        assert at.model in [model.id for model in self._sdk.models.list()]
        assert self._sdk.models.retrieve(at.model).id == at.model


class AnthropicSDK(Client):
    title = "anthropic"
    packages = ("anthropic",)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._sdk = self.keep(
            anthropic.Anthropic(base_url=place.url, api_key=place.key, max_retries=0, timeout=TIMEOUT_S)
        )

    def refusal(self, error: Exception) -> Refused | None:
        return refusal_of_anthropic(error)

    @row("Messages")
    def messages(self, at: At) -> None:
        answer = self._sdk.messages.create(model=at.model, max_tokens=200, messages=_asking(SAY))
        at.says(_text_of(answer))
        assert answer.stop_reason == "end_turn"
        assert answer.usage.output_tokens > 0

    @row("Messages, streamed")
    def messages_streamed(self, at: At) -> None:
        with self._sdk.messages.stream(model=at.model, max_tokens=200, messages=_asking(SAY)) as stream:
            at.says("".join(stream.text_stream))
            assert stream.get_final_message().stop_reason == "end_turn"

    @row("Tools in parallel, with results", "tools")
    def tools(self, at: At) -> None:
        ask, how = _asking(ASK_TOOLS), _with_tools(at)
        self._finish(ask, self._sdk.messages.create(messages=ask, **how), how)

    @row("Tools in parallel, streamed", "tools")
    def tools_streamed(self, at: At) -> None:
        ask, how = _asking(ASK_TOOLS), _with_tools(at)
        with self._sdk.messages.stream(messages=ask, **how) as stream:
            answer = stream.get_final_message()
        self._finish(ask, answer, how)

    def _finish(self, ask: Any, answer: Any, how: Any) -> None:
        calls = [block for block in answer.content if block.type == "tool_use"]
        assert [(call.name, call.input) for call in calls] == [(name, {"farbe": "blau"}) for name in TOOLS]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": said}
            for call, said in zip(calls, TOOL_RESULTS, strict=True)
        ]
        said = [block.model_dump(exclude_none=True) for block in answer.content]
        turns: Any = [*ask, {"role": "assistant", "content": said}, {"role": "user", "content": results}]
        assert " | ".join(TOOL_RESULTS) in _text_of(self._sdk.messages.create(messages=turns, **how))

    @row("Token counts")
    def count_tokens(self, at: At) -> None:
        """Estimated by the house where the provider does not count."""
        assert self._sdk.messages.count_tokens(model=at.model, messages=_asking(SAY)).input_tokens > 0

    @row("Images in", "images in")
    def vision(self, at: At) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
        content: Any = [{"type": "text", "text": _LOOK}, {"type": "image", "source": source}]
        answer = self._sdk.messages.create(
            model=at.model, max_tokens=200, messages=[{"role": "user", "content": content}]
        )
        at.says(_text_of(answer), "ja")

    @row("Thinking", "thoughts shown", "thinking")
    def thinking(self, at: At) -> None:
        answer = self._sdk.messages.create(
            model=at.model, max_tokens=_ROOM, messages=_asking(SAY),
            thinking={"type": "enabled", "budget_tokens": _ROOM // 2},
        )  # fmt: skip
        at.says(_text_of(answer))
        if "thinking" not in [block.type for block in answer.content]:
            raise Without


class CohereSDK(Client):
    title = "cohere"
    packages = ("cohere",)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        how: Any = {"base_url": place.url, "api_key": place.key, "timeout": TIMEOUT_S}
        self._first = self.keep(cohere.Client(**how))
        self._second = self.keep(cohere.ClientV2(**how))

    def refusal(self, error: Exception) -> Refused | None:
        if not isinstance(error, ApiError) or error.status_code is None:
            return None
        return Refused(error.status_code, message_of(error.body))

    @row("Rerank (`cohere.Client`)", "reranking", "rerank")
    def rerank(self, at: At) -> None:
        answer = self._first.rerank(
            model=at.model, query="Wasser", documents=_DOCUMENTS, top_n=1, return_documents=True
        )
        [best] = answer.results
        assert best.document is not None
        assert best.document.text == _DOCUMENTS[best.index]

    @row("Rerank (`cohere.ClientV2`)", "reranking", "rerank")
    def rerank_second(self, at: At) -> None:
        answer = self._second.rerank(model=at.model, query="Wasser", documents=_DOCUMENTS, top_n=2)
        assert sorted(result.index for result in answer.results) == [0, 1]


def refusal_of_openai(error: BaseException) -> Refused | None:
    """The same for every library that is built on `openai`."""
    if not isinstance(error, openai.APIStatusError):
        return None
    return Refused(error.status_code, message_of(error.body))


def refusal_of_anthropic(error: BaseException) -> Refused | None:
    """The same for every library that is built on `anthropic`."""
    if not isinstance(error, anthropic.APIStatusError):
        return None
    return Refused(error.status_code, message_of(error.body))


def message_of(body: Any) -> str:
    """The sentence in an error body, whether or not the library has opened the envelope."""
    return str(body.get("error", body)["message"])


def _asking(text: str) -> Any:
    return [{"role": "user", "content": text}]


def _text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def _functions() -> list[Any]:
    return [
        {"type": "function", "function": {"name": name, "description": name, "parameters": SCHEMA}}
        for name in TOOLS
    ]


def _responses_functions() -> list[Any]:
    return [
        {"type": "function", "name": name, "description": name, "parameters": SCHEMA, "strict": True}
        for name in TOOLS
    ]


def _with_tools(at: At) -> dict[str, Any]:
    tools = [{"name": name, "description": name, "input_schema": SCHEMA} for name in TOOLS]
    return {"model": at.model, "max_tokens": 200, "tools": tools}
