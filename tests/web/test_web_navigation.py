"""Two levels, only what exists, only what the viewer may open."""

from leitstand.core.classes import Role
from leitstand.identity.roles import Permission, permissions
from leitstand.web.navigation import AREAS, Entry, build_navigation
from leitstand.web.site import find_pages

ENTRIES = [entry for page in find_pages() for entry in page.entries]
MANY = [
    Entry(area, f"{area.label} {number}", "gauge", f"/{index}/{number}", Permission.CHAT_USE, number)
    for index, area in enumerate(AREAS)
    for number in (1, 2)
]


def test_users_see_the_chat_and_the_status_only() -> None:
    shown = build_navigation(ENTRIES, permissions(Role.USER), "/chat", str)
    assert [link.label for link in shown.links] == ["Chat", "Status"]


def test_few_entries_are_flat_and_the_open_one_is_marked() -> None:
    shown = build_navigation(ENTRIES, permissions(Role.POWER_USER), "/chat/con_1", str)
    assert not shown.groups
    assert [link.label for link in shown.links if link.current] == ["Chat"]


def test_an_administrator_sees_areas_and_the_pages_of_the_open_one() -> None:
    shown = build_navigation(ENTRIES, permissions(Role.ADMIN), "/betrieb/it", str)
    assert [group.label for group in shown.groups if group.open] == ["Lage"]
    assert [link.label for group in shown.groups for link in group.links if link.current] == ["IT-Betrieb"]


def test_many_entries_are_grouped_and_only_the_current_group_is_open() -> None:
    shown = build_navigation(MANY, permissions(Role.USER), "/1/2", str)
    assert [group.label for group in shown.groups if group.open] == [AREAS[1].label]
    assert not shown.links
    assert shown.groups[0].path == "/0/1"


def test_pages_have_names_of_their_own() -> None:
    slugs = [page.slug for page in find_pages()]
    assert len(slugs) == len(set(slugs))
    assert {"anmeldung", "chat", "it-betrieb", "start", "styleguide", "home"} <= set(slugs)
