"""Musterwerk GmbH: an invented maker of conveyor belts, for the demo and the tests.

In: nothing. Out: the folder of its documents and its configuration file (`leitstand.yaml`, `dokumente/`).
Must not know: the product; people, figures and addresses here are all invented.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
DOCUMENTS = FOLDER / "dokumente"
CONFIGURATION = FOLDER / "leitstand.yaml"


def configuration(simulator_url: str) -> str:
    """The configuration file's text, its providers at the simulator's address (`http://HOST:PORT`)."""
    return CONFIGURATION.read_text("utf-8").replace("{simulator}", simulator_url.rstrip("/"))
