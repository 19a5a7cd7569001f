"""The published schema and page are those of the models; renew them by `leitstand config schema --write docs`."""

from pathlib import Path

from pydantic import BaseModel

from leitstand.configuration import models, reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_fresh() -> None:
    assert (DOCS / reference.SCHEMA_FILE).read_text(encoding="utf-8") == reference.json_schema()


def test_the_published_page_is_fresh() -> None:
    page = (DOCS / reference.DOCS_FILE).read_text(encoding="utf-8")
    assert reference.refreshed(page) == page


def test_every_field_is_described() -> None:
    sections = [
        each for each in vars(models).values() if isinstance(each, type) and issubclass(each, BaseModel)
    ]
    missing = [
        f"{section.__name__}.{name}"
        for section in sections
        if section is not BaseModel
        for name, field in section.model_fields.items()
        if not field.description
    ]
    assert missing == []
