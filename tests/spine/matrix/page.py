"""The page docs/clients.md, made from the outcomes of a run."""

from importlib.metadata import version

from spine.matrix.cells import Row
from spine.matrix.running import CLIENTS, PASSES, WITHOUT, Cell, Outcomes
from spine.matrix.truth import GAPS
from spine.matrix.truth import WITHOUT as UNSEEN
from spine.matrix.upstreams import UPSTREAMS, Upstream

_HEAD = """# Which client works with which provider

Made by `tests/spine/matrix/test_client_matrix.py` from a run through a whole house against simulated providers;
`LEITSTAND_WRITE_DOCS=1` writes it anew. How to point a client at Leitstand:
[programme-anschliessen.md](programme-anschliessen.md).

| sign | means |
|---|---|
| ✓ | works |
| ~ | the answer comes; the wish for reasoning changes nothing that the client sees |
| – | the provider has nothing of the sort: refused before the call, the error names the feature |
| · | the provider has it in an API that Leitstand does not speak: refused in the same way |

With a second target behind a model, a request goes to the first one that can serve it.
"""
_SIGNS = {PASSES: "✓", WITHOUT: "~"}
_REASONS = {"none": "–", "elsewhere": "·"}


def written(outcomes: Outcomes) -> str:
    """The whole page."""
    names = " | ".join(each.title for each in UPSTREAMS)
    parts = [_HEAD]
    for client in CLIENTS:
        parts.append(f"\n## {client.title}\n\n{_versions(client.packages)}")
        parts.append(f"| | {names} |\n|---{'|:-:' * len(UPSTREAMS)}|\n")
        for row in client.rows():
            signs = [_sign(row, each, outcomes[Cell(client, row, each)]) for each in UPSTREAMS]
            parts.append(f"| {row.title} | {' | '.join(signs)} |\n")
    parts.append(
        "\n## Gaps and where they are written\n\n| need | provider | sign | source |\n|---|---|:-:|---|\n"
    )
    titles = {each.name: each.title for each in UPSTREAMS}
    for need, gaps in GAPS.items():
        parts += [
            f"| {need} | {titles[at]} | {_REASONS[gap.reason]} | {gap.source} |\n" for at, gap in gaps.items()
        ]
        parts += [
            f"| {need} | {titles[at]} | ~ | {source} |\n" for at, source in UNSEEN.get(need, {}).items()
        ]
    return "".join(parts)


def _versions(packages: tuple[str, ...]) -> str:
    if not packages:
        return ""
    return f"Tested with {', '.join(f'{name} {version(name)}' for name in packages)}.\n\n"


def _sign(row: Row, upstream: Upstream, outcome: str) -> str:
    if (sign := _SIGNS.get(outcome)) is not None:
        return sign
    gap = GAPS[row.needs].get(upstream.name)
    return _REASONS[gap.reason] if gap and outcome == f"refused: {gap.feature}" else "fails"
