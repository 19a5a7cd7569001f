"""The providers of the matrix, one of each kind, and the house that offers their models.

Every provider has one public model a job, named `PROVIDER` (conversations) or `PROVIDER-JOB`. A kind that does not
do a job gets its model nevertheless, so that a refusal is due to the job and never to a missing model.
"""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.house import House
from support.simulator import Simulator

JOBS = ("thinking", "embeddings", "rerank", "images", "transcriptions")
_CONTRACT = "region: eu, dpa: {signed: 2026-01-15, expires: 2099-01-15}"
_PATIENCE = "probe: {every: 0}, timeouts: {connect: 5, first_token: 15, idle: 15, total: 30}"


@dataclass(frozen=True)
class Upstream:
    """One provider. title: its column. path: of its API. options: YAML of its own. jobs: its models by job."""

    name: str
    kind: str
    title: str
    model: str
    path: str = "/v1"
    options: str = ""
    jobs: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def simulated(self) -> str:
        """Its name at the simulator."""
        return f"matrix-{self.name}"

    @property
    def quotes(self) -> bool:
        """Whether it quotes documents instead of writing."""
        return self.kind == "extractive"

    def public(self, job: str = "") -> str:
        """The model that a client asks for."""
        return f"{self.name}-{job}" if job else self.name


_GPT = {
    "embeddings": "text-embedding-3-small",
    "images": "gpt-image-1",
    "transcriptions": "whisper-1",
}
UPSTREAMS = (
    Upstream("openai", "openai", "OpenAI", "gpt-5-mini", jobs=_GPT),
    Upstream("responses", "openai", "OpenAI, Responses", "gpt-5-mini", options="api: responses", jobs=_GPT),
    Upstream("azure", "azure_openai", "Azure OpenAI", "gpt-5-mini", "/openai/v1", jobs=_GPT),
    Upstream("anthropic", "anthropic", "Anthropic", "claude-sonnet-4-5"),
    Upstream(
        "gemini", "gemini", "Gemini API", "gemini-3.8-flash", "/v1beta",
        jobs={"embeddings": "gemini-embedding-001"},
    ),
    Upstream(
        "vertex", "vertex", "Vertex AI", "gemini-3.8-flash", options="location: europe-west3",
        jobs={"embeddings": "text-multilingual-embedding-002"},
    ),
    Upstream(
        "cohere", "cohere", "Cohere", "command-a-03-2025", "/v2",
        jobs={"thinking": "command-a-reasoning-08-2025", "embeddings": "embed-v4.0", "rerank": "rerank-v3.5"},
    ),
    Upstream(
        "together", "together", "Together.ai", "openai/gpt-oss-120b", "/together/v1",
        jobs={
            "embeddings": "intfloat/multilingual-e5-large-instruct",
            "rerank": "mixedbread-ai/Mxbai-Rerank-Large-V2",
            "images": "black-forest-labs/FLUX.1-schnell",
            "transcriptions": "openai/whisper-large-v3",
        },
    ),
    Upstream(
        "mistral", "mistral", "Mistral", "mistral-medium-latest", "/mistral/v1",
        jobs={"embeddings": "mistral-embed", "transcriptions": "voxtral-mini-latest"},
    ),
    Upstream(
        "bedrock", "bedrock", "AWS Bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "",
        options="aws_region: eu-central-1, access_key_id: AKIAEXAMPLE12345",
        jobs={"embeddings": "cohere.embed-multilingual-v3", "rerank": "cohere.rerank-v3-5:0"},
    ),
    Upstream(
        "compatible", "openai_compatible", "OpenAI-compatible", "qwen3",
        jobs={"embeddings": "bge-m3", "rerank": "bge-reranker-v2-m3", "images": "flux", "transcriptions": "whisper"},
    ),
    Upstream("quotes", "extractive", "Built-in answerer", "zitate"),
)  # fmt: skip


@contextmanager
def house(simulator: Simulator, folder: Path) -> Iterator[House]:
    """A house with all of them. folder: for the key file of the Google account."""
    key_file = folder / "konto.json"
    key_file.write_text(_google_account(simulator), "utf-8")
    with House(_configuration(simulator, key_file)) as built:
        yield built


def _configuration(simulator: Simulator, key_file: Path) -> str:
    lines = ["organisation: {name: Musterwerk GmbH, state: BW, language: en}"]
    lines += ["providers:", *(f"  - {{{_provider(each, simulator, key_file)}}}" for each in UPSTREAMS)]
    lines.append("models:")
    for each in UPSTREAMS:
        for job in ("", *JOBS):
            target = f"{{provider: {each.name}, model: '{each.jobs.get(job, each.model)}'}}"
            lines.append(f"  - {{name: {each.public(job)}, targets: [{target}]}}")
    lines.append("users:\n  - {name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}")
    return "\n".join(lines) + "\n"


def _provider(each: Upstream, simulator: Simulator, key_file: Path) -> str:
    if each.quotes:
        return f"name: {each.name}, kind: {each.kind}, region: local"
    secret = shlex.quote(f"file:{key_file}") if each.kind == "vertex" else "sk-test"
    parts = [
        f"name: {each.name}, kind: {each.kind}, base_url: '{simulator.root(each.simulated)}{each.path}'",
        f"api_key: {secret}", each.options, _CONTRACT, _PATIENCE,
    ]  # fmt: skip
    return ", ".join(filter(None, parts))


def _google_account(simulator: Simulator) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account", "project_id": "musterwerk-ki", "private_key": pem.decode(),
            "client_email": "ki@musterwerk.example", "token_uri": f"{simulator.root('matrix-konto')}/token",
        }
    )  # fmt: skip
