"""Embeddings, reranking, pictures, transcripts and token counts through a real server, with official clients."""

import asyncio
import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import cohere
import httpx2
import openai
import pytest
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr

from leitstand.app.front import Front
from leitstand.app.house import House as Rooms
from leitstand.core.clock import Clock
from spine.conftest import Spine
from support.house import House, configuration, wait_until
from support.simulator import Simulator

MODELS = """\
  - {name: vektoren, targets: [{provider: openai-eu, model: text-embedding-3-small}]}
  - {name: vektoren-gemerkt, cache: true, targets: [{provider: openai-eu, model: text-embedding-3-small}]}
  - name: vektoren-zweifach
    targets:
      - {provider: openai-eu, model: text-embedding-3-small}
      - {provider: openai-us, model: text-embedding-3-large}
      - {provider: lokal, model: text-embedding-3-large}
      - {provider: offen, model: text-embedding-3-small}
  - {name: rang, cache: true, targets: [{provider: offen, model: rerank-1}]}
  - {name: bild, cache: true, targets: [{provider: openai-eu, model: dall-e-3}]}
  - {name: gehoer, targets: [{provider: openai-eu, model: whisper-1}]}
  - {name: gehoer-haus, targets: [{provider: openai-eu, model: whisper-1}, {provider: lokal, model: whisper}]}
"""
FRONTS = {"cohere": "v2", "mistral": "mistral/v1", "together": "together/v1", "gemini": "v1beta"}
EVERY_KIND = ("openai", *FRONTS)
PRICES = """\
  - {provider: openai-eu, model: "*", input: 1.00, output: 2.00, currency: EUR}
  - {provider: offen, model: "*", input: 1.00, output: 2.00, currency: EUR}
"""
LETTER = "Frau Erika Sommerfeld, erika.sommerfeld@firma-beispiel.example"
COUNT: dict[str, Any] = {"messages": [{"role": "user", "content": "Wie lang ist eine Elle?"}]}


def providers_of(simulator: Simulator) -> str:
    rows = (
        f'  - {{name: {kind}-eu, kind: {kind}, base_url: "{simulator.root(f"{kind}-eu")}/{front}", region: eu, '
        "api_key: geheim, dpa: {signed: 2026-01-15, expires: 2099-01-15}}\n"
        for kind, front in FRONTS.items()
    )
    return "".join(rows)


def model_of(kind: str) -> str:
    return (
        f"  - {{name: vektoren-{kind}, cache: true, targets: [{{provider: {kind}-eu, model: vektor-1}}]}}\n"
    )


@pytest.fixture(scope="module")
def built(simulator: Simulator) -> Iterator[Spine]:
    file = configuration(simulator)
    more = {"providers": providers_of(simulator), "prices": PRICES,
            "models": MODELS + "".join(map(model_of, EVERY_KIND))}  # fmt: skip
    for section, rows in more.items():
        file = file.replace(f"\n{section}:\n", f"\n{section}:\n{rows}")
    with House(file) as house:
        server = house.serve()
        yield Spine(simulator, house, server, house.key())


@pytest.fixture
def client(built: Spine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=built.base_url, api_key=built.key, max_retries=0, timeout=20) as made:
        yield made


def post(built: Spine, path: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{built.base_url}/{path}", json=body, timeout=20,
        headers={"authorization": f"Bearer {headers.pop('key', built.key)}", **headers},
    )  # fmt: skip


def recording(seconds: float = 2.0) -> bytes:
    """A WAV file of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(8000 * seconds))
    return file.getvalue()


# ------------------------------------------------------------ embeddings


def test_openai_client_gets_the_vectors_of_its_texts(built: Spine, client: openai.OpenAI) -> None:
    """The client asks for base64 by itself."""
    answer = client.embeddings.create(
        model="vektoren", input=["Angebot über 3 Pumpen", "Urlaub"], dimensions=64
    )
    assert [(row.index, len(row.embedding)) for row in answer.data] == [(0, 64), (1, 64)]
    plain = client.embeddings.create(
        model="vektoren", input="Angebot über 3 Pumpen", dimensions=64, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(answer.data[0].embedding, abs=1e-6)
    assert answer.usage.total_tokens > 0


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_openai_client_embeds_over_every_kind_of_provider(
    built: Spine, client: openai.OpenAI, simulator: Simulator, kind: str
) -> None:
    """More inputs than Cohere and Gemini take at once; then some of them again, among new ones."""
    simulator.reset(f"{kind}-eu")
    texts = [f"Beleg {number}" for number in range(101)]
    whole = client.embeddings.create(model=f"vektoren-{kind}", input=texts)
    assert [row.index for row in whole.data] == list(range(101))
    mixed = client.embeddings.create(
        model=f"vektoren-{kind}", input=["Neu", texts[100], "Auch neu", texts[0]]
    )
    vectors = [row.embedding for row in mixed.data]
    assert vectors[1::2] == [whole.data[100].embedding, whole.data[0].embedding]
    assert len({tuple(vector) for vector in vectors}) == 4
    assert whole.usage.total_tokens > mixed.usage.total_tokens > 0
    assert simulator.contains(f"{kind}-eu", "Auch neu") == ["Auch neu"]


def test_langchain_embeds_texts(built: Spine) -> None:
    """It sends token numbers unless it is told not to."""
    embedder = OpenAIEmbeddings(
        model="vektoren", base_url=built.base_url, api_key=SecretStr(built.key), dimensions=16, max_retries=0,
        check_embedding_ctx_length=False,
    )  # fmt: skip
    assert [len(vector) for vector in embedder.embed_documents(["Pumpe", "Urlaub"])] == [16, 16]


def test_what_is_embedded_is_masked_first(built: Spine) -> None:
    answer = post(built, "embeddings", {"model": "vektoren", "input": LETTER})
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["x-leitstand-pseudonymised"]) >= 2
    assert built.simulator.contains("openai-eu", "Sommerfeld", "erika.sommerfeld") == []
    record = built.house.record(answer.headers["x-leitstand-request-id"])
    assert record["outcome"] == "ok"
    assert float(record["cost"]) == float(answer.headers["x-leitstand-cost"]) > 0


def test_token_numbers_reach_no_provider(built: Spine) -> None:
    answer = post(built, "embeddings", {"model": "vektoren", "input": [9906, 1917]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert built.simulator.log("openai-eu") == []


def test_known_inputs_are_not_sent_again(built: Spine) -> None:
    body = {"model": "vektoren-gemerkt", "input": ["Rechnung 1", "Rechnung 2"], "dimensions": 8}
    first = post(built, "embeddings", body)
    again = post(built, "embeddings", {**body, "input": ["Rechnung 2", "Rechnung 1"]})
    assert (first.headers["x-leitstand-cache"], again.headers["x-leitstand-cache"]) == ("miss", "hit")
    assert again.headers["x-leitstand-cost"] == "0"
    rows = [[row["embedding"] for row in answer.json()["data"]] for answer in (first, again)]
    assert rows[1] == rows[0][::-1]
    half = post(built, "embeddings", {**body, "input": ["Rechnung 1", "Rechnung 3"]})
    assert half.headers["x-leitstand-cache"] == "miss"
    sent = built.simulator.log("openai-eu")
    assert len(sent) == 2
    assert built.simulator.contains("openai-eu", "Rechnung 3") == ["Rechnung 3"]
    assert float(half.headers["x-leitstand-cost"]) < float(first.headers["x-leitstand-cost"])
    record = built.house.record(again.headers["x-leitstand-request-id"])
    assert (record["outcome"], record["cache"]) == ("cached", "hit")


def test_only_known_vectors_are_given_where_nothing_may_be_asked(built: Spine) -> None:
    only = {"x-leitstand-cache": "only"}
    body = {"model": "vektoren-gemerkt", "input": "Lieferschein", "dimensions": 8}
    refused = post(built, "embeddings", body, **only)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_cached")
    post(built, "embeddings", body)
    assert post(built, "embeddings", body, **only).headers["x-leitstand-cache"] == "hit"


def test_vectors_fall_back_to_the_same_model_only(built: Spine) -> None:
    built.simulator.faults("openai-eu", "unauthorized")
    answer = post(built, "embeddings", {"model": "vektoren-zweifach", "input": "Pumpe", "dimensions": 8})
    assert (answer.status_code, answer.headers["x-leitstand-provider"]) == (200, "offen"), answer.text
    assert built.simulator.log("lokal") == []
    record = built.house.record(answer.headers["x-leitstand-request-id"])
    assert record["detail"]["dropped"]["lokal"] == "vectors"


# ------------------------------------------------------------ reranking

DOCUMENTS = ["Der Urlaub ist im Sommer.", f"Die Pumpe hat {LETTER} bestellt.", "Eine Pumpe fördert Wasser."]


def test_a_ranking_gives_the_clients_own_documents_back(built: Spine) -> None:
    body = {"model": "rang", "query": "Wer hat die Pumpe bestellt?", "documents": DOCUMENTS, "top_n": 2}
    answer = post(built, "rerank", {**body, "return_documents": True})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert len(results) == 2
    assert all(row["document"]["text"] == DOCUMENTS[row["index"]] for row in results)
    assert results[0]["relevance_score"] >= results[1]["relevance_score"]
    assert built.simulator.contains("offen", "Sommerfeld") == []
    assert post(built, "rerank", body).headers["x-leitstand-cache"] == "hit"


def test_cohere_client_ranks_documents(built: Spine) -> None:
    """Its first version asks at `/v1/rerank`, so the address and the key are all that changes."""
    with cohere.Client(api_key=built.key, base_url=built.server.url, timeout=20) as client:
        answer = client.rerank(
            model="rang", query="Wasser", documents=DOCUMENTS, top_n=1, return_documents=True
        )
    assert len(answer.results) == 1
    document = answer.results[0].document
    assert document is not None
    assert document.text == DOCUMENTS[answer.results[0].index]


# ------------------------------------------------------------ pictures and sounds


def test_openai_client_gets_pictures_and_two_are_never_the_same_one(
    built: Spine, client: openai.OpenAI
) -> None:
    for _ in range(2):
        answer = client.images.with_raw_response.generate(
            model="bild",
            prompt=f"Ein Porträt von {LETTER}",
            n=2,
            size="1024x1024",
            response_format="b64_json",
        )
        pictures = answer.parse().data
        assert pictures is not None
        assert len(pictures) == 2
        assert all(picture.b64_json for picture in pictures)
        assert answer.headers["x-leitstand-cache"] == "off"
    assert len(built.simulator.log("openai-eu")) == 2
    assert built.simulator.contains("openai-eu", "Sommerfeld") == []


@pytest.mark.parametrize("form", ["json", "verbose_json", "text", "srt", "vtt"])
def test_openai_client_gets_a_transcript_in_the_form_it_wants(
    built: Spine, client: openai.OpenAI, form: Any
) -> None:
    answer: Any = client.audio.transcriptions.create(
        model="gehoer", file=("Gespräch Sommerfeld.wav", recording()), response_format=form, language="de"
    )
    text = answer if isinstance(answer, str) else answer.text
    assert "audio" in text
    assert form != "srt" or text.startswith("1\n00:00:00,000 --> ")
    assert form != "vtt" or text.startswith("WEBVTT\n\n")
    assert form != "verbose_json" or answer.duration == pytest.approx(2.0)
    assert built.simulator.contains("openai-eu", "Sommerfeld") == []


def test_a_recording_of_personal_data_is_heard_in_the_house_only(built: Spine, client: openai.OpenAI) -> None:
    personal = {"x-leitstand-data-class": "personal"}
    answer = client.audio.transcriptions.with_raw_response.create(
        model="gehoer-haus", file=("a.wav", recording()), extra_headers=personal
    )
    assert answer.headers["x-leitstand-provider"] == "lokal"
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.audio.transcriptions.create(
            model="gehoer", file=("a.wav", recording()), extra_headers=personal
        )
    assert caught.value.code == "policy_no_target"
    assert built.simulator.log("openai-eu") == []


def test_a_recording_that_is_too_large_is_refused(built: Spine) -> None:
    answer = httpx2.post(
        f"{built.base_url}/audio/transcriptions", data={"model": "gehoer"}, timeout=20,
        files={"file": ("a.wav", b"\0" * (25 * 2**20 + 1))}, headers={"authorization": f"Bearer {built.key}"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "invalid_request")


# ------------------------------------------------------------ counting


def test_anthropic_client_counts_tokens_at_the_provider_for_nothing(built: Spine) -> None:
    with anthropic.Anthropic(
        base_url=built.server.url, api_key=built.key, max_retries=0, timeout=20
    ) as client:
        answer = client.messages.with_raw_response.count_tokens(model="nur-anthropic", **COUNT)
    assert answer.parse().input_tokens > 0
    assert answer.headers["x-leitstand-cost"] == "0"
    assert "x-leitstand-estimated" not in answer.headers
    record = built.house.record(answer.headers["x-leitstand-request-id"])
    assert (record["outcome"], record["detail"]["dialect"]) == ("ok", "count_tokens")
    assert (record["cost"], record["tokens"]) == (0, 0)


def test_tokens_are_estimated_where_no_target_counts(built: Spine) -> None:
    answer = post(built, "messages/count_tokens", {"model": "nur-openai", **COUNT})
    assert answer.status_code == 200, answer.text
    assert 5 < answer.json()["input_tokens"] < 50
    assert answer.headers["x-leitstand-estimated"] == "true"
    assert built.simulator.log("openai-eu") == []
    record = built.house.record(answer.headers["x-leitstand-request-id"])
    assert (record["outcome"], record["provider"], record["cost"]) == ("ok", "", 0)


def test_a_count_is_refused_where_the_policy_refuses_the_request(built: Spine) -> None:
    answer = post(
        built, "messages/count_tokens", {"model": "fern", **COUNT}, **{"x-leitstand-data-class": "special"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "policy_no_target")
    assert answer.json()["type"] == "error"


# ------------------------------------------------------------ every address

LONG = "Wie viele Pumpen haben wir im letzten Jahr verkauft, und an wen?"  # surely more than a token
TURNS = [{"role": "user", "content": LONG}]
QUESTIONS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "standard", "messages": TURNS},
    "/v1/messages": {"model": "standard", "max_tokens": 10, "messages": TURNS},
    "/v1/responses": {"model": "standard", "input": LONG},
    "/v1/embeddings": {"model": "vektoren", "input": LONG},
    "/v1/rerank": {"model": "rang", "query": LONG, "documents": [LONG]},
    "/v1/images/generations": {"model": "bild", "prompt": LONG},
    "/v1/audio/transcriptions": {"model": "gehoer", "prompt": LONG},
    "/v1/messages/count_tokens": {"model": "nur-anthropic", "messages": TURNS},
}


def ask(built: Spine, path: str, key: str) -> httpx2.Response:
    body = QUESTIONS[path]
    form: dict[str, Any] = (
        {"data": body, "files": {"file": ("a.wav", recording())}} if "audio" in path else {"json": body}
    )
    return httpx2.post(
        built.server.url + path, timeout=20, headers={"authorization": f"Bearer {key}"}, **form
    )


async def addresses(folder: Path) -> frozenset[str]:
    """Every address of a started house that asks a model, as the front door has them."""
    front = Front(Rooms(folder, Clock()), lambda _house: _nobody)
    steps: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    serving = asyncio.create_task(front({"type": "lifespan"}, steps.get, said.put))
    steps.put_nowait({"type": "lifespan.startup"})
    async with asyncio.timeout(20):
        await said.get()
        found = frozenset(path for path in front.addresses if path.startswith("/v1/"))
        steps.put_nowait({"type": "lifespan.shutdown"})
        await serving
    return found


async def _nobody(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("nobody asks for a page here")


async def test_the_questions_below_are_those_of_all_addresses(tmp_path: Path) -> None:
    assert await addresses(tmp_path) == QUESTIONS.keys()


@pytest.mark.parametrize("path", QUESTIONS)
def test_every_address_refuses_an_unknown_key(built: Spine, path: str) -> None:
    answer = ask(built, path, "lst_unbekannt")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_key"), answer.text


def test_every_address_refuses_a_key_whose_budget_is_used_up(built: Spine) -> None:
    made = built.house.new_key()
    built.house.apply(f"limits:\n  - {{scope: 'key:{made['id']}', tokens_per_day: 1}}\n")
    wait_until(lambda: ask(built, "/v1/embeddings", made["key"]).status_code == 429, timeout_s=3)
    heard = {path: ask(built, path, made["key"]) for path in QUESTIONS}
    assert {path: answer.status_code for path, answer in heard.items()} == dict.fromkeys(QUESTIONS, 429)
    assert {answer.json()["error"]["code"] for answer in heard.values()} == {"budget_exhausted"}
