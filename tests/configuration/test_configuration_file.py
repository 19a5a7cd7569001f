"""A file is read as a whole: every fault with its line, its path and a next step."""

from datetime import date
from pathlib import Path

import pytest

from leitstand.configuration.checks import Known
from leitstand.configuration.file import Document, read
from leitstand.configuration.finding import Finding

TODAY = date(2026, 11, 23)


def found(text: str | bytes, known: Known | None = None) -> Document:
    return read(text, known, TODAY)


def only(text: str | bytes, known: Known | None = None) -> Finding:
    document = found(text, known)
    assert len(document.findings) == 1, document.findings
    return document.findings[0]


def test_the_example_has_no_error(example: str) -> None:
    document = found(example)
    assert document.ok
    assert {entry.kind for entry in document.entries} == {
        "organisation", "provider", "model", "use_case", "user", "limit", "price", "policy", "alert_channel",
        "exchange_rate", "privacy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "words"),
    [
        ("providerz: []", 1, 1, "providerz", "„providers“"),
        ("organisation:\n  nmae: X", 2, 3, "organisation.nmae", "„name“"),
        ("users:\n  - {name: a, rolle: user}", 2, 15, "users[0].rolle", "„role“"),
        ("users:\n  - {name: a, role: admn}", 2, 21, "users[0].role", "„admin“"),
        ("users:\n  - {name: 4711}", 2, 12, "users[0].name", "Anführungszeichen"),
        ("users:\n  - {name: ' a'}", 2, 12, "users[0].name", "Leerzeichen"),
        ("users:\n  - {name: a, email: nix}", 2, 22, "users[0].email", "E-Mail"),
        ("users:\n  - {role: user}", 2, 5, "users[0].name", "„name“ fehlt"),
        ("users: {name: a}", 1, 8, "users", "Liste"),
        ("users:\n  - a", 2, 5, "users[0]", "Schlüssel mit Werten"),
        ("limits:\n  - {scope: usr:a, eur_per_day: 1}", 2, 13, "limits[0].scope", "kein Geltungsbereich"),
        ("limits:\n  - {scope: company}", 2, 5, "limits[0]", "kein Maß"),
        ("limits:\n  - {scope: company, eur_per_day: -1}", 2, 35, "limits[0].eur_per_day", "mindestens 0"),
        ("limits:\n  - {scope: company, tokens_per_day: true}", 2, 38, "limits[0].tokens_per_day", "Zahl"),
        ("limits:\n  - {scope: company, eur_per_day: 1, at_limit: stop}", 2, 48, "limits[0].at_limit", "refuse"),
        ("limits:\n  - {scope: 'model:x', eur_per_day: 1}", 2, 13, "limits[0].scope", "gibt es nicht"),
        ("models:\n  - {name: m, targets: []}", 2, 24, "models[0].targets", "mindestens ein Ziel"),
        ("models:\n  - {name: m, targets: [{provider: x, model: y}]}", 2, 36, "models[0].targets[0].provider", "x"),
        ("use_cases:\n  - {name: u, models: [x]}", 2, 24, "use_cases[0].models[0]", "gibt es nicht"),
        ("use_cases:\n  - {name: u, data_class: geheim}", 2, 27, "use_cases[0].data_class", "confidential"),
        ("prices:\n  - {provider: x, model: y, input: 1, output: 1}", 2, 16, "prices[0].provider", "gibt es nicht"),
        ("policy: {persona: {regions: [eu]}}", 1, 10, "policy.persona", "„personal“"),
        ("policy: {personal: {regions: [de]}}", 1, 31, "policy.personal.regions[0]", "local"),
        ("organisation: {timezone: Europe/Stuttgart}", 1, 26, "organisation.timezone", "Zeitzone"),
        ("alerts: {channels: [{name: h, kind: webhook, url: hook}]}", 1, 51, "alerts.channels[0].url", "http"),
        ("users:\n  - name: a\n    name: b", 3, 5, "name", "Zeile 2"),
        ("users:\n  - {name: a}\n  - {name: a}", 3, 5, "users[1]", "doppelt"),
        ("users: [{name: a, email: x@y}, {name: b, email: X@y}]", 1, 49, "users[1].email", "„a“"),
        ("users: [\n", 2, 1, "", "nicht gültig"),
        ("a: *nirgends", 1, 4, "", "zeigt auf nichts"),
        ("a: !!python/object:os.system x", 1, 4, "", "nicht erlaubt"),
        ("a: 1\n---\nb: 2", 2, 1, "", "mehrere"),
        (b"organisation: {name: M\xfcller}", 1, 23, "", "UTF-8"),
        ("- x", 1, 1, "", "Schlüssel"),
    ],
)  # fmt: skip
def test_a_fault_is_found_at_its_place_with_a_next_step(
    text: str | bytes, line: int, column: int, path: str, words: str
) -> None:
    finding = only(text)
    assert (finding.line, finding.column, finding.path) == (line, column, path)
    assert words in f"{finding.message_de} {finding.hint_de}"
    assert finding.message_en
    assert finding.severity == "error"


def test_all_faults_are_told_at_once_in_the_order_of_lines() -> None:
    document = found(
        "organisation: {nme: X}\n"
        "providers:\n"
        "  - {name: a, kind: openia, regoin: eu}\n"
        "models:\n"
        "  - {name: m, cach: true, targets: [{provider: b, model: x}]}\n"
        "limits:\n"
        "  - {scope: 'use_case:zz', eur_per_day: -3}\n"
    )
    assert [(each.line, each.path) for each in document.errors] == [
        (1, "organisation.nme"),
        (3, "providers[0].kind"),
        (3, "providers[0].regoin"),
        (5, "models[0].cach"),
        (5, "models[0].targets[0].provider"),
        (7, "limits[0].scope"),
        (7, "limits[0].eur_per_day"),
    ]


def test_a_faulty_object_still_counts_as_named() -> None:
    document = found(
        "providers: [{name: a, kind: openia}]\nmodels: [{name: m, targets: [{provider: a, model: x}]}]"
    )
    assert [each.path for each in document.errors] == ["providers[0].kind"]


def test_a_file_may_name_what_a_page_created() -> None:
    text = "models: [{name: m, targets: [{provider: a, model: x}]}]"
    assert not found(text).ok
    assert found(text, Known({"provider": frozenset({"a"})})).ok


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("region: eu, dpa: {signed: 2024-01-01, expires: 2026-11-22}", "abgelaufen"),
        ("region: eu, dpa: {signed: 2024-01-01, expires: 2027-01-01}", "läuft am 01.01.2027 ab"),
        ("region: eu", "kein Auftragsverarbeitungsvertrag"),
        ("region: local, base_url: 'http://ki.example/v1', api_key: sk-1234", "Klartext"),
        ("region: eu, base_url: 'http://x.example/v1', dpa: {signed: 2024-01-01}", "unverschlüsselt"),
    ],
)
def test_what_deserves_a_look_is_a_warning_and_no_error(provider: str, words: str) -> None:
    document = found(f"providers: [{{name: a, kind: openai, {provider}}}]")
    assert document.ok
    assert [each.severity for each in document.findings] == ["warning"]
    assert words in document.findings[0].message_de


def test_no_message_contains_a_secret() -> None:
    document = found("providers: [{name: a, kind: openai, api_key: sk-very-secret, base_url: 'x'}]")
    assert document.findings
    assert "very-secret" not in str(document.findings)


@pytest.mark.parametrize("text", ["", "# nothing\n", "users:\n", "policy:\nlimits: []\n"])
def test_an_empty_file_names_nothing(text: str) -> None:
    assert found(text) == Document((), ())


def test_deep_nesting_is_a_finding_and_no_crash() -> None:
    assert "verschachtelt" in only("[" * 200_000).message_de


def test_aliases_that_grow_without_bound_are_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for previous, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{','.join(['*' + previous] * 10)}]\n"
    assert "zu viele Werte" in only(bomb).message_de


def test_an_alias_may_be_used_and_faults_show_where_it_was_written() -> None:
    text = "users:\n  - &a {name: a, department: &d vertrieb}\n  - {name: b, department: *d}\n"
    assert [entry.body["department"] for entry in found(text).entries] == ["vertrieb", "vertrieb"]


def test_a_secret_file_is_looked_for_beside_the_configuration_file(tmp_path: Path) -> None:
    path = tmp_path / "leitstand.yaml"
    path.write_text(
        "providers: [{name: a, kind: openai, region: local, base_url: 'http://ki.example/v1', api_key: 'file:key.txt'}]"
    )
    assert read(path).entries[0].body["api_key"] == f"file:{tmp_path / 'key.txt'}"


@pytest.mark.parametrize(
    "provider",
    [
        "{name: p, kind: openai, region: local}",
        '{name: p, kind: openai_compatible, base_url: "https://eu.api.openai.com/v1", region: local}',
        '{name: p, kind: anthropic, base_url: "https://API.ANTHROPIC.COM", region: local}',
    ],
)
def test_a_vendor_cannot_be_declared_to_stand_in_the_house(provider: str) -> None:
    (error,) = read(f"providers:\n  - {provider}\n").errors
    assert error.path == "providers[0].region"
    assert "clear text" in error.message_en


def test_an_own_server_may_stand_in_the_house() -> None:
    own = '{name: p, kind: openai_compatible, base_url: "http://ki.firma.example:8000/v1", region: local}'
    assert read(f"providers:\n  - {own}\n").errors == ()
