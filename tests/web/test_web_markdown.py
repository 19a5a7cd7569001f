"""The Markdown subset, as the browser builds it."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.browser

CASES = [
    ("Ein *kursives* und **fettes** Wort", "<p>Ein <em>kursives</em> und <strong>fettes</strong> Wort</p>"),
    ("eins\nzwei", "<p>eins<br>zwei</p>"),
    ("eins\n\nzwei", "<p>eins</p><p>zwei</p>"),
    ("## Titel ##\nText", "<h2>Titel</h2><p>Text</p>"),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    ("- a\n  - b\n    - c\n- d", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>"),
    ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    ("- a\n\n- b\n\nText", "<ul><li>a</li><li>b</li></ul><p>Text</p>"),
    ("Text:\n- a", "<p>Text:</p><ul><li>a</li></ul>"),
    ("> Zitat\n> weiter", "<blockquote>Zitat<br>weiter</blockquote>"),
    ("a `x<y` b", "<p>a <code>x&lt;y</code> b</p>"),
    ("``a ` b``", "<p><code>a ` b</code></p>"),
    ("---", "<hr>"),
    ("snake_case_name und 2*3*4", "<p>snake_case_name und 2<em>3</em>4</p>"),
    ("5 * 3 * 2 = 30", "<p>5 * 3 * 2 = 30</p>"),
    ("\\*kein\\* Stern", "<p>*kein* Stern</p>"),
    ("~~alt~~ neu", "<p><s>alt</s> neu</p>"),
    ("Preis [1] und [99]", "<p>Preis <button>1</button> und [99]</p>"),
    ("**offen", "<p>**offen</p>"),
    ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    ("Der 1. Mai ist frei", "<p>Der 1. Mai ist frei</p>"),
    ("a | b", "<p>a | b</p>"),
]
_BUILD = """async ([url, text]) => {
    const { splitBlocks, buildBlock, inlineWith } = await import(url);
    const cite = (number) => { if (number > 9) return null; const b = document.createElement("button"); b.textContent = number; return b; };
    const inline = inlineWith((plain) => (plain ? [plain] : []), cite);
    const box = document.createElement("div");
    box.append(...splitBlocks(text).map((block) => buildBlock(block, inline, { code: "C", table: "T" })));
    return box.innerHTML;
}"""


def test_markdown_becomes_the_expected_nodes(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    url = _module(page)
    built = [page.evaluate(_BUILD, [url, text]) for text, _ in CASES]
    assert built == [html for _, html in CASES]


def test_tables_and_code_scroll_and_are_named(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    table = page.evaluate(_BUILD, [_module(page), "| A | B |\n|:--|--:|\n| 1 | **2** |\n| 3 |"])
    assert 'role="region" aria-label="T"' in table
    assert '<td class="num"><strong>2</strong></td>' in table
    assert table.count("<td") == 4
    code = page.evaluate(_BUILD, [_module(page), "```python\na = '**x**'\n"])
    assert "<code>a = '**x**'\n</code>" in code
    assert 'aria-label="C: python"' in code


BOMBS = [
    "[" * 20_000, "*" * 20_000, "> " * 5_000, "- " * 5_000, "_a" * 10_000, "`" * 20_000,
    "|" * 20_000 + "\n|-|", "**a" * 5_000, "[a](" * 5_000, "![" * 10_000, "  - a\n" * 3_000,
]  # fmt: skip


def test_hostile_lengths_are_read_in_bounded_time(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    timed = (
        "async (args) => { const began = performance.now(); "
        f"await ({_BUILD})(args); return performance.now() - began; }}"
    )
    slow = {bomb[:6]: took for bomb in BOMBS if (took := page.evaluate(timed, [_module(page), bomb])) > 1500}
    assert slow == {}


def _module(page: Any) -> str:
    source = page.locator("script[src$='js/chat.js']").get_attribute("src")
    assert json.dumps(source)
    return source.replace("chat.js", "markdown.js")
