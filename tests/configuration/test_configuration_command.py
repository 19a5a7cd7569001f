"""`leitstand config` from outside: exit codes, lines, and the journal."""

import argparse
import json
from pathlib import Path

import pytest
from configuration_support import EXAMPLE

from leitstand.cli import config


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    config.register(parser.add_subparsers())
    args = parser.parse_args(["config", *map(str, words)])
    return int(args.run(args))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "leitstand.yaml"
    path.write_text(EXAMPLE)
    return path


def test_validate_needs_no_data_folder_and_makes_none(file: Path, tmp_path: Path) -> None:
    assert run("validate", file, "--data", tmp_path / "data") == 0
    assert not (tmp_path / "data").exists()


def test_validate_prints_file_line_column_and_hint(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("providers:\n  - name: a\n    knd: openai\n")
    assert run("validate", file, "--data", tmp_path / "data") == 1
    printed = capsys.readouterr().out.splitlines()
    assert f"{file}:3:5: error: The key 'knd' is unknown. (providers[0].knd)" in printed
    assert "    hint: Did you mean 'kind'?" in printed


def test_apply_then_diff_then_export(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert run("diff", file, "--data", data) == 1
    assert not data.exists()
    assert run("apply", file, "--data", data) == 0
    assert "+ provider openai-eu" in capsys.readouterr().out
    assert run("diff", file, "--data", data) == 0
    assert capsys.readouterr().out == "No change.\n"
    assert run("export", "--data", data) == 0
    exported = capsys.readouterr().out
    assert "geheim-123" not in exported
    file.write_text(exported)
    assert run("diff", file, "--data", data, "--json") == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_apply_writes_its_records_to_the_journal(file: Path, tmp_path: Path) -> None:
    assert run("apply", file, "--data", tmp_path / "data") == 0
    spooled = b"".join(path.read_bytes() for path in (tmp_path / "data" / "spool").iterdir())
    assert b"configuration.provider.created" in spooled
    assert b"geheim-123" not in spooled


def test_apply_of_a_faulty_file_applies_nothing(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(EXAMPLE + "modells: []\n")
    assert run("apply", file, "--data", tmp_path / "data") == 1
    assert "Did you mean 'models'?" in capsys.readouterr().err
    assert run("export", "--data", tmp_path / "data") == 0
    assert "providers" not in capsys.readouterr().out


def test_a_missing_file_is_a_wrong_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", tmp_path / "nix.yaml", "--data", tmp_path) == 2
    assert "nix.yaml: No such file" in capsys.readouterr().err


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False
