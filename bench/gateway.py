"""What the gateway adds to a call: latency and CPU, with key, rights, limits, masking, cache look-up and journal on.

Starts the provider simulator and `leitstand serve` on free ports of 127.0.0.1, then measures the same requests
directly and through the gateway in interleaved rounds. Prints a table and writes docs/benchmarks/gateway.md.

    python bench/gateway.py [--rounds 5] [--requests 400] [--no-write]

Open loop at 20 requests/s for latency (each request is timed from its scheduled moment), closed loop over 16
connections for CPU. CPU is what the kernel booked to the gateway's processes (user and system time).
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
RATE_PER_S = 20.0
CONNECTIONS = 16
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

PLAIN = "Fasse zusammen, was bei der Inbetriebnahme eines Förderbands zu beachten ist. Vorgang {n}."
PERSONAL = "Schreibe Frau Anna Müller (anna.mueller@kunde.example, 0711 1234567), dass ihr Angebot {n} noch bis Freitag gilt."


@dataclass
class Series:
    """Latencies of one kind of request on one way, seconds; cpu_us of the gateway per request."""

    latencies: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Client:
    """One kept-alive HTTP/1.1 connection, as cheap as a Python client gets."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._port, self._path = port, path
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, body: bytes) -> tuple[float, float]:
        """Seconds to the first body byte, and to the end of the answer."""
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        started = time.perf_counter()
        self._writer.write(
            f"POST {self._path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"{self._headers}content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lowered = head.lower()
        first = 0.0
        if b"transfer-encoding: chunked" in lowered:
            while True:
                size = int((await self._reader.readline()).split(b";")[0], 16)
                await self._reader.readexactly(size + 2)
                first = first or time.perf_counter() - started
                if size == 0:
                    break
        else:
            length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
            await self._reader.readexactly(length)
            first = time.perf_counter() - started
        if status != 200:
            raise RuntimeError(f"status {status} from port {self._port}{self._path}")
        return first, time.perf_counter() - started

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()


def body(text: str, n: str, model: str, stream: bool) -> bytes:
    """A chat request that no cache has seen."""
    return json.dumps(
        {"model": model, "stream": stream, "max_tokens": 300,
         "messages": [{"role": "user", "content": text.format(n=n)}]}
    ).encode()  # fmt: skip


async def open_loop(client_of: "ClientOf", bodies: list[bytes]) -> tuple[list[float], list[float]]:
    """Requests at a fixed rate; late ones count their lateness."""
    loop = asyncio.get_running_loop()
    idle = [client_of() for _ in range(8)]
    started = loop.time() + 0.05
    firsts: list[float] = []
    totals: list[float] = []

    async def one(due: float, payload: bytes) -> None:
        await asyncio.sleep(max(0.0, due - loop.time()))
        late = loop.time() - due
        client = idle.pop() if idle else client_of()
        first, total = await client.ask(payload)
        idle.append(client)
        firsts.append(first + late)
        totals.append(total + late)

    async with asyncio.TaskGroup() as group:
        for number, payload in enumerate(bodies):
            group.create_task(one(started + number / RATE_PER_S, payload))
    for client in idle:
        client.close()
    return firsts, totals


async def closed_loop(client_of: "ClientOf", bodies: list[bytes]) -> None:
    """All requests as fast as 16 connections carry them."""
    queue = list(bodies)

    async def worker() -> None:
        client = client_of()
        while queue:
            await client.ask(queue.pop())
        client.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())


ClientOf = "type[Client]"


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children so far."""
    total = 0.0
    for process in [pid, *children(pid)]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return total


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    with contextlib.suppress(FileNotFoundError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def resident_mb(pid: int) -> float:
    """Proportional set size in MB, the fair share of shared pages."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


CONFIGURATION = """
organisation: {{name: Bench GmbH, state: BW}}
providers:
  - {{name: sim, kind: openai, base_url: "http://127.0.0.1:{port}/bench/v1", api_key: "sk-bench-not-secret", region: eu, dpa: {{signed: 2026-01-01}}}}
models:
  - {{name: standard, cache: true, targets: [{{provider: sim, model: gpt-4o-mini}}]}}
use_cases:
  - {{name: bench, department: it, data_class: confidential, models: [standard], budget: {{eur_per_month: 100000}}}}
users:
  - {{name: bench, email: bench@bench.example, department: it, role: user}}
limits:
  - {{scope: "user:*", tokens_per_day: 2000000000, eur_per_day: 100000}}
  - {{scope: company, eur_per_month: 1000000}}
"""


@contextlib.contextmanager
def running() -> Iterator[tuple[int, int, str, int, float]]:
    """Simulator port, gateway port, key, the gateway's pid and its seconds from start to ready."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        simulator = subprocess.Popen(
            [sys.executable, "-m", "leitstand.simulator", "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        assert simulator.stdout is not None
        sim_port = json.loads(simulator.stdout.readline())["port"]
        (data / "bench.yaml").write_text(CONFIGURATION.format(port=sim_port))
        command = [sys.executable, "-m", "leitstand"]
        subprocess.run(
            [*command, "config", "apply", str(data / "bench.yaml"), "--data", folder],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        made = subprocess.run(
            [*command, "key", "create", "--user", "bench", "--use-case", "bench", "--json", "--data", folder],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        key = json.loads(made.stdout)["key"]
        started = time.perf_counter()
        gateway = subprocess.Popen(
            [*command, "serve", "--port", "0", "--data", folder], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "LEITSTAND_LOG_LEVEL": "warning"},
        )  # fmt: skip
        assert gateway.stdout is not None
        port = int(gateway.stdout.readline().rsplit(":", 1)[1].split("/")[0])
        ready_s = time.perf_counter() - started
        try:
            yield sim_port, port, key, gateway.pid, ready_s
        finally:
            for process in (gateway, simulator):
                process.terminate()
                process.wait(10)


def measure(rounds: int, requests: int) -> tuple[dict[tuple[str, str], Series], dict[str, float]]:
    """All series by (kind of request, way)."""
    series: dict[tuple[str, str], Series] = {}
    with running() as (sim_port, port, key, pid, ready_s):
        facts = {"start to ready, s": ready_s, "idle memory, MB": resident_mb(pid)}

        def through() -> Client:
            return Client(port, "/v1/chat/completions", {"authorization": f"Bearer {key}"})

        def direct() -> Client:
            return Client(
                sim_port, "/bench/v1/chat/completions", {"authorization": "Bearer sk-bench-not-secret"}
            )

        kinds = {
            "plain": (PLAIN, False), "plain, masked": (PERSONAL, False),
            "stream": (PLAIN, True), "stream, masked": (PERSONAL, True),
        }  # fmt: skip
        asyncio.run(closed_loop(through, [body(PLAIN, f"w{n}", "standard", False) for n in range(200)]))
        for turn in range(rounds):
            for kind, (text, stream) in kinds.items():
                for way, client_of, model in (
                    ("direct", direct, "gpt-4o-mini"),
                    ("gateway", through, "standard"),
                ):
                    entry = series.setdefault((kind, way), Series())
                    tag = f"{turn}-{way}"
                    few = [body(text, f"{tag}-l{n}", model, stream) for n in range(max(40, requests // 5))]
                    firsts, totals = asyncio.run(open_loop(client_of, few))
                    entry.first += firsts
                    entry.latencies += totals
                    many = [body(text, f"{tag}-c{n}", model, stream) for n in range(requests)]
                    before = cpu_s(pid)
                    asyncio.run(closed_loop(client_of, many))
                    time.sleep(0.3)  # the journal's writer belongs to the bill
                    entry.cpu_us.append((cpu_s(pid) - before) / requests * 1e6)
        hit = [body(PLAIN, "always the same", "standard", False)] * (requests + 1)
        asyncio.run(closed_loop(through, hit[:1]))
        before = cpu_s(pid)
        asyncio.run(closed_loop(through, hit[1:]))
        time.sleep(0.3)
        series["cache hit", "gateway"] = Series(cpu_us=[(cpu_s(pid) - before) / requests * 1e6])
        facts["memory after the run, MB"] = resident_mb(pid)
    return series, facts


def table(series: dict[tuple[str, str], Series], facts: dict[str, float]) -> str:
    """The result as Markdown."""
    lines = [
        "| request | direct p50 / p95 / p99, ms | through Leitstand p50 / p95 / p99, ms | added p50, ms | added p95 | added p99 | added first byte p50, ms | CPU µs per request |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(kind for kind, _ in series):
        there = series[kind, "gateway"]
        cpu = statistics.median(there.cpu_us)
        if (kind, "direct") not in series:
            lines.append(f"| {kind} | – | – | – | – | – | – | {cpu:.0f} |")
            continue
        here = series[kind, "direct"]
        quantiles = [
            [quantile(entry.latencies, share) * 1000 for share in (0.5, 0.95, 0.99)]
            for entry in (here, there)
        ]
        first = (quantile(there.first, 0.5) - quantile(here.first, 0.5)) * 1000
        shown = [" / ".join(f"{value:.2f}" for value in row) for row in quantiles]
        added = " | ".join(f"{b - a:.2f}" for a, b in zip(*quantiles, strict=True))
        lines.append(f"| {kind} | {shown[0]} | {shown[1]} | {added} | {first:.2f} | {cpu:.0f} |")
    lines += ["", *(f"- {name}: {value:.2f}" for name, value in facts.items())]
    return "\n".join(lines)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400, help="per round, kind and way")
    parser.add_argument("--no-write", action="store_true")
    args = parser.parse_args()
    series, facts = measure(args.rounds, args.requests)
    result = table(series, facts)
    print(result)
    if not args.no_write:
        cpu = next(
            (
                line.split(":", 1)[1].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")
            ),
            platform.machine(),
        )
        page = (
            "# What the gateway adds to a call\n\n"
            f"`make bench`, {datetime.now(UTC):%Y-%m-%d}, {cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"{args.rounds} interleaved rounds. Key, rights, limits, masking, cache look-up and journal are on; the upstream is the "
            "provider simulator on the same machine. Latency: open loop at 20 requests/s; CPU: closed loop over 16 connections, all "
            "processes of the gateway.\n\n"
        )
        (ROOT / "docs" / "benchmarks" / "gateway.md").write_text(page + result + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
