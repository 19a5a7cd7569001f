"""A tool server as people see it: where it is, who may use what, how it is, which classes it gets."""

from dataclasses import dataclass
from datetime import date

from leitstand.core.classes import DataClass, Region, Role
from leitstand.gateway.tool_directory import ServerState
from leitstand.policy.rulebook import Rulebook, ToolServer
from leitstand.policy.tools import is_published, may_hold


@dataclass(frozen=True, slots=True)
class ToolServerView:
    """published, hidden: names of tools, as last known. roles, use_cases: empty for all.

    data_class: the highest class that it gets under policy and contract today; None: nothing goes there.
    """

    name: str
    title: str
    region: Region
    roles: tuple[Role, ...]
    use_cases: tuple[str, ...]
    published: tuple[str, ...]
    hidden: tuple[str, ...]
    state: ServerState
    data_class: DataClass | None

    @classmethod
    def of(cls, server: ToolServer, state: ServerState, rules: Rulebook, today: date) -> "ToolServerView":
        """The view of a server."""
        open_classes = [each for each in DataClass if may_hold(rules, server, each, today)]
        return cls(
            server.name,
            server.title,
            server.target.region,
            tuple(sorted(server.roles)),
            tuple(sorted(server.use_cases)),
            tuple(tool for tool in state.tools if is_published(server, tool)),
            tuple(tool for tool in state.tools if not is_published(server, tool)),
            state,
            max(open_classes, default=None),
        )
