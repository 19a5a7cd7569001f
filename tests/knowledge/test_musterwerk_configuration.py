"""The invented company's configuration is valid and fits its documents."""

from leitstand.configuration.file import read
from leitstand.core.classes import Role
from leitstand.simulator.musterwerk import DOCUMENTS, configuration


def test_the_configuration_has_no_error_and_no_place_left_open() -> None:
    text = configuration("http://127.0.0.1:9900/")
    document = read(text.encode())
    assert document.errors == ()
    assert "{simulator}" not in text
    assert "http://127.0.0.1:9900/openai-eu/v1" in text


def test_all_roles_are_there_and_document_owners_are_users() -> None:
    users = [entry.body for entry in read(configuration("http://x")).entries if entry.kind == "user"]
    assert {user["role"] for user in users} == {role.value for role in Role}
    names = {user["display_name"] for user in users}
    for file in DOCUMENTS.glob("*.md"):
        owner = file.read_text("utf-8").partition("\nowner: ")[2].partition("\n")[0]
        assert owner in names, file.name
