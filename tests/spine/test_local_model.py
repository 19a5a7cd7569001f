"""An installed open model answers through the gateway while the application runs.

The weights are played by a stand-in for llama.cpp's server that speaks its wire format; real weights are asked
in tests/providers/test_local_runtime.py (marker `weights`).
"""

from pathlib import Path

import httpx2

from support.house import House, leitstand, wait_until

SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def _say(self, value):
        body = json.dumps(value).encode()
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self._say({"object": "list", "data": [{"id": args["--model_alias"], "object": "model"}]})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = {"role": "assistant", "content": "Lokal: " + asked["messages"][0]["content"]}
        self._say({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": args["--model_alias"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        })
    def log_message(self, *args): pass
HTTPServer((args["--host"], int(args["--port"])), Handler).serve_forever()
"""


def _stand_in(folder: Path) -> str:
    package = folder / "site" / "llama_cpp" / "server"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(SERVER)
    return str(folder / "site")


def test_an_installed_model_is_offered_and_gets_the_clear_text_in_the_house(tmp_path: Path) -> None:
    weights = tmp_path / "klein.gguf"
    weights.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + (1).to_bytes(8, "little") + bytes(64))
    with House() as house:
        house.apply("users:\n  - {name: anna, department: vertrieb, role: user}\n")
        leitstand("model", "install", str(weights), "--name", "klein", data=house.data)
        server = house.serve(environment={"PYTHONPATH": _stand_in(tmp_path)})
        headers = {"authorization": f"Bearer {house.key()}"}

        def is_offered() -> bool:
            listed = httpx2.get(f"{server.url}/v1/models", headers=headers, timeout=5).json()["data"]
            return any(model["id"] == "klein" for model in listed)

        wait_until(is_offered)
        answer = httpx2.post(
            f"{server.url}/v1/chat/completions", headers=headers, timeout=20,
            json={"model": "klein", "messages": [{"role": "user", "content": "Frau Anna Müller"}]},
        )  # fmt: skip
        assert answer.json()["choices"][0]["message"]["content"] == "Lokal: Frau Anna Müller"
        assert answer.headers["x-leitstand-provider"] == "lokal-klein"
        assert answer.headers["x-leitstand-pseudonymised"] == "0"
        assert answer.headers["x-leitstand-cost"] == "0"


def test_an_empty_installation_answers_with_the_built_in_answerer() -> None:
    with House() as house:
        house.apply("users:\n  - {name: anna, department: vertrieb, role: user}\n")
        server = house.serve()
        answer = httpx2.post(
            f"{server.url}/v1/chat/completions", timeout=20, headers={"authorization": f"Bearer {house.key()}"},
            json={"model": "hauswissen", "messages": [{"role": "user", "content": "Wie hoch ist die Reisekostenpauschale?"}]},
        )  # fmt: skip
        assert answer.status_code == 200
        assert answer.headers["x-leitstand-provider"] == "haus"
