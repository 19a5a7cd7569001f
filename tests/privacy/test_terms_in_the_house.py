"""Terms, decisions, agreements and erasures through a whole house: API, journal, hot reload, command line."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leitstand.app.desks import desks_of
from leitstand.app.house import House
from leitstand.app.jobs import dpa_reminders
from leitstand.app.protection_ports import contracts_told
from leitstand.configuration.file import read as read_file
from leitstand.core.clock import Clock
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.core.errors import InvalidRequest
from leitstand.policy.contracts import DPAExpiring
from leitstand.privacy.erasures import read, written
from leitstand.privacy.mask import scan
from support.house import leitstand
from support.turns import MemoryTurn

FILE = """
organisation: {name: Musterwerk GmbH}
privacy: {detection: rules}
providers:
  - {name: openai-eu, kind: openai, base_url: "https://eu.api.beispiel.example/v1", region: eu, dpa: {signed: 2020-01-15, expires: ENDS}}
  - {name: lokal, kind: openai_compatible, base_url: "http://127.0.0.1:9/v1", region: local}
models:
  - {name: standard, targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: lokal, model: llama}]}
users:
  - {name: anna, department: vertrieb, role: user}
  - {name: petra, department: it, role: admin}
"""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    ends = Clock().now().date() + timedelta(days=26)
    house = House(tmp_path, Clock())
    house.editor.apply(read_file(FILE.replace("ENDS", str(ends))), "test")
    await house.start()
    yield house
    await house.stop()


async def seen_by(house: House, department: str, text: str) -> list[str]:
    prompt = Prompt("chat", "standard", (Message("user", (Text(text),)),))
    scanned = scan(prompt, house.gateway.rules.scanner.of(department))
    return [text[each.start : each.end] for each in scanned.entities[0]]


async def test_a_kept_term_counts_at_once_and_the_journal_does_not_name_it(house: House) -> None:
    desk = desks_of(house).privacy
    body = {"text": "Projekt Nordlicht", "department": "vertrieb", "comment": "Kunde Beispielmann"}
    key = await asyncio.to_thread(desk.set_term, body, "petra")
    assert await seen_by(house, "vertrieb", "zu Projekt Nordlicht") == ["Projekt Nordlicht"]
    assert await seen_by(house, "it", "zu Projekt Nordlicht") == []
    await asyncio.to_thread(desk.remove_term, key, "petra")
    assert await seen_by(house, "vertrieb", "zu Projekt Nordlicht") == []
    exported = await asyncio.to_thread(_journal, house)
    assert {"configuration.term.created", "configuration.term.removed"} <= {row["kind"] for row in exported}
    assert "ordlicht" not in json.dumps(exported)
    assert "Beispielmann" not in json.dumps(exported)


def _journal(house: House) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from leitstand.store.schema import journal

    house.writer.drain()
    with house.engine.connect() as connection:
        return [
            dict(row._mapping)
            for row in connection.execute(select(journal.c.kind, journal.c.detail, journal.c.id))
        ]


async def test_a_pattern_that_does_not_hold_changes_nothing(house: House) -> None:
    desk = desks_of(house).privacy
    body = {"name": "alles", "expression": ".+", "examples": ["x1"]}
    with pytest.raises(InvalidRequest, match="ordinary letter"):
        await asyncio.to_thread(desk.set_pattern, body, "petra")
    assert desk.patterns() == []


async def test_reminders_are_written_once_per_step_and_told_to_others(house: House) -> None:
    heard: list[DPAExpiring] = []
    house.events.subscribe(DPAExpiring, heard.append)
    job = dpa_reminders.build(house)
    for _ in range(2):
        said = await asyncio.to_thread(job.work, MemoryTurn())
        assert "openai-eu" in said.de
    rows = await asyncio.to_thread(_journal, house)
    assert [row["kind"] for row in rows if row["kind"].startswith("policy.")] == ["policy.contract.reminded"]
    assert [(each.provider, each.days) for each in heard] == [("openai-eu", 26)] * 2
    told = contracts_told(desks_of(house).policy.processors())
    assert told is not None
    assert told[1].de == "openai-eu noch 26 Tage"


async def test_erasures_are_repeated_from_a_list_without_names(house: House) -> None:
    vault = house.vault
    text = "Frau Anna Kowalczyk und Herr Sven Wagner, anna.kowalczyk@beispiel.example"
    prompt = Prompt("chat", "standard", (Message("user", (Text(text),)),))
    scanned = scan(prompt, house.gateway.rules.scanner)
    vault.mask("mandant-17", scanned)
    assert {each.original for each in vault.find_person("Anna Kowalczyk", "petra")} == {
        "Anna", "Kowalczyk", "anna.kowalczyk@beispiel.example",
    }  # fmt: skip
    assert vault.count_scope("mandant-17")["Person"] == 2
    first = vault.erase_person("Anna Kowalczyk", "petra", "Art. 17")
    await asyncio.to_thread(house.writer.drain)
    listed = written(vault.erasures())
    assert "owalczyk" not in listed.lower()
    vault.mask("mandant-17", scanned)  # as a backup from before would bring it back
    again = vault.repeat(read(listed), "cli:root")
    assert again.entries == first.entries == 3
    assert [original for _, original in vault.mapping("mandant-17").entries] == ["Wagner", "Sven"]
    receipts = vault.erasures()
    assert (receipts[0].reason, receipts[0].entries) == ("Art. 17", 3)


def test_the_commands_explain_a_text_and_a_decision(tmp_path: Path) -> None:
    leitstand("config", "apply", "-", data=tmp_path, stdin=FILE.replace("ENDS", "2099-01-01"))
    done = leitstand(
        "privacy", "explain", "--json", "--user", "anna", data=tmp_path, stdin="Frau Anna Sommer"
    )
    told = json.loads(done.stdout)
    assert told["leaves"] == "Frau Vorname_001 Person_001"
    assert [each["provider"] for each in told["decision"]["targets"] if each["allowed"]] == [
        "openai-eu",
        "lokal",
    ]
    refused = leitstand(
        "policy", "explain", "--json", "--class", "special", "--model", "standard", data=tmp_path
    )
    reasons = {each["provider"]: each["reason"] for each in json.loads(refused.stdout)["targets"]}
    assert reasons == {"lokal": "allowed", "openai-eu": "region"}
