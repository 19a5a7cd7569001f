"""The official clients meet the simulator's single tasks: embeddings, reranking, pictures, transcripts."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import boto3
import cohere
import openai
import pytest
import together
from botocore.config import Config
from botocore.exceptions import ClientError
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials
from mistralai.client import Mistral

from leitstand.simulator import pictures, sounds, tokens
from support.simulator import Simulator

PNG = b"\x89PNG"


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(8000 * seconds))
    return buffer.getvalue()


def last(simulator: Simulator, provider: str) -> dict[str, Any]:
    return simulator.log(provider, idle=True)[-1]


@pytest.fixture
def mistral_client(simulator: Simulator, provider: str) -> Iterator[Mistral]:
    with Mistral(api_key="ms-geheim", server_url=f"{simulator.root(provider)}/mistral") as made:
        yield made


@pytest.fixture
def cohere_client(simulator: Simulator, provider: str) -> Iterator[cohere.ClientV2]:
    with cohere.ClientV2(api_key="co-geheim", base_url=simulator.root(provider), timeout=10) as made:
        yield made


@pytest.fixture
def together_client(simulator: Simulator, provider: str) -> Iterator[together.Together]:
    url = f"{simulator.root(provider)}/together"
    with together.Together(api_key="tg-geheim", base_url=url, max_retries=0, timeout=10) as made:
        yield made


@pytest.fixture
def azure_client(simulator: Simulator, provider: str) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI(
        azure_endpoint=simulator.root(provider), api_key="az", api_version="2024-10-21", max_retries=0
    ) as made:
        yield made


@pytest.fixture
def gemini_client(simulator: Simulator, provider: str) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=simulator.root(provider), api_version="v1beta")
    with genai.Client(api_key="AIza-test", vertexai=False, http_options=options) as made:
        yield made


@pytest.fixture
def vertex_client(simulator: Simulator, provider: str) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=simulator.root(provider), api_version="v1")
    proof = Credentials("token")  # type: ignore[no-untyped-call]  # google-auth has no types here
    with genai.Client(
        vertexai=True, project="p", location="europe-west3", credentials=proof, http_options=options
    ) as made:
        yield made


@pytest.fixture
def bedrock_client(simulator: Simulator, provider: str) -> Iterator[Any]:
    session = boto3.Session(
        aws_access_key_id="AKIATEST", aws_secret_access_key="geheim", region_name="eu-central-1"
    )
    made = session.client(
        "bedrock-runtime", endpoint_url=simulator.root(provider), config=Config(retries={"max_attempts": 0})
    )
    yield made
    made.close()


def invoke(client: Any, model: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.invoke_model(modelId=model, body=json.dumps(body))
    with answer["body"] as stream:
        read: dict[str, Any] = json.loads(stream.read())
    return read


# ---------------------------------------------------------------- OpenAI, Azure


def test_openai_draws_bytes_and_addresses(
    openai_client: openai.OpenAI, simulator: Simulator, provider: str
) -> None:
    drawn = openai_client.images.generate(model="dall-e-3", prompt="Baum", n=2, response_format="b64_json")
    assert [base64.b64decode(one.b64_json or "") for one in drawn.data or []] == [
        pictures.png("Baum 0"), pictures.png("Baum 1"),
    ]  # fmt: skip
    assert last(simulator, provider)["billed_units"] == 2
    linked = openai_client.images.generate(model="dall-e-3", prompt="Baum")
    assert (linked.data or [])[0].url


def test_openai_bills_some_pictures_by_tokens(openai_client: openai.OpenAI) -> None:
    drawn = openai_client.images.generate(model="gpt-image-1", prompt="ein Baum", n=2)
    assert drawn.usage is not None
    assert drawn.usage.output_tokens == 2 * pictures.TOKENS_EACH
    with pytest.raises(openai.BadRequestError, match="response_format"):
        openai_client.images.generate(model="gpt-image-1", prompt="Baum", response_format="b64_json")


def test_openai_writes_down_what_it_hears(
    openai_client: openai.OpenAI, simulator: Simulator, provider: str
) -> None:
    plain = openai_client.audio.transcriptions.create(model="whisper-1", file=("Guten_Tag.wav", wav(1.2)))
    assert plain.text == "Guten Tag"
    assert last(simulator, provider)["billed_units"] == 2
    timed = openai_client.audio.transcriptions.create(
        model="whisper-1", file=("Guten_Tag.wav", wav(1)), response_format="verbose_json",
        timestamp_granularities=["word", "segment"], language="de",
    )  # fmt: skip
    assert (timed.duration, timed.language) == (1.0, "de")
    assert [word.word for word in timed.words or []] == ["Guten", "Tag"]


def test_openai_bills_some_transcripts_by_tokens(openai_client: openai.OpenAI) -> None:
    heard = openai_client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("Tag.wav", wav(2)))
    assert heard.usage is not None
    assert heard.usage.type == "tokens"
    assert heard.usage.input_tokens == 2 * sounds.TOKENS_PER_S


def test_openai_takes_a_limited_number_of_inputs(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="too long"):
        openai_client.embeddings.create(model="m", input=["a"] * 2049, dimensions=8)


def test_azure_serves_all_tasks_below_a_deployment(
    azure_client: openai.AzureOpenAI, simulator: Simulator, provider: str
) -> None:
    assert azure_client.embeddings.create(model="einbetten", input="Tag").data[0].embedding
    assert azure_client.images.generate(model="bild", prompt="Baum").data
    heard = azure_client.audio.transcriptions.create(model="ton", file=("Tag.wav", wav(1)))
    assert heard.text == "Tag"
    assert [entry["model"] for entry in simulator.log(provider)] == ["einbetten", "bild", "ton"]


# ---------------------------------------------------------------- Mistral, Cohere, Together


def test_mistral_embeds_and_listens(mistral_client: Mistral) -> None:
    found = mistral_client.embeddings.create(
        model="codestral-embed", inputs=["eins", "zwei"], output_dimension=64
    )
    assert [len(row.embedding or []) for row in found.data] == [64, 64]
    assert found.usage.prompt_tokens == 2
    sound: Any = {"file_name": "Guten_Tag.wav", "content": wav(1.5)}
    heard = mistral_client.audio.transcriptions.complete(
        model="voxtral-mini-latest", file=sound, timestamp_granularities=["segment"]
    )
    assert heard.text == "Guten Tag"
    assert heard.usage.prompt_audio_seconds == 2
    assert (heard.segments or [])[0].text == "Guten Tag"


def test_cohere_embeds_at_most_96_texts(cohere_client: cohere.ClientV2) -> None:
    found = cohere_client.embed(
        model="embed-v4.0", texts=["eins", "zwei"], input_type="search_query", output_dimension=256,
        embedding_types=["float"],
    )  # fmt: skip
    assert [len(row) for row in found.embeddings.float_ or []] == [256, 256]
    assert found.meta.billed_units.input_tokens == 2  # type: ignore[union-attr]  # always there
    with pytest.raises(cohere.errors.BadRequestError):
        cohere_client.embed(model="m", texts=["a"] * 97, input_type="search_query")


def test_cohere_ranks_and_bills_searches(
    cohere_client: cohere.ClientV2, simulator: Simulator, provider: str
) -> None:
    documents = ["Rechnung", "Urlaub im August", *["Post"] * 99]
    found = cohere_client.rerank(model="rerank-v3.5", query="Urlaub", documents=documents, top_n=2)
    assert found.results[0].index == 1
    assert len(found.results) == 2
    assert last(simulator, provider)["billed_units"] == 2


def test_together_embeds_ranks_and_draws(together_client: together.Together) -> None:
    found = together_client.embeddings.create(model="BAAI/bge-base-en-v1.5", input=["eins", "zwei"])
    assert len(found.data) == 2
    ranked = together_client.rerank.create(
        model="Salesforce/Llama-Rank-v1", query="Urlaub", documents=["Post", "Urlaub"], top_n=1
    )
    assert [row.index for row in ranked.results] == [1]
    assert ranked.usage is not None
    assert ranked.usage.prompt_tokens == tokens.count("Urlaub Urlaub Post Urlaub")
    drawn = together_client.images.generate(
        model="black-forest-labs/FLUX.1-schnell", prompt="Baum", response_format="base64", width=256
    )
    assert base64.b64decode(drawn.data[0].b64_json).startswith(PNG)  # type: ignore[union-attr]  # asked for


# ---------------------------------------------------------------- Google, Amazon


def test_gemini_embeds_batches(gemini_client: genai.Client, simulator: Simulator, provider: str) -> None:
    config = types.EmbedContentConfig(output_dimensionality=32, task_type="RETRIEVAL_QUERY")
    found = gemini_client.models.embed_content(
        model="gemini-embedding-001", contents=["eins", "zwei"], config=config
    )
    assert [len(row.values or []) for row in found.embeddings or []] == [32, 32]
    assert last(simulator, provider)["billed_input"] == 2
    many: Any = ["a"] * 101
    with pytest.raises(errors.ClientError, match="100"):
        gemini_client.models.embed_content(model="gemini-embedding-001", contents=many)


@pytest.mark.parametrize("model", ["gemini-embedding-001", "gemini-embedding-2", "text-embedding-005"])
def test_vertex_embeds_by_the_call_of_the_model(vertex_client: genai.Client, model: str) -> None:
    config = types.EmbedContentConfig(output_dimensionality=32)
    found = vertex_client.models.embed_content(model=model, contents="eins", config=config)
    assert [len(row.values or []) for row in found.embeddings or []] == [32]


def test_bedrock_invokes_embeddings_and_rerankers(
    bedrock_client: Any, simulator: Simulator, provider: str
) -> None:
    titan = invoke(
        bedrock_client, "amazon.titan-embed-text-v2:0", {"inputText": "Guten Tag", "dimensions": 256}
    )
    assert (len(titan["embedding"]), titan["inputTextTokenCount"]) == (256, 2)
    asked = {"texts": ["eins"], "input_type": "search_query", "embedding_types": ["float"]}
    assert invoke(bedrock_client, "cohere.embed-multilingual-v3", asked)["embeddings"]["float"]
    ranking = {"query": "Urlaub", "documents": ["Post", "Urlaub"], "api_version": 2}
    assert invoke(bedrock_client, "cohere.rerank-v3-5:0", ranking)["results"][0]["index"] == 1
    assert last(simulator, provider)["billed_units"] == 1
    with pytest.raises(ClientError, match="api_version"):
        invoke(bedrock_client, "cohere.rerank-v3-5:0", {"query": "a", "documents": ["b"]})


# ---------------------------------------------------------------- what all have in common


def test_a_picture_of_the_same_words_is_the_same(openai_client: openai.OpenAI) -> None:
    asked: Any = {"model": "dall-e-3", "prompt": "Baum", "response_format": "b64_json"}
    drawn = [(openai_client.images.generate(**asked).data or [])[0].b64_json for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_a_faulty_task_is_billed_only_where_it_was_done(
    openai_client: openai.OpenAI, simulator: Simulator, provider: str
) -> None:
    simulator.faults(provider, "server_error", "cut_plain")
    for _ in range(2):
        with pytest.raises(openai.APIError):
            openai_client.images.generate(model="dall-e-3", prompt="Baum")
    assert simulator.summary(provider, idle=True)["billed_units"] == 1
