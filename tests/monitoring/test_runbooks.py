"""Runbooks: one for every rule, in both languages, and nothing in them that does not exist."""

import argparse
import contextlib
import io
import re
import shlex

import pytest

from leitstand.cli import main
from leitstand.monitoring.runbook_shelf import Runbook, parse, runbook, slugs
from leitstand.monitoring.shelves import load_rules
from leitstand.web import site
from leitstand.web.plain_markdown import inline

LANGUAGES = ("de", "en")
BOOKS = [(slug, language) for slug in slugs() for language in LANGUAGES]


def text_of(book: Runbook) -> str:
    return "\n".join([book.meaning, *book.look, *book.steps, book.enough, book.call, *book.after])


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="leitstand")
    subparsers = made.add_subparsers(dest="command", required=True)
    for command in main._COMMANDS:
        command.register(subparsers)
    return made


PARSER = parser()


def test_each_rule_has_a_runbook_and_each_runbook_a_rule() -> None:
    assert {rule.runbook for rule in load_rules().values()} == set(slugs())


@pytest.mark.parametrize(("slug", "language"), BOOKS)
def test_a_runbook_has_steps_and_the_same_number_in_both_languages(slug: str, language: str) -> None:
    book, other = runbook(slug, language), runbook(slug, "de")
    assert book is not None
    assert other is not None
    assert len(book.steps) == len(other.steps) >= 3
    assert book.look
    assert book.after
    assert all(step.startswith("**") for step in book.steps)


@pytest.mark.parametrize(("slug", "language"), BOOKS)
def test_commands_in_runbooks_are_understood(slug: str, language: str) -> None:
    book = runbook(slug, language)
    assert book is not None
    for command in re.findall(r"`leitstand ([^`]+)`", text_of(book)):
        words = shlex.split(command.partition(">")[0])
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                PARSER.parse_args(words)
        except SystemExit:
            pytest.fail(f"leitstand {command}: {said.getvalue()}")


@pytest.mark.parametrize(("slug", "language"), BOOKS)
def test_pages_that_runbooks_link_to_exist(slug: str, language: str) -> None:
    book = runbook(slug, language)
    assert book is not None
    pages = {entry.path for page in site.find_pages() for entry in page.entries}
    for path in re.findall(r"\]\((/[^)]*)\)", text_of(book)):
        if path.startswith("/betrieb/anleitungen/"):
            assert path.rsplit("/", 1)[1] in slugs(), path
        else:
            assert path in pages, path


def test_an_unknown_runbook_is_none_and_no_path_leads_out_of_the_folder() -> None:
    assert runbook("gibt-es-nicht", "de") is None
    assert runbook("../incidents", "de") is None
    assert runbook("verstoss", "fr") is None


def test_a_text_without_its_sections_is_refused() -> None:
    with pytest.raises(ValueError, match="Zuerst ansehen"):
        parse("x", "# Titel\n\nText\n\n## Schritte\n1. a", "de")


def test_marks_become_html_and_everything_else_is_escaped() -> None:
    shown = inline("**Jetzt** `a<b` [Seite](/status) [fremd](javascript:alert(1)) <script>")
    assert shown.startswith('<strong>Jetzt</strong> <code>a&lt;b</code> <a href="/status">Seite</a>')
    assert "<script>" not in shown
    assert 'href="javascript' not in shown
