"""MCP servers and runs in the file: what it may say, what is refused, and what becomes of it."""

from datetime import date

import pytest
from configuration_support import Installation

from leitstand.app.rules import MCP_PREFIX, rulebook
from leitstand.configuration.current import load
from leitstand.configuration.file import read
from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.money import nano

TODAY = date(2026, 11, 23)


def findings(line: str, severity: str = "error") -> list[str]:
    text = f"mcp_servers:\n  - {line}\n"
    return [
        f"{each.path} {each.message('de')}"
        for each in read(text, None, TODAY).findings
        if each.severity == severity
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{name: Wiki, url: 'https://a.example/mcp'}", "name"),
        ("{name: a__b, url: 'https://a.example/mcp'}", "„__“"),
        ("{name: wiki}", "url"),
        ("{name: wiki, command: 'npx server'}", "command"),
        ("{name: wiki, url: 'http://a.example/mcp', region: eu}", "nur https://"),
        ("{name: wiki, url: 'https://a.example/mcp', tools: {allow: ['a b']}}", "kein Muster"),
        ("{name: wiki, url: 'https://a.example/mcp', roles: [king]}", "roles"),
        ("{name: wiki, url: 'https://a.example/mcp', use_cases: [nirgends]}", "nirgends"),
        ("{name: wiki, url: 'https://a.example/mcp', cost_per_call: -1}", "cost_per_call"),
        ("{name: wiki, url: 'https://a.example/mcp', max_result_kib: 100000}", "max_result_kib"),
    ],
)
def test_a_faulty_server_is_refused_with_its_reason(line: str, words: str) -> None:
    assert any(words in each for each in findings(line)), findings(line)


def apply(installation: Installation, text: str) -> None:
    installation.editor.apply(read(text, installation.editor.state().known, TODAY), "petra")


@pytest.mark.parametrize("host", ["10.0.0.5", "wiki.intern"])
def test_inside_the_house_http_is_enough(host: str) -> None:
    assert findings(f"{{name: wiki, url: 'http://{host}/mcp', region: local}}") == []


def test_a_server_outside_without_a_contract_is_doubted() -> None:
    line = "{name: wiki, url: 'https://a.example/mcp', region: eu}"
    assert any("Auftragsverarbeitungsvertrag" in each for each in findings(line, "warning"))


def test_a_literal_key_is_sealed_and_never_shown(installation: Installation) -> None:
    apply(
        installation, "mcp_servers:\n  - {name: wiki, url: 'https://a.example/mcp', api_key: geheim-4711}\n"
    )
    server = load(installation.engine).mcp_servers["wiki"]
    assert server.api_key == "sealed:mcp_server/wiki/api_key"
    assert "geheim-4711" not in str(installation.records)


def test_the_rules_say_what_the_file_says(installation: Installation) -> None:
    apply(
        installation,
        "use_cases:\n  - {name: service, runs: {max_steps: 5, max_eur: 0.5}}\n"
        "mcp_servers:\n  - {name: wiki, url: 'https://a.example/mcp', region: eu, dpa: {signed: 2026-01-15}, "
        "tools: {allow: ['a_*'], deny: [a_b]}, roles: [admin], use_cases: [service], data_class: internal, "
        "cost_per_call: 0.25, timeout: 7, max_result_kib: 3}\n",
    )
    book = rulebook(load(installation.engine), {f"{MCP_PREFIX}wiki": "geheim"})
    wiki, runs = book.tools["wiki"], book.use_cases["service"].runs
    assert (wiki.allow, wiki.deny, wiki.roles, wiki.use_cases) == (
        ("a_*",), ("a_b",), {Role.ADMIN}, {"service"},
    )  # fmt: skip
    assert (wiki.data_class, wiki.cost_nano, wiki.max_result_bytes) == (
        DataClass.INTERNAL,
        nano("0.25"),
        3072,
    )
    assert (wiki.target.region, wiki.target.secret, wiki.target.patience.total_s) == (Region.EU, "geheim", 7)
    assert wiki.offer.contract is not None
    assert (runs.max_steps, runs.max_nano) == (5, nano("0.5"))
