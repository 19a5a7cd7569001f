"""The log of a whole run at its most talkative: every line is JSON, and nobody's words or secrets are in it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from leitstand.store.engine import DATABASE_FILE
from support.answers import PATHS, Heard, body_of, heard
from support.house import House, configuration
from support.letters import LETTER, ORIGINALS
from support.simulator import Simulator

PROMPT = "Wie lange hält die Dichtung am Verdichter"
SECRETS = ("sk-test-secret-openai", "sk-test-secret-anthropic", "sk-test-secret-us", "sk-leaked-by-upstream")
FAULTS = (
    "rate_limit", "server_error", "bad_gateway", "unauthorized", "refused_connection", "cut_stream", "malformed_chunk",
    "error_in_stream", "empty_body", "html_body",
)  # fmt: skip


@dataclass
class Run:
    """What was written. refused: (request id, code) of every refusal that a client saw."""

    stderr: str = ""
    stdout: str = ""
    key: str = ""
    wrong_key: str = "lst_" + "w" * 43
    refused: list[tuple[str, str]] = field(default_factory=list)
    broken_api: int = 0

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stderr.splitlines()]


@pytest.fixture(scope="module")
def run(simulator: Simulator) -> Iterator[Run]:
    with House(configuration(simulator)) as house:
        run = Run(key=house.key("sina"))
        server = house.serve(environment={"LEITSTAND_LOG_LEVEL": "debug"})
        with httpx2.Client(base_url=server.url, timeout=20) as client:
            _succeed(run, client)
            _be_refused(run, client)
            _meet_faults(run, client, simulator)
            run.broken_api = _break_inside(run, client, house)
        server.process.terminate()
        server.process.wait(20)
        assert server.process.stdout is not None
        run.stdout = server.process.stdout.read()
        server.reader.join(10)
        run.stderr = server.log()
        yield run


def _ask(run: Run, client: httpx2.Client, dialect: str, body: dict[str, Any], **headers: str) -> Heard:
    sent = {"authorization": f"Bearer {run.key}", **headers}
    said = heard(dialect, client.post(PATHS[dialect], json=body, headers=sent))
    if said.error:
        run.refused.append((said.headers["x-leitstand-request-id"], said.code))
    return said


def _succeed(run: Run, client: httpx2.Client) -> None:
    for dialect in PATHS:
        for model in ("standard", "nur-anthropic", "haus"):
            for stream in (False, True):
                text = f"{PROMPT}\n{LETTER}\necho-all"
                said = _ask(
                    run, client, dialect, body_of(dialect, model, text, stream=stream, max_tokens=2000)
                )
                assert said.status == 200


def _be_refused(run: Run, client: httpx2.Client) -> None:
    text = f"{PROMPT}\n{LETTER}"
    for dialect in PATHS:
        wrong = {"authorization": f"Bearer {run.wrong_key}"}
        assert _ask(run, client, dialect, body_of(dialect, "standard", text), **wrong).status == 401
        assert _ask(run, client, dialect, body_of(dialect, "fern", text)).status == 403
        assert _ask(run, client, dialect, body_of(dialect, "Erika Sommerfeld", text)).status == 404
        assert (
            _ask(run, client, dialect, body_of(dialect, "standard", text, temperature=LETTER)).status == 400
        )
        headers = {"x-leitstand-data-class": "Sommerfeld"}
        assert _ask(run, client, dialect, body_of(dialect, "standard", text), **headers).status == 400
        broken = (json.dumps(body_of(dialect, "standard", text)) + "}").encode()
        answer = client.post(PATHS[dialect], content=broken, headers={"authorization": f"Bearer {run.key}"})
        assert answer.status_code == 400
        run.refused.append((answer.headers["x-leitstand-request-id"], "invalid_request"))


def _meet_faults(run: Run, client: httpx2.Client, simulator: Simulator) -> None:
    for fault in FAULTS:
        for model, provider in (("nur-openai", "openai-eu"), ("nur-anthropic", "anthropic-eu")):
            simulator.faults(provider, {"fault": fault, "after_tokens": 4, "times": 2, "retry_after": 0})
            for stream in (False, True):
                _ask(run, client, "chat", body_of("chat", model, f"{PROMPT}\n{LETTER}", stream=stream))
            simulator.faults(provider)


def _break_inside(run: Run, client: httpx2.Client, house: House) -> int:
    """Take the table of keys away, and ask for the keys of somebody."""
    with sqlite3.connect(house.data / DATABASE_FILE, timeout=10) as database:
        database.execute("ALTER TABLE virtual_key RENAME TO virtual_key_away")
    database.close()
    answer = client.get(
        "/api/keys?user=Sommerfeld", headers={"authorization": f"Bearer {run.key}"}
    )  # fmt: skip
    return answer.status_code


def test_every_line_is_json_with_time_level_and_message(run: Run) -> None:
    assert len(run.lines) > 20
    for line in run.lines:
        assert {"time", "level", "logger", "message"} <= line.keys()


def test_nothing_but_the_address_goes_to_standard_output(run: Run) -> None:
    assert run.stdout == ""


def test_no_words_of_people_are_in_the_log(run: Run) -> None:
    seen = run.stderr + "".join(str(line) for line in run.lines)
    assert [word for word in (*ORIGINALS, PROMPT, "Dichtung am Verdichter") if word in seen] == []


def test_no_secret_is_in_the_log(run: Run) -> None:
    assert [secret for secret in (*SECRETS, run.key, run.wrong_key) if secret in run.stderr] == []


def test_every_refusal_is_in_the_log_under_its_request_id(run: Run) -> None:
    logged = {(line["request_id"], line["code"]) for line in run.lines if "code" in line}
    assert len(run.refused) > 20
    assert [refusal for refusal in run.refused if refusal not in logged] == []


def test_an_error_inside_leaves_its_trace_without_values(run: Run) -> None:
    assert run.broken_api == 500
    errors = [line for line in run.lines if line["level"] == "error" and "trace" in line]
    assert errors
    assert all(isinstance(place, str) and ":" in place for line in errors for place in line["trace"])
