"""Starts the provider simulator as a process of its own, for any test that needs providers.

    with start_simulator() as simulator:
        simulator.faults("openai-eu", {"fault": "rate_limit"})
        ... ask a gateway whose provider has base_url=simulator.url("openai-eu") ...
        assert simulator.log("openai-eu", idle=True)[0]["outcome"] == "refused"

The control client blocks. In a test whose own event loop serves the gateway, call what waits (`arrived=`,
`idle=`) through `asyncio.to_thread`.
"""

import http.client
import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

_STOP_TIMEOUT_S = 10.0
_CALL_TIMEOUT_S = 70.0


class Simulator:
    """A running simulator: addresses, control, end."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    def root(self, provider: str) -> str:
        """Base address without version, as the `anthropic` SDK wants it."""
        return f"http://127.0.0.1:{self.port}/{provider}"

    def url(self, provider: str) -> str:
        """Base address with `/v1`, as the `openai` SDK and Leitstand's configuration want it."""
        return f"{self.root(provider)}/v1"

    def configure(self, provider: str, **settings: Any) -> None:
        """Set speed, key, limits …; what is left out goes back to its default."""
        self.control("PUT", quote(provider), settings)

    def faults(self, provider: str, *lines: dict[str, Any] | str) -> None:
        """Replace the fault script; a bare name stands for `{"fault": name}`, no line for no faults."""
        script = [{"fault": line} if isinstance(line, str) else line for line in lines]
        self.control("PUT", f"{quote(provider)}/faults", script)

    def log(
        self, provider: str, *, arrived: int = 0, idle: bool = False, wait_s: float = 5.0
    ) -> list[dict[str, Any]]:
        """Every request received. arrived, idle: wait for so many requests, for none in flight."""
        query = urlencode({"arrived": arrived, "idle": int(idle), "wait_s": wait_s})
        entries: list[dict[str, Any]] = self.control("GET", f"{quote(provider)}/log?{query}")
        return entries

    def summary(
        self, provider: str, *, arrived: int = 0, idle: bool = False, wait_s: float = 5.0
    ) -> dict[str, Any]:
        """Counts and sums; waits like `log`."""
        query = urlencode({"arrived": arrived, "idle": int(idle), "wait_s": wait_s})
        summary: dict[str, Any] = self.control("GET", f"{quote(provider)}/summary?{query}")
        return summary

    def contains(self, provider: str, *needles: str) -> list[str]:
        """Those of the texts that occur in any byte the provider received."""
        found = self.control("POST", f"{quote(provider)}/contains", {"needles": list(needles)})
        assert found["complete"], "the log has dropped requests: set `keep` higher"
        return list(found["found"])

    def reset(self, provider: str) -> None:
        """Forget settings, faults and requests."""
        self.control("DELETE", quote(provider))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Any control call below `/_sim/`; raises AssertionError with the reason when it is refused."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_CALL_TIMEOUT_S)
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, f"/_sim/{path}", payload)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        assert response.status == 200, answer
        return answer

    def stop(self) -> None:
        """End the process; a second call does nothing."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_STOP_TIMEOUT_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_simulator() -> Simulator:
    """Start a simulator on a free port and wait until it serves; it ends with this process at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "leitstand.simulator", "--port", "0", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the simulator did not start, exit code {process.wait(_STOP_TIMEOUT_S)}")
    return Simulator(process, json.loads(line)["port"])
