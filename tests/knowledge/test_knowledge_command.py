"""The command as people and scripts use it."""

import io
import json
from pathlib import Path

import pytest

from leitstand.cli.main import run


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "urlaub.md").write_text("# Urlaub\n\nDer Jahresurlaub beträgt 30 Tage.\n", "utf-8")
    (folder / "plan.docx").write_bytes(b"PK")
    assert _run("knowledge", "add", str(folder), "--data", str(tmp_path / "data")) == 1
    told = capsys.readouterr()
    assert "1 added (1 passages)" in told.out
    assert "plan.docx" in told.err
    return str(tmp_path / "data")


def _run(*argv: str) -> int:
    return run(argv, lambda: None)


def test_search_prints_json(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("knowledge", "search", "--json", "-k", "10", "Urlaubstage", "--data", data) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["document"], result["place"]) == ("urlaub.md", "Zeile 3")


def test_batch_answers_each_line(
    data: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.StringIO('{"id": 7, "text": "Urlaub"}\n\n{"id": "x", "text": "Pumpe"}\n')
    )
    assert _run("knowledge", "search", "--batch", "-k", "3", "--data", data) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["id"] == 7
    assert set(first["results"][0]) == {"document", "chunk", "score"}
    assert second == {"id": "x", "results": []}


def test_a_bad_batch_line_is_named(
    data: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 1}\n'))
    assert _run("knowledge", "search", "--batch", "--data", data) == 2
    assert "line 1" in capsys.readouterr().err


def test_status_counts(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("knowledge", "status", "--json", "--data", data) == 0
    (collection,) = json.loads(capsys.readouterr().out)["collections"]
    assert (collection["collection"], collection["documents"]) == ("allgemein", 1)


def test_a_missing_path_or_query_is_a_wrong_question(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("knowledge", "add", "/nowhere/at/all", "--data", data) == 2
    assert _run("knowledge", "search", "--data", data) == 2
    assert "QUERY" in capsys.readouterr().err
