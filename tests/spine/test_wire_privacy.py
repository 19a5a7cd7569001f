"""What leaves the house: placeholders only, wherever the personal data stood; what comes back: the originals."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from support.answers import EVERY_PATH, PATHS, Heard, body_of, heard
from support.house import House, Running, configuration
from support.letters import LETTER, ORIGINALS, PLACES, letter_at
from support.simulator import Simulator

UPSTREAMS = {"nur-openai": "openai-eu", "nur-anthropic": "anthropic-eu"}
COMPACT = ("DE89370400440532013000",)
PLACED = [
    (dialect, place, model)
    for dialect, places in PLACES.items()
    for place in places
    for model in UPSTREAMS
    if (place, model) != ("document fields", "nur-openai")  # Chat Completions has no text documents
]
_USE_CASES = (
    "use_cases:\n  - {name: vertraulich, department: vertrieb, data_class: internal, pseudonymise: always}\n"
)


@dataclass(frozen=True)
class Desk:
    """A house with a client. key: Anna's."""

    house: House
    server: Running
    client: httpx2.Client

    def ask(self, dialect: str, body: dict[str, object], **headers: str) -> Heard:
        return heard(dialect, self.client.post(EVERY_PATH[dialect], json=body, headers=headers))


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator).replace("use_cases:\n", _USE_CASES)) as house:
        key = house.key()
        server = house.serve(environment={"LEITSTAND_LOG_LEVEL": "debug"})
        with httpx2.Client(
            base_url=server.url, timeout=20, headers={"authorization": f"Bearer {key}"}
        ) as client:
            yield Desk(house, server, client)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(("dialect", "place", "model"), PLACED)
def test_no_original_reaches_a_provider_and_the_caller_gets_all_of_them_back(
    desk: Desk, simulator: Simulator, dialect: str, place: str, model: str, stream: bool
) -> None:
    fields, answer = letter_at(dialect, place)
    said = desk.ask(dialect, {"model": model, "max_tokens": 2000, "stream": stream, **fields})
    assert (said.status, said.error) == (200, {})
    assert said.text == answer
    assert int(said.headers["x-leitstand-pseudonymised"]) > 0
    assert said.headers["x-leitstand-data-class"] == "personal"
    assert len(simulator.log(UPSTREAMS[model])) == 1
    assert simulator.contains(UPSTREAMS[model], *ORIGINALS, *COMPACT) == []


@pytest.mark.parametrize("chunk_tokens", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("model", UPSTREAMS)
@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_placeholders_are_restored_wherever_the_stream_cuts_them(
    desk: Desk, simulator: Simulator, dialect: str, model: str, chunk_tokens: int
) -> None:
    simulator.configure(UPSTREAMS[model], chunk_tokens=chunk_tokens)
    for lead in ("", "a ", "a b "):  # the borders move by one token each
        text = f"{lead}{LETTER}\necho-all"
        said = desk.ask(dialect, body_of(dialect, model, text, stream=True, max_tokens=2000))
        assert said.text == text


TOOL_VALUES = {
    "umlauts": ("Herr Jörg Übelhör", "Herr Jörg Übelhör"),
    "a backslash": ("angemeldet als FIRMA\\beispielm", "angemeldet als FIRMA\\beispielm"),
    "a line break": ("Am Musterhang 5\n89073 Ulm", "Am Musterhang 5\n89073 Ulm"),
    "quotes": ('Frau Anna "Anni" Müller', 'Frau Anna "Anni" Müller'),
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", UPSTREAMS)
@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("value", TOOL_VALUES)
def test_tool_arguments_come_back_as_json_with_the_originals(
    desk: Desk, dialect: str, model: str, stream: bool, value: str
) -> None:
    said_by_user, expected = TOOL_VALUES[value]
    schema = {"type": "object", "properties": {"wer": {"type": "string"}}, "required": ["wer"]}
    tool = (
        {"type": "function", "function": {"name": "suche", "parameters": schema}}
        if dialect == "chat"
        else {"name": "suche", "input_schema": schema}
    )
    body = body_of(dialect, model, f"Frage suche ab\nwith: {said_by_user}", stream=stream, tools=[tool])
    said = desk.ask(dialect, body)
    assert said.calls == [{"name": "suche", "arguments": {"wer": expected}}]


def test_json_answers_stay_json_when_originals_come_back(desk: Desk) -> None:
    schema = {"type": "object", "properties": {"wo": {"type": "string"}}, "required": ["wo"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "ort", "schema": schema}}
    for stream in (False, True):
        text = "Nenne den Ort\nwith: Am Musterhang 5\n89073 Ulm"
        body = body_of("chat", "nur-openai", text, stream=stream, response_format=wanted)
        assert json.loads(desk.ask("chat", body).text) == {"wo": "Am Musterhang 5\n89073 Ulm"}


def test_a_file_that_no_detector_can_read_stays_in_the_house(desk: Desk, simulator: Simulator) -> None:
    file = {"filename": "Brief von Erika Sommerfeld.pdf", "file_data": "data:application/pdf;base64,AAAA"}
    parts = [{"type": "file", "file": file}, {"type": "text", "text": "echo: gut"}]
    for model, provider in UPSTREAMS.items():
        body = body_of("chat", model, "") | {"messages": [{"role": "user", "content": parts}]}
        said = desk.ask("chat", body)
        assert (said.status, said.code) == (403, "policy_no_target")
        assert simulator.log(provider) == []


@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_a_model_in_the_house_gets_the_clear_text(desk: Desk, simulator: Simulator, dialect: str) -> None:
    said = desk.ask(dialect, body_of(dialect, "haus", f"{LETTER}\necho-all", max_tokens=2000))
    assert said.text == f"{LETTER}\necho-all"
    assert said.headers["x-leitstand-pseudonymised"] == "0"
    assert simulator.contains("lokal", *ORIGINALS) == list(ORIGINALS)


@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_a_use_case_may_ask_for_placeholders_in_the_house_too(
    desk: Desk, simulator: Simulator, dialect: str
) -> None:
    body = body_of(dialect, "haus", f"{LETTER}\necho-all", max_tokens=2000)
    said = desk.ask(dialect, body, **{"x-leitstand-use-case": "vertraulich"})
    assert said.text == f"{LETTER}\necho-all"
    assert int(said.headers["x-leitstand-pseudonymised"]) > 20
    assert simulator.contains("lokal", *ORIGINALS) == []


def test_callers_own_headers_and_keys_stay_in_the_house(desk: Desk, simulator: Simulator) -> None:
    body = body_of("chat", "nur-openai", "echo: gut")
    desk.ask("chat", body, **{"x-leitstand-scope": "Akte Sommerfeld", "user-agent": "Erikas Rechner"})
    assert simulator.contains("openai-eu", "lst_", "Sommerfeld", "Erika", "x-leitstand") == []


def test_nothing_on_disk_and_nothing_in_the_log_holds_an_original(desk: Desk) -> None:
    for dialect in EVERY_PATH:
        for stream in (False, True):
            body = body_of(dialect, "nur-openai", f"{LETTER}\necho-all", stream=stream, max_tokens=2000)
            request_id = desk.ask(dialect, body).headers["x-leitstand-request-id"]
        assert desk.house.record(request_id)["pseudonymised"] > 20
    refused = desk.ask("chat", body_of("chat", "fern", LETTER))
    assert refused.code == "policy_no_target"
    written = [path for path in desk.house.data.rglob("*") if path.is_file()]
    assert len(written) > 3
    for path in written:
        raw = path.read_bytes()
        assert [original for original in ORIGINALS if _stands_in(original, raw)] == [], path
    log = desk.server.log().encode()
    assert [original for original in ORIGINALS if _stands_in(original, log)] == []


def _stands_in(original: str, raw: bytes) -> bool:
    return any(form in raw for form in (original.encode(), json.dumps(original)[1:-1].encode()))
