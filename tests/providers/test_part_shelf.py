"""A shelf loads its parts by name and refuses to start with a bad one."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from leitstand.core import registry
from leitstand.core.registry import BadPart


def _shelf(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> ModuleType:
    package = folder / f"shelf_{folder.name.replace('-', '_')}"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    return __import__(package.name)


def test_parts_are_found_by_their_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = _shelf(tmp_path, monkeypatch, one="PART = 1 + 2j", two="PART = 5j")
    assert registry.load(shelf, "PART", "imag", complex) == {"2.0": 1 + 2j, "5.0": 5j}


@pytest.mark.parametrize("text", ["", "PART = 'x'"])
def test_a_file_without_its_part_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(BadPart, match="broken has no PART"):
        registry.load(_shelf(tmp_path, monkeypatch, broken=text), "PART", "imag", complex)


def test_two_parts_of_one_name_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = _shelf(tmp_path, monkeypatch, one="PART = 1j", two="PART = 1j")
    with pytest.raises(BadPart, match="taken"):
        registry.load(shelf, "PART", "imag", complex)
    assert sys.modules[f"{shelf.__name__}.two"]
