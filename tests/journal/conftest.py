"""A data folder of its own for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_kit import House


@pytest.fixture
def house(tmp_path: Path, empty_folder: Path) -> Iterator[House]:
    """An installation without records."""
    yield from _copy_of(empty_folder, tmp_path / "data")


@pytest.fixture
def filled(tmp_path: Path, filled_folder: Path) -> Iterator[House]:
    """A stopped installation with the records 1 to 9."""
    yield from _copy_of(filled_folder, tmp_path / "data")


def _copy_of(template: Path, data: Path) -> Iterator[House]:
    shutil.copytree(template, data)
    built = House.open(data)
    yield built
    built.engine.dispose()


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = House.build(tmp_path_factory.mktemp("journal") / "empty")
    built.engine.dispose()
    return built.data


@pytest.fixture(scope="session")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = House.build(tmp_path_factory.mktemp("journal") / "filled")
    built.fill(9)
    built.engine.dispose()
    return built.data
