"""Changes are applied whole, once, with their audit records, and lead back to the same file."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from configuration_support import Installation
from sqlalchemy import text

from leitstand.configuration import repository
from leitstand.configuration.apply import Applied
from leitstand.configuration.current import load
from leitstand.configuration.export import export, lines
from leitstand.configuration.file import read
from leitstand.configuration.plan import plan
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.configuration.secrets import SecretResolver
from leitstand.core.classes import DataClass, Region
from leitstand.journal.records import Record
from leitstand.store.engine import open_engine


def apply(installation: Installation, source: str) -> Applied:
    return installation.editor.apply(read(source, installation.editor.state().known), "system")


def test_a_file_applied_twice_changes_nothing(installation: Installation, example: str) -> None:
    assert apply(installation, example).changes
    before = repository.version(installation.engine)
    assert apply(installation, example) == Applied([], [])
    assert repository.version(installation.engine) == before


def test_what_is_exported_leads_to_the_same_state(installation: Installation, example: str) -> None:
    apply(installation, example)
    exported = export(installation.editor.state())
    document = read(exported, installation.editor.state().known)
    assert document.ok
    assert plan(document.entries, installation.editor.state(), installation.editor.sealer).changes == []
    apply(installation, exported)
    assert export(installation.editor.state()) == exported


def test_an_export_rebuilds_an_empty_installation(installation: Installation, example: str) -> None:
    apply(installation, example.replace("geheim-123", "env:HIER"))
    exported, before = export(installation.editor.state()), load(installation.engine)
    with installation.engine.begin() as connection:
        connection.execute(text("DELETE FROM configuration"))
    apply(installation, exported)
    after = load(installation.engine)
    assert after.version > before.version
    assert after.providers == before.providers
    assert after.limits == before.limits
    assert after.prices == before.prices
    assert after.policy == before.policy


def test_what_the_file_does_not_name_stays(installation: Installation, example: str) -> None:
    apply(installation, example)
    installation.editor.set_object("user", {"name": "bert", "role": "admin"}, "anna")
    apply(installation, "users: [{name: anna, email: a@b.example}]")
    assert set(load(installation.engine).users) == {"anna", "bert"}


def test_a_key_that_a_page_set_stays_and_one_that_the_file_dropped_goes(installation: Installation) -> None:
    apply(installation, "users: [{name: anna, department: einkauf, role: admin}]")
    body = {"name": "anna", "department": "einkauf", "role": "admin", "active": False}
    installation.editor.set_object("user", body, "chef")
    apply(installation, "users: [{name: anna, department: einkauf}]")
    anna = load(installation.engine).users["anna"]
    assert not anna.active
    assert anna.role == "user"


def test_one_error_applies_nothing(installation: Installation) -> None:
    with pytest.raises(ConfigurationRefused, match="openia"):
        apply(installation, "users: [{name: anna}]\nproviders: [{name: a, kind: openia}]")
    assert load(installation.engine).users == {}
    assert installation.records == []


def test_each_change_is_recorded_with_before_and_after(installation: Installation) -> None:
    apply(installation, "limits: [{scope: company, eur_per_day: 5}]")
    installation.editor.set_object("limit", {"scope": "company", "eur_per_day": 7.5}, "anna")
    installation.editor.remove_object("limit", "company eur_per_day", "anna")
    created, changed, removed = installation.records
    assert [r.kind for r in installation.records] == [
        "configuration.limit.created",
        "configuration.limit.changed",
        "configuration.limit.removed",
    ]
    assert (created.user, changed.user) == ("system", "anna")
    assert created.detail["before"] is None
    assert (changed.detail["before"], changed.detail["after"]) == ({"eur_per_day": 5}, {"eur_per_day": 7.5})
    assert removed.detail["after"] is None


def test_no_secret_and_no_address_reaches_the_audit_trail(installation: Installation, example: str) -> None:
    records = str(apply(installation, example).records)
    for private in ("geheim-123", "anna@musterwerk.example", "Projekt Adler"):
        assert private not in records
    assert "'email': '***'" in records


def test_a_change_that_cannot_be_recorded_does_not_happen(installation: Installation) -> None:
    def full(_record: Record) -> None:
        raise OSError("no space left")

    object.__setattr__(installation.editor, "record", full)
    with pytest.raises(OSError, match="no space"):
        installation.editor.set_object("user", {"name": "anna"}, "chef")
    assert load(installation.engine).users == {}
    assert repository.version(installation.engine) == 0


def test_a_literal_secret_is_sealed_kept_renewed_and_forgotten(
    installation: Installation, example: str
) -> None:
    apply(installation, example)
    reference = load(installation.engine).providers["hier"].api_key or ""
    resolver = SecretResolver(installation.engine, installation.editor.sealer)
    assert reference == "sealed:provider/hier/api_key"
    assert resolver.resolve(reference) == "geheim-123"
    assert b"geheim-123" not in b"".join(path.read_bytes() for path in installation.data.glob("*.sqlite*"))
    assert "geheim-123" not in export(installation.editor.state())

    renewed = apply(installation, example.replace("geheim-123", "geheim-456"))
    assert [(change.name, change.renewed) for change in renewed.changes] == [("hier", ("api_key",))]
    assert renewed.records[0].detail["secrets_renewed"] == ["api_key"]
    assert "new secret" in "\n".join(lines(renewed.changes))
    assert resolver.resolve(reference) == "geheim-456"

    apply(installation, example.replace("geheim-123", "env:HIER"))
    assert "provider/hier/api_key" not in repository.secret_names(installation.engine)


def test_a_sealed_reference_of_another_installation_is_refused(installation: Installation) -> None:
    with pytest.raises(ConfigurationRefused, match="not in this installation"):
        installation.editor.set_object(
            "provider", {"name": "a", "kind": "openai", "api_key": "sealed:provider/a/api_key"}, "anna"
        )


def test_an_object_that_another_one_names_cannot_be_removed(installation: Installation, example: str) -> None:
    apply(installation, example)
    with pytest.raises(ConfigurationRefused, match="'openai-eu' is still used by model 'standard'"):
        installation.editor.remove_object("provider", "openai-eu", "anna")
    with pytest.raises(ConfigurationRefused, match="There is no provider 'nix'"):
        installation.editor.remove_object("provider", "nix", "anna")


def test_a_page_is_refused_with_all_reasons(installation: Installation) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        installation.editor.set_object("model", {"name": "m", "targets": [{"provider": "x"}], "cach": 1}, "a")
    assert {each.path for each in refused.value.findings} == {"targets[0].model", "cach"}
    with pytest.raises(ConfigurationRefused, match="There is no provider 'x'"):
        installation.editor.set_object(
            "model", {"name": "m", "targets": [{"provider": "x", "model": "y"}]}, "a"
        )


def test_the_difference_is_readable(installation: Installation, example: str) -> None:
    apply(installation, example)
    document = read("models: [{name: standard, cache: false, targets: [{provider: hier, model: l}]}]",
                    installation.editor.state().known)  # fmt: skip
    changes = plan(document.entries, installation.editor.state(), installation.editor.sealer).changes
    shown = lines(changes)
    assert shown[0] == "~ model standard"
    assert "    cache: true → false" in shown
    assert "    strategy: priority → —" in shown


def test_a_rule_of_the_policy_needs_a_data_class(installation: Installation) -> None:
    installation.editor.set_object("policy", {"regions": ["local"]}, "anna", name="personal")
    assert load(installation.engine).policy[DataClass.PERSONAL].regions == (Region.LOCAL,)
    with pytest.raises(ConfigurationRefused, match="'persona' is no data class"):
        installation.editor.set_object("policy", {"regions": ["local"]}, "anna", name="persona")


def test_the_longest_names_still_fit_the_column(installation: Installation) -> None:
    provider, model = "p" * 120, "m" * 199
    apply(installation, f"providers: [{{name: {provider}, kind: extractive}}]")
    for letter in "ab":
        body = {"provider": provider, "model": model + letter, "input": 1, "output": 1}
        installation.editor.set_object("price", body, "anna")
    prices = load(installation.engine).prices
    assert [len(name) for name in prices] == [200, 200]


def test_changes_made_at_once_by_several_processes_are_all_kept(installation: Installation) -> None:
    def one(number: int) -> None:
        engine = open_engine(installation.data)
        try:
            replace(installation.editor, engine=engine).set_object("user", {"name": f"u{number}"}, "anna")
        finally:
            engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(12)))
    configuration = load(installation.engine)
    assert len(configuration.users) == 12
    assert configuration.version == 12
