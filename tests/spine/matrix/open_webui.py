"""Open WebUI, whose requests are made by hand: it is a server, not a library.

Source: its `backend/open_webui/routers/openai.py` (headers, list of models, chat), `routers/tasks.py` (titles, tags) and
`retrieval/utils.py` (embeddings), version 0.6. It keeps the ids of a chat to itself (`metadata`); filters and
functions that its users install put them into the request.
"""

import json
from typing import Any

import httpx2

from spine.matrix.cells import SAY, TEXT, TIMEOUT_S, At, Client, Place, Refused, row

_TITLE = (
    '### Task:\nGenerate a concise, 3-5 word title. JSON format: { "title": "your concise title here" }\n'
)
_TAGS = '### Task:\nGenerate 1-3 broad tags. JSON format: { "tags": ["tag1", "tag2"] }\n'
_IDS = {
    "chat_id": "8f8a2a4e-5a0e-4d1b-9f55-1f7a3f1a9d10",
    "session_id": "kq3v0mXo1lTtq0hGAAAB",
    "id": "0f4a1c67-7b1d-4f0e-b9c0-6c9ce1c58f5e",
}


class OpenWebUI(Client):
    title = "Open WebUI"
    packages = ()

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        headers = {
            "authorization": f"Bearer {place.key}",
            "content-type": "application/json",
            "X-OpenWebUI-User-Name": "Anna%20Beispiel",
            "X-OpenWebUI-User-Id": "d5a3f6c2-0c8b-4a41-9b2e-2f7a4c1d7c11",
            "X-OpenWebUI-User-Email": "anna@musterwerk.example",
            "X-OpenWebUI-User-Role": "user",
        }
        self._http = self.keep(httpx2.Client(base_url=place.base_url, headers=headers, timeout=TIMEOUT_S))

    def refusal(self, error: Exception) -> Refused | None:
        if not isinstance(error, httpx2.HTTPStatusError):
            return None
        return Refused(error.response.status_code, error.response.json()["error"]["message"])

    @row("List of models")
    def models(self, at: At) -> None:
        answer = self._http.get("/models").raise_for_status().json()
        assert at.model in [model["id"] for model in answer["data"]]

    @row("Chat")
    def chat(self, at: At) -> None:
        self._chat(at)

    @row("Chat, with settings of its page")
    def chat_with_settings(self, at: At) -> None:
        self._chat(at, temperature=0.7, top_p=0.9, max_tokens=500, seed=7, frequency_penalty=0.1)

    @row("Chat, with its own ids")
    def chat_with_ids(self, at: At) -> None:
        self._chat(at, **_IDS)

    @row("Title of a chat")
    def title_of_chat(self, at: At) -> None:
        self._task(at, _TITLE, '{ "title": "Pumpen" }', max_completion_tokens=1000)

    @row("Tags of a chat")
    def tags_of_chat(self, at: At) -> None:
        self._task(at, _TAGS, '{ "tags": ["Pumpen"] }')

    @row("Embeddings", "embeddings", "embeddings")
    def embeddings(self, at: At) -> None:
        answer = self._post("/embeddings", {"input": ["Angebot", "Urlaub"], "model": at.model}).json()
        first, second = [row["embedding"] for row in answer["data"]]
        assert first != second

    def _chat(self, at: At, **more: Any) -> None:
        turns = [{"role": "system", "content": "Antworten Sie kurz."}, {"role": "user", "content": SAY}]
        wish = {
            "stream": True,
            "model": at.model,
            "messages": turns,
            "stream_options": {"include_usage": True},
        }
        answer = self._post("/chat/completions", wish | more)
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
        assert events[-1] == "[DONE]"
        chunks = [json.loads(event) for event in events[:-1]]
        at.says(
            "".join(choice["delta"].get("content") or "" for c in chunks for choice in c["choices"]), TEXT
        )
        assert chunks[-1]["usage"]["completion_tokens"] > 0

    def _task(self, at: At, prompt: str, said: str, **more: Any) -> None:
        turn = {"role": "user", "content": f"{prompt}echo: {said}"}
        body = {"model": at.model, "messages": [turn], "stream": False, **more}
        answer = self._post("/chat/completions", body).json()
        at.says(answer["choices"][0]["message"]["content"], said)

    def _post(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        return self._http.post(path, json=body).raise_for_status()
