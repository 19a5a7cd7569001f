"""A model on this machine: llama.cpp's server as a child process on a loopback port.

It needs the optional extra: `pip install 'leitstand[llama]'`. What it serves is an `openai_compatible`
provider of region `local` like any other.
"""

import asyncio
import re
import socket
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from leitstand.providers.http.faults import HTTPFault
from leitstand.providers.http.pool import Pool
from leitstand.providers.http.request import HTTPRequest, Timeouts
from leitstand.providers.local_models import InstalledModel

_CHILD = Path(__file__).with_name("llama_child.py")
_START_S = 120.0
_STOP_S = 5.0
_POLL_S = 0.1
_ANSWER_S = 300.0
_KEPT_LINES = 30
_LIMIT_BYTES = 1024 * 1024
_PROBE = Timeouts(connect_s=1, first_byte_s=2, idle_s=2, total_s=3)


class RuntimeFailed(Exception):
    """The server did not start or did not answer; the message holds its last words and what to do."""


class Runtime:
    """One model, served from `async with` to its end."""

    def __init__(
        self,
        model: InstalledModel,
        *,
        python: str | None = None,
        context_tokens: int = 4096,
        start_s: float = _START_S,
    ) -> None:
        """python: the interpreter that has the extra; default: our own. start_s: how long loading may take."""
        self.model = model
        self.base_url = ""
        self._python = python or sys.executable
        self._context_tokens = context_tokens
        self._start_s = start_s
        self._process: asyncio.subprocess.Process | None = None
        self._words: deque[str] = deque(maxlen=_KEPT_LINES)
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Runtime":
        """Start it and wait until it answers. Raises RuntimeFailed."""
        port = _free_port()
        self.base_url = f"http://127.0.0.1:{port}/v1"
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(port),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as cause:
            raise RuntimeFailed(f"{self._python} cannot be started: {cause.strerror}") from cause
        self._reader = asyncio.create_task(self._listen(), name="llama-words")
        try:
            await self._until_ready()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child."""
        await self._stop()

    @property
    def pid(self) -> int:
        """The child's process id."""
        assert self._process is not None
        return self._process.pid

    def entry(self) -> dict[str, Any]:
        """The provider and the model as a piece of the configuration file."""
        return local_entry(f"lokal-{self.model.name}", self.base_url, [self.model.name])

    def _command(self, port: int) -> Sequence[str]:
        model = self.model
        return (
            self._python, str(_CHILD), "--model", str(model.path), "--model_alias", model.name,
            "--host", "127.0.0.1", "--port", str(port), "--n_ctx", str(self._context_tokens),
        )  # fmt: skip

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._words.append(line.decode("utf-8", "replace").rstrip())

    async def _until_ready(self) -> None:
        assert self._process is not None
        pool = Pool()
        try:
            async with asyncio.timeout(self._start_s):
                while not await _models(self.base_url, pool):
                    if self._process.returncode is not None:
                        raise RuntimeFailed(await self._last_words())
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as cause:
            raise RuntimeFailed(f"{self.model.name} was not ready after {self._start_s:g} s") from cause
        finally:
            await pool.close()

    async def _last_words(self) -> str:
        assert self._reader is not None
        await self._reader
        said = "\n".join(self._words)
        if re.search(r"No module named '?llama_cpp", said):
            return f"{self._python} has no llama-cpp-python; install the extra with: pip install 'leitstand[llama]'"
        return f"the server of {self.model.name} ended at once; its last words:\n{said}"

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if self._reader is not None:
            await self._reader


def local_entry(provider: str, base_url: str, models: Sequence[str]) -> dict[str, Any]:
    """A server inside the house as a piece of the configuration file, one public model per model of it."""
    return {
        "providers": [
            {"name": provider, "kind": "openai_compatible", "base_url": base_url, "region": "local"}
        ],
        "models": [{"name": model, "targets": [{"provider": provider, "model": model}]} for model in models],
    }


async def _models(base_url: str, pool: Pool) -> bool:
    try:
        async with pool.send(HTTPRequest("GET", f"{base_url}/models"), _PROBE) as answer:
            await answer.body(_LIMIT_BYTES)
            return answer.status == 200
    except HTTPFault:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ------------------------------------------------------------ trying a model out


@dataclass(frozen=True, slots=True)
class Trial:
    """How a model did. started_s, answered_s: seconds."""

    answer: str
    started_s: float
    answered_s: float
    output_tokens: int


class _Message(msgspec.Struct):
    content: str = ""


class _Choice(msgspec.Struct):
    message: _Message


class _Usage(msgspec.Struct):
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage = msgspec.field(default_factory=_Usage)


async def try_out(model: InstalledModel, question: str, *, python: str | None = None) -> Trial:
    """Start a model, ask it one question, end it. Raises RuntimeFailed."""
    now = asyncio.get_running_loop().time
    begun = now()
    async with Runtime(model, python=python) as runtime:
        ready = now()
        completion = await _ask(runtime, question)
        return Trial(
            completion.choices[0].message.content,
            ready - begun,
            now() - ready,
            completion.usage.completion_tokens,
        )


async def _ask(runtime: Runtime, question: str) -> _Completion:
    body = {
        "model": runtime.model.name,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": 200,
        "temperature": 0,  # the same answer every time
    }
    request = HTTPRequest(
        "POST",
        f"{runtime.base_url}/chat/completions",
        (("content-type", "application/json"),),
        msgspec.json.encode(body),
    )
    pool = Pool()
    try:
        async with pool.send(request, Timeouts(5, _ANSWER_S, _ANSWER_S, _ANSWER_S)) as answer:
            said = await answer.body(_LIMIT_BYTES)
            if answer.status != 200:
                raise RuntimeFailed(f"the server answered with status {answer.status}: {said[:300]!r}")
            return msgspec.json.decode(said, type=_Completion)
    except (HTTPFault, msgspec.DecodeError) as cause:
        raise RuntimeFailed(f"no answer: {cause}") from cause
    finally:
        await pool.close()
