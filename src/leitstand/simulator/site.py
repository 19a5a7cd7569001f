"""The simulator as a whole: the wire formats it speaks, and who serves a path."""

import msgspec

from leitstand.simulator import control
from leitstand.simulator.anthropic_wire import AnthropicWire
from leitstand.simulator.azure_wire import AzureWire, EntraWire
from leitstand.simulator.bedrock_wire import BedrockWire
from leitstand.simulator.cohere_wire import CohereWire
from leitstand.simulator.gemini_wire import GeminiWire, VertexWire
from leitstand.simulator.google_token_wire import GoogleTokenWire
from leitstand.simulator.http import Reply, Request
from leitstand.simulator.mistral_wire import MistralWire
from leitstand.simulator.openai_wire import OpenAIWire
from leitstand.simulator.play import play
from leitstand.simulator.provider import Provider
from leitstand.simulator.responses_wire import ResponsesWire
from leitstand.simulator.together_wire import TogetherWire
from leitstand.simulator.wire import JSON_TYPE, Wire

WIRES: tuple[Wire, ...] = (
    GoogleTokenWire(),
    GeminiWire(),
    VertexWire(),
    CohereWire(),
    MistralWire(),
    TogetherWire(),
    BedrockWire(),
    EntraWire(),
    ResponsesWire(),
    AzureWire(),
    AnthropicWire(),
    OpenAIWire(),
)
"""In the order in which they are asked whether they serve a request."""
CONTROL = "_sim"


class Site:
    """All simulated providers of one process."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}

    async def serve(self, request: Request, reply: Reply) -> None:
        """Serve any request."""
        name, _, rest = request.path.removeprefix("/").partition("/")
        if name == CONTROL:
            return await control.serve(request, reply, self._providers, self._provider)
        path = f"/{rest}"
        for wire in WIRES:
            if name and wire.serves(request, path):
                return await play(self._provider(name), wire, request, path, reply)
        error = {"error": "paths are /PROVIDER/v1/… and /_sim"}
        return reply.send(404, [("content-type", JSON_TYPE)], msgspec.json.encode(error))

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = Provider(name)
        return self._providers[name]
