"""Navigation: two levels, only entries of pages that exist, only those that the viewer may open."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from leitstand.identity.roles import Permission

FLAT_UP_TO = 8  # so many entries are shown without a second level


def N_(message: str) -> str:  # noqa: N802 - gettext's customary name for "translate later"
    """Mark a text for translation that is translated where it is shown."""
    return message


@dataclass(frozen=True)
class Area:
    """An entry of the first level. label: German source text."""

    label: str
    icon: str


# In the order of the design's table; an area without a visible page is not shown.
WORK = Area(N_("Arbeiten"), "message-square")
SITUATION = Area(N_("Lage"), "gauge")
USE_CASES = Area(N_("Anwendungsfälle"), "layers")
TEMPLATES = Area(N_("Vorlagen"), "file-text")
KNOWLEDGE = Area(N_("Wissen"), "book-open")
QUALITY = Area(N_("Qualität"), "thumbs-up")
RUNNING = Area(N_("Betrieb"), "activity")
COSTS = Area(N_("Kosten"), "wallet")
PROTECTION = Area(N_("Schutz und Nachweis"), "shield")
PEOPLE = Area(N_("Menschen"), "graduation-cap")
SYSTEM = Area(N_("System"), "settings")
AREAS = (
    WORK, SITUATION, USE_CASES, TEMPLATES, KNOWLEDGE, QUALITY, RUNNING, COSTS, PROTECTION, PEOPLE, SYSTEM,
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A page in the navigation. label: German source text; permission: what opening it needs."""

    area: Area
    label: str
    icon: str
    path: str
    permission: Permission
    order: int = 50


@dataclass(frozen=True)
class Link:
    """An entry as shown. current: the page itself is open."""

    label: str
    icon: str
    path: str
    current: bool


@dataclass(frozen=True)
class Group:
    """An area as shown: closed it is one link to its first page, open it shows its pages."""

    label: str
    icon: str
    path: str
    open: bool
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Navigation:
    """Either flat links or groups, never both."""

    links: tuple[Link, ...] = ()
    groups: tuple[Group, ...] = ()


def build_navigation(
    entries: Iterable[Entry], permissions: frozenset[Permission], path: str, say: Callable[[str], str]
) -> Navigation:
    """What a viewer with these permissions sees while `path` is open."""
    visible = sorted(
        (entry for entry in entries if entry.permission in permissions),
        key=lambda entry: (AREAS.index(entry.area), entry.order, entry.label),
    )
    if len(visible) <= FLAT_UP_TO:
        return Navigation(links=tuple(_link(entry, path, say) for entry in visible))
    return Navigation(groups=tuple(_group(area, visible, path, say) for area in AREAS if _of(area, visible)))


def _of(area: Area, entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.area == area]


def _link(entry: Entry, path: str, say: Callable[[str], str]) -> Link:
    current = path == entry.path or path.startswith(entry.path + "/")
    return Link(say(entry.label), entry.icon, entry.path, current)


def _group(area: Area, entries: Sequence[Entry], path: str, say: Callable[[str], str]) -> Group:
    links = tuple(_link(entry, path, say) for entry in _of(area, entries))
    return Group(say(area.label), area.icon, links[0].path, any(link.current for link in links), links)
