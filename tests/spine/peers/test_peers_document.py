"""The page of the thirty failures says what is so."""

import ast
import os
import re
from functools import cache
from pathlib import Path

import pytest

from spine.peers.peer_table import FAILURES, HERE, Failure, document

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "peer-failures.md"


@cache
def names_in(file: str) -> frozenset[str]:
    module = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_all_thirty_are_there_in_order() -> None:
    assert [row.number for row in FAILURES] == list(range(1, 31))


@pytest.mark.parametrize("row", FAILURES, ids=[str(row.number) for row in FAILURES])
def test_every_proof_is_a_test_and_what_has_none_says_so(row: Failure) -> None:
    for proof in row.proofs:
        file, _, test = proof.partition("::")
        assert test in names_in(file), proof
    assert row.proofs or row.missing


def test_every_test_of_a_failure_stands_in_its_row() -> None:
    named = {proof for row in FAILURES for proof in row.proofs}
    for file in sorted((ROOT / HERE).glob("test_peers_*.py")):
        for test in names_in(f"{HERE}/{file.name}"):
            if number := re.match(r"test_peer_(\d\d)_", test):
                assert f"{HERE}/{file.name}::{test}" in named, test
                assert f"{HERE}/{file.name}::{test}" in FAILURES[int(number[1]) - 1].proofs, test


def test_the_page_is_fresh() -> None:
    if os.environ.get("LEITSTAND_WRITE_DOCS") == "1":
        PAGE.write_text(document(), "utf-8")
    assert PAGE.read_text("utf-8") == document()
