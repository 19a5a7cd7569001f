"""Any server that follows OpenAI's Chat Completions: vLLM, Ollama, llama.cpp, LM Studio, IONOS, STACKIT and others.

Such servers know `max_tokens`, mostly not `max_completion_tokens`; a key is optional.
"""

from collections.abc import AsyncGenerator
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import bearer, converse, perform
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.probing import bearing, looking_at
from leitstand.providers.wire import chat
from leitstand.providers.wire.continuing import beginning_flags, thinks
from leitstand.providers.wire.embeddings import Embeddings
from leitstand.providers.wire.images import Images
from leitstand.providers.wire.rerank import Rerank
from leitstand.providers.wire.task import Tasks
from leitstand.providers.wire.transcriptions import Transcriptions

_TASKS: Final[Tasks] = MappingProxyType(
    {
        "embeddings": Embeddings(2048, packed=False),
        "rerank": Rerank(),
        "images": Images(("seed", "steps", "negative_prompt", "guidance_scale")),
        "transcriptions": Transcriptions(),
    }
)


class OpenAICompatible:
    """Speaks with a server whose address the configuration names."""

    kind: Final = "openai_compatible"
    title = "OpenAI-compatible server"
    docs = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"
    dialect: Dialect = "chat"
    base_url = "http://127.0.0.1:8000/v1"
    regions = tuple(Region)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"id":"chatcmpl-7f","object":"chat.completion","created":1748000000,"model":"qwen3:4b",'
            b'"choices":[{"index":0,"message":{"role":"assistant","content":"Guten Tag, Berta.",'
            b'"reasoning_content":"Kurz."},"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":11,"completion_tokens":8,"total_tokens":19}}'
        ),
        stream=b"".join(
            b'data: {"id":"chatcmpl-7f","object":"chat.completion.chunk","created":1748000000,"model":"qwen3:4b",'
            + rest
            + b"}\r\n\r\n"
            for rest in (
                b'"choices":[{"index":0,"delta":{"role":"assistant"}}]',
                b'"choices":[{"index":0,"delta":{"reasoning_content":"Kurz."}}]',
                b'"choices":[{"index":0,"delta":{"content":"Guten Tag, "}}]',
                b'"choices":[{"index":0,"delta":{"content":"Berta."},"finish_reason":"stop"}]',
                b'"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":8,"total_tokens":19}',
            )
        )
        + b"data: [DONE]\r\n\r\n",
        text="Guten Tag, Berta.",
        input_tokens=11,
        output_tokens=8,
    )

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else chat.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        return looking_at(f"{target.base_url or self.base_url}/models", target, *bearing(target))

    def continues(self, prompt: Prompt, model: str) -> bool:
        """See Continuing. vLLM, llama.cpp and Ollama do; a server that refuses is not asked for more."""
        return not thinks(prompt)

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        if task := _TASKS.get(prompt.dialect):
            return perform(
                call, task.steps(prompt, target.model), bearer(target, target.base_url or self.base_url)
            )
        key = (("authorization", f"Bearer {target.secret}"),) if target.secret else ()
        request = HTTPRequest(
            "POST",
            f"{target.base_url or self.base_url}/chat/completions",
            (("content-type", "application/json"), *key, *target.headers),
            chat.encode(prompt, target.model, compatible=True, also=beginning_flags(prompt)),
            target.ca_file,
        )
        return converse(call, request, chat, stream=prompt.stream, choices=prompt.choices)


ADAPTER = OpenAICompatible()
