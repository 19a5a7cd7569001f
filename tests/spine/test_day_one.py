"""Day one of a new user: start the demo, sign in with what it prints, ask, see the answer and what was protected."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import anthropic
import httpx2
import openai
import pytest
from playwright.sync_api import sync_playwright

WEATHER = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Demo:
    """What the demo prints."""

    address: str
    email: str
    password: str
    key: str


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "leitstand", "demo", "--port", "0", "--data", folder],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        printed = ""
        while "curl" not in printed:
            line = process.stdout.readline()
            assert line, "the demo ended before it said how to get in"
            printed += line
        try:
            yield Demo(
                address=_find(r"Adresse:\s+(\S+)/", printed),
                email=_find(r"E-Mail:\s+(\S+)", printed),
                password=_find(r"Kennwort:\s+(\S+)", printed),
                key=_find(r"(lst_\S+)", printed),
            )
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in: {text}"
    return match[1]


@pytest.mark.browser
def test_a_new_user_signs_in_asks_and_sees_the_answer(demo: Demo) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page(locale="de-DE")
        page.goto(demo.address)
        page.fill("input[type=email], input[name=email]", demo.email)
        page.fill("input[type=password]", demo.password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/betrieb/it")
        page.goto(f"{demo.address}/chat")
        page.select_option("#modell", "standard")
        page.fill(
            "textarea", "Schreibe Frau Anna Kowalczyk (kowalczyk@kunde.example), dass ihr Angebot gilt."
        )
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Angaben geschützt")
        assert "Simulierte Antwort" in page.inner_text(".thread")
        assert "Kowalczyk" in page.inner_text(".thread")
        page.check("#view-provider", force=True)
        shown = page.inner_text(".thread")
        assert "Kowalczyk" not in shown
        assert "Person_001" in shown
        page.reload()
        page.wait_for_selector("text=Angaben geschützt")
        assert "Kowalczyk" in page.inner_text(".thread")
        browser.close()


def test_the_printed_key_asks_the_built_in_answerer_and_gets_a_quote(demo: Demo) -> None:
    answer = httpx2.post(
        f"{demo.address}/v1/chat/completions", timeout=20, headers={"authorization": f"Bearer {demo.key}"},
        json={"model": "hauswissen", "messages": [{"role": "user", "content": "Welche Lieferzeit hat das FB-200?"}]},
    )  # fmt: skip
    text = answer.json()["choices"][0]["message"]["content"]
    assert answer.headers["x-leitstand-provider"] == "haus"
    assert "zitiere" in text
    assert "lieferzeiten.md" in text


def test_health_is_open_and_metrics_need_a_key(demo: Demo) -> None:
    assert httpx2.get(f"{demo.address}/healthz").json()["status"] == "ok"
    assert httpx2.get(f"{demo.address}/readyz").json()["status"] == "ready"
    assert httpx2.get(f"{demo.address}/metrics").status_code == 401
    metrics = httpx2.get(f"{demo.address}/metrics", headers={"authorization": f"Bearer {demo.key}"})
    assert metrics.status_code == 200
    assert "leitstand_requests_total" in metrics.text


def test_the_official_sdks_work_with_the_printed_address_and_key(demo: Demo) -> None:
    ask = "Frage wetter ab\nwith: Ulm"
    chat = openai.OpenAI(base_url=f"{demo.address}/v1", api_key=demo.key, max_retries=0, timeout=20)
    plain = chat.chat.completions.create(
        model="standard", messages=[{"role": "user", "content": "echo: Grüße"}]
    )
    assert plain.choices[0].message.content == "Grüße"
    stream = chat.chat.completions.create(
        model="standard", stream=True, messages=[{"role": "user", "content": "echo: Grüße"}]
    )
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == "Grüße"
    tool = {"type": "function", "function": {"name": "wetter", "parameters": WEATHER}}
    called = chat.chat.completions.create(
        model="standard", tools=[tool], messages=[{"role": "user", "content": ask}]
    )
    assert called.choices[0].message.tool_calls

    messages = anthropic.Anthropic(base_url=demo.address, api_key=demo.key, max_retries=0, timeout=20)
    with messages.messages.stream(
        model="gruendlich", max_tokens=200, messages=[{"role": "user", "content": "echo: Grüße"}]
    ) as events:
        assert "".join(events.text_stream) == "Grüße"
    used = messages.messages.create(
        model="gruendlich", max_tokens=200, messages=[{"role": "user", "content": ask}],
        tools=[{"name": "wetter", "input_schema": WEATHER}],
    )  # fmt: skip
    assert used.stop_reason == "tool_use"
