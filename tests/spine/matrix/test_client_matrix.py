"""Every client does everything it can with every provider, or is told clearly before the call what is not there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from spine.matrix import page, running
from spine.matrix.cells import Client, Place, Row
from spine.matrix.running import CELLS, CLIENTS, Outcomes
from spine.matrix.truth import GAPS, WITHOUT, expected
from spine.matrix.upstreams import UPSTREAMS, house
from support.simulator import Simulator

DOCUMENT = Path(__file__).parents[3] / "docs" / "clients.md"
pytestmark = pytest.mark.timeout(300)  # the first test waits for the whole run, on a busy machine too
ROWS = [(client, row) for client in CLIENTS for row in client.rows()]


@pytest.fixture(scope="module")
def outcomes(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """The whole run, made once."""
    with house(simulator, tmp_path_factory.mktemp("konto")) as built:
        key = built.key()
        yield running.run(Place(built.serve().url, key), simulator)


@pytest.mark.parametrize(
    ("client", "row"), ROWS, ids=[f"{client.__name__}-{row.method}" for client, row in ROWS]
)
def test_a_client_gets_what_the_provider_has_and_a_clear_refusal_of_the_rest(
    outcomes: Outcomes, client: type[Client], row: Row
) -> None:
    seen = {
        cell.upstream.name: outcome
        for cell, outcome in outcomes.items()
        if (cell.client, cell.row) == (client, row)
    }
    assert seen == {each.name: expected(row.needs, each.name) for each in UPSTREAMS}


def test_every_gap_is_met_by_a_row_and_a_provider() -> None:
    """No line of truth.py is dead."""
    names = {each.name for each in UPSTREAMS}
    assert {row.needs for _, row in ROWS} == GAPS.keys()
    assert WITHOUT.keys() <= GAPS.keys()
    assert all(gaps.keys() <= names for gaps in (*GAPS.values(), *WITHOUT.values()))
    assert len(CELLS) == len(ROWS) * len(UPSTREAMS)


def test_the_table_in_the_documentation_is_what_happened(outcomes: Outcomes) -> None:
    written = page.written(outcomes)
    if os.environ.get("LEITSTAND_WRITE_DOCS") == "1":
        DOCUMENT.write_text(written, "utf-8")
    assert DOCUMENT.read_text("utf-8") == written
