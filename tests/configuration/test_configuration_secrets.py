"""A secret is found by its reference, or the reason says what is missing."""

from pathlib import Path

import pytest
from configuration_support import Installation

from leitstand.configuration.secrets import SecretMissing, SecretResolver, load_sealer
from leitstand.core.sealing import Sealer


@pytest.fixture
def resolver(installation: Installation) -> SecretResolver:
    return SecretResolver(installation.engine, installation.editor.sealer)


def test_from_the_environment(resolver: SecretResolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHLUESSEL", " sk-1 \n")
    assert resolver.resolve("env:SCHLUESSEL") == "sk-1"
    monkeypatch.delenv("SCHLUESSEL")
    with pytest.raises(SecretMissing, match="SCHLUESSEL is not set"):
        resolver.resolve("env:SCHLUESSEL")


def test_from_a_file(resolver: SecretResolver, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-2\n")
    assert resolver.resolve(f"file:{path}") == "sk-2"
    path.write_text("\n")
    with pytest.raises(SecretMissing, match="empty"):
        resolver.resolve(f"file:{path}")
    with pytest.raises(SecretMissing, match="cannot be read"):
        resolver.resolve(f"file:{path}.nix")


def test_a_lost_master_key_is_named_and_the_secret_can_be_entered_again(installation: Installation) -> None:
    body = {"name": "a", "kind": "openai", "api_key": "sk-3"}
    installation.editor.set_object("provider", body, "anna")
    other = Sealer(bytes(32))
    resolver = SecretResolver(installation.engine, other)
    with pytest.raises(SecretMissing, match=r"master\.key"):
        resolver.resolve("sealed:provider/a/api_key")
    with pytest.raises(SecretMissing, match="not in the database"):
        resolver.resolve("sealed:provider/b/api_key")
    object.__setattr__(installation.editor, "sealer", other)
    assert installation.editor.set_object("provider", body, "anna").changes[0].renewed == ("api_key",)
    assert resolver.resolve("sealed:provider/a/api_key") == "sk-3"


def test_the_installations_own_keys_are_never_read_as_a_providers_key(
    resolver: SecretResolver, tmp_path: Path
) -> None:
    load_sealer(tmp_path)
    (tmp_path / "secrets" / "keys.pepper").write_bytes(b"pepper")
    for name in ("master.key", "keys.pepper"):
        with pytest.raises(SecretMissing, match="own keys"):
            resolver.resolve(f"file:{tmp_path / 'secrets' / name}")
