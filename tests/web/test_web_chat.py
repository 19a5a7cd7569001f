"""The chat with a browser: asking, stopping, asking again, editing, both views, hostile answers."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from memory_house import DONE, HARTMANN, SOMMER, masked
from playwright.sync_api import Page, expect

from leitstand.answers.events import ChatEvent, Delta, Failed, Segment
from leitstand.answers.values import Ask
from leitstand.core.errors import BudgetExhausted
from leitstand.core.i18n import Bilingual

pytestmark = pytest.mark.browser
Events = AsyncGenerator[ChatEvent, None]


def ask(page: Page, text: str) -> None:
    page.fill("#frage", text)
    page.keyboard.press("Enter")


def answers(page: Page) -> Any:
    return page.get_by_role("article", name="KI-Antwort")


def test_an_answer_streams_in_with_markup_sources_and_what_it_cost(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    ask(page, "Was kann ich Frau Sommer zusagen?")
    answer = answers(page)
    expect(answer.locator(".meta")).to_have_text(
        re.compile(
            "Stufe einfach, gpt-4o-mini.*azure-eu, EU.*1,6\u00a0s.*0,4\u00a0ct.*3 Angaben geschützt.*vertraulich"
        )
    )
    expect(answer.locator("strong")).to_have_text("Ende Januar ist mit Sonderlackierung nicht sicher.")
    expect(answer.locator("table td.num").first).to_have_text("9")
    expect(page.locator("#quellen h2")).to_have_text(
        ["1Lieferzeiten Serie FB", "2Preisliste Zusatzausstattung"]
    )
    expect(page).to_have_url(re.compile(r"/chat/con_\w+"))
    expect(page.locator("#talks a[aria-current]")).to_have_text("Was kann ich Frau Sommer zusagen?")
    sent = desk.house.chat.asked[0]
    assert (sent.use_case, sent.model, sent.language, sent.conversation) == ("angebote", "auto", "de", None)


def test_a_stored_conversation_looks_as_it_did_while_it_was_written(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    ask(page, "Was kann ich Frau Sommer zusagen?")
    expect(answers(page).locator(".meta")).to_be_visible()
    live = page.locator("#turns").inner_text()
    page.reload()
    expect(answers(page).locator(".meta")).to_be_visible()
    assert page.locator("#turns").inner_text() == live


def test_the_view_of_the_provider_shows_placeholders_in_question_and_answer(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    ask(page, "Schreibe an Frau Sommer.")
    expect(answers(page).locator(".meta")).to_be_visible()
    thread = page.locator("#turns")
    assert "Person_001" not in thread.inner_text()
    page.get_by_text("So sieht es der Anbieter").click()
    assert thread.inner_text().count(SOMMER.placeholder) == 2
    assert HARTMANN.placeholder in thread.inner_text()
    assert not {SOMMER.text, HARTMANN.text} & set(
        re.findall(r"Frau Sommer|Hartmann Fördertechnik", thread.inner_text())
    )
    page.get_by_text("Klartext").click()
    assert "Person_001" not in thread.inner_text()


class Held:
    """An answer that goes on only when the test says so."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.go = asyncio.Event()

    async def script(self, _ask: Ask) -> Events:
        self.loop = asyncio.get_running_loop()
        yield Delta((Segment("Der Anfang. "),))
        await self.go.wait()
        yield Delta((Segment("Das Ende."),))
        yield DONE

    def release(self) -> None:
        assert self.loop
        self.loop.call_soon_threadsafe(self.go.set)


def test_escape_stops_keeps_what_arrived_and_closes_the_backend(open_page: Any, desk: Any) -> None:
    desk.house.chat.script = Held().script
    page = open_page("/chat", "anna")
    ask(page, "Erzähle.")
    expect(answers(page)).to_contain_text("Der Anfang.")
    expect(answers(page).locator(".status")).to_have_text(re.compile(r"schreibt seit \d,\d s"))
    expect(page.get_by_role("button", name="Anhalten")).to_be_visible()
    page.keyboard.press("Escape")
    expect(answers(page).locator(".notice")).to_have_text("angehalten")
    expect(answers(page)).to_contain_text("Der Anfang.")
    expect(page.locator("#frage")).to_be_focused()
    for _ in range(100):
        if desk.house.chat.closed.is_set():
            break
        page.wait_for_timeout(20)
    assert desk.house.chat.closed.is_set()
    page.reload()
    expect(answers(page).locator(".notice")).to_have_text("angehalten")


def test_answering_again_adds_a_version_and_both_can_be_read(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    ask(page, "Was kann ich zusagen?")
    expect(answers(page).locator(".meta")).to_be_visible()

    async def other(_ask: Ask) -> Events:
        yield Delta((Segment("Eine andere Antwort."),))
        yield DONE

    desk.house.chat.script = other
    page.get_by_role("button", name="Neu beantworten").click()
    expect(answers(page).locator(".text")).to_have_text("Eine andere Antwort.")
    expect(page.locator(".variants")).to_contain_text("2 / 2")
    assert desk.house.chat.asked[1].regenerate_of
    page.get_by_role("button", name="Vorige Fassung").click()
    expect(answers(page)).to_contain_text("Ende Januar")
    expect(page.locator(".variants")).to_contain_text("1 / 2")
    expect(page.get_by_role("button", name="Nächste Fassung")).to_be_focused()


def test_editing_the_last_question_takes_its_place(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    ask(page, "Erste Fasung")
    expect(answers(page).locator(".meta")).to_be_visible()
    page.get_by_role("button", name="Ändern").click()
    expect(page.locator("#frage")).to_have_value("Erste Fasung")
    ask(page, "Erste Fassung")
    expect(answers(page).locator(".meta")).to_be_visible()
    expect(page.get_by_role("article", name="Ihre Frage")).to_have_count(1)
    expect(page.locator(".asked")).to_have_text("Erste Fassung")
    assert desk.house.chat.asked[1].replaces
    assert len(next(iter(desk.house.conversations.kept.values()))[1].turns) == 1


def test_shift_enter_makes_a_line_and_enter_sends(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    page.locator("#frage").press_sequentially("eins")
    page.keyboard.press("Shift+Enter")
    page.locator("#frage").press_sequentially("zwei")
    assert desk.house.chat.asked == []
    page.keyboard.press("Enter")
    expect(answers(page).locator(".meta")).to_be_visible()
    assert desk.house.chat.asked[0].text == "eins\nzwei"
    expect(page.locator("#frage")).to_have_value("")
    expect(page.locator("#frage")).to_be_focused()


def test_control_k_finds_a_conversation_by_its_title(open_page: Any, desk: Any) -> None:
    from leitstand.answers.values import Conversation

    for number, title in enumerate(("Wartung Ulm", "Zahlungsziele")):
        desk.house.conversations.put("anna", Conversation(f"con_{number}", title, "angebote", "auto", ()))
    page = open_page("/chat", "anna")
    page.keyboard.press("Control+k")
    expect(page.locator("#suche")).to_be_focused()
    page.keyboard.type("ulm")
    expect(page.locator("#talks li:visible")).to_have_text(["Wartung Ulm"])
    page.keyboard.type("xyz")
    expect(page.locator("#suche-leer")).to_be_visible()


def test_an_example_fills_the_field_without_sending_it(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    page.locator(".example").first.click()
    expect(page.locator("#frage")).to_have_value(re.compile("Frau Sommer"))
    expect(page.locator("#frage")).to_be_focused()
    assert desk.house.chat.asked == []


def test_the_chosen_use_case_shows_its_data_class_before_asking(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    expect(page.locator("#klasse")).to_have_text("Datenklasse vertraulich")
    page.select_option("#anwendungsfall", "allgemein")
    expect(page.locator("#klasse")).to_have_text("Datenklasse intern")
    ask(page, "Hallo")
    expect(answers(page).locator(".meta")).to_be_visible()
    assert desk.house.chat.asked[0].use_case == "allgemein"
    expect(page.locator("#fall")).to_have_text("Allgemein")


def test_a_refusal_says_why_with_its_id_and_the_conversation_goes_on(open_page: Any, desk: Any) -> None:
    async def refuse(_ask: Ask) -> Events:
        raise BudgetExhausted("Das Tagesbudget ist verbraucht (20,00 von 20,00 €).", "The budget is used up.")
        yield DONE

    desk.house.chat.script = refuse
    page = open_page("/chat", "anna")
    ask(page, "Hallo")
    expect(answers(page).locator(".notice")).to_contain_text("Das Tagesbudget ist verbraucht")
    expect(answers(page).locator(".notice")).to_contain_text("req_")
    expect(page.get_by_role("button", name="Neu beantworten")).to_be_visible()


def test_a_fault_in_the_middle_keeps_what_arrived(open_page: Any, desk: Any) -> None:
    async def fail(_ask: Ask) -> Events:
        yield Delta((Segment("Halb fertig"),))
        yield Failed(
            Bilingual("Der Anbieter ist ausgefallen.", "The provider is down."), "upstream_failed", "req_1"
        )

    desk.house.chat.script = fail
    page = open_page("/chat", "anna")
    ask(page, "Hallo")
    expect(answers(page)).to_contain_text("Halb fertig")
    expect(answers(page).locator(".notice")).to_contain_text("Der Anbieter ist ausgefallen.")


def test_a_backend_that_breaks_is_told_without_its_internals(open_page: Any, desk: Any) -> None:
    async def broken(_ask: Ask) -> Events:
        raise RuntimeError("geheime Einzelheit")
        yield DONE

    desk.house.chat.script = broken
    page = open_page("/chat", "anna")
    ask(page, "Hallo")
    expect(answers(page).locator(".notice")).to_contain_text("Die Antwort ist abgebrochen.")
    assert "geheime" not in page.content()


def test_an_ended_session_keeps_the_question_and_offers_the_sign_in(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna", expect_errors=True)
    desk.house.sessions.open.clear()
    ask(page, "Eine lange Frage")
    expect(page.locator("#stoerung")).to_contain_text("Ihre Sitzung ist abgelaufen.")
    expect(page.locator("#frage")).to_have_value("Eine lange Frage")
    expect(page.get_by_role("link", name="Neu anmelden")).to_have_attribute(
        "href", "/anmeldung?weiter=%2Fchat"
    )


HOSTILE = """# <img src=x onerror=alert(1)>

<script>window.hit = 1</script> **<b onmouseover=alert(1)>fett</b>**

[böse](javascript:window.hit=1) [data](data:text/html,<script>window.hit=1</script>)
[gut](https://ok.example/a?b=1&c="x") ![bild](https://leak.example/pixel.png) <https://auto.example/x>

| <i>a</i> | b |
|---|---|
| `</td><script>window.hit=1</script>` | "><svg onload=window.hit=1> |

```html"onload=window.hit=1
</code></pre><script>window.hit = 1</script>
```
\ue0005\ue001 \ue000\ue001 ***offen **und [nie](zu
"""


def test_hostile_answers_stay_text_and_only_http_links_become_links(open_page: Any, desk: Any) -> None:
    async def hostile(_ask: Ask) -> Events:
        for start in range(0, len(HOSTILE), 7):
            yield Delta((Segment(HOSTILE[start : start + 7]),))
        yield Delta((Segment("<b>Person</b>", "<i>Person_001</i>"),))
        yield DONE

    desk.house.chat.script = hostile
    page = open_page("/chat", "anna")
    ask(page, "<img src=x onerror=window.hit=1>")
    expect(answers(page).locator(".meta")).to_be_visible()
    text = answers(page).locator(".text")
    assert page.evaluate("window.hit") is None
    assert text.locator("img, script, svg, iframe, b, i, [onerror], [onload], [onmouseover]").count() == 0
    links = text.locator("a").evaluate_all("links => links.map(a => [a.protocol, a.rel])")
    assert links == [["https:", "noopener noreferrer nofollow"]] * 3
    assert "(ok.example)" in text.inner_text()
    page.reload()
    expect(answers(page).locator(".meta")).to_be_visible()
    assert page.evaluate("window.hit") is None


def test_an_answer_is_announced_sentence_by_sentence(open_page: Any, desk: Any) -> None:
    held = Held()
    desk.house.chat.script = held.script
    page = open_page("/chat", "anna")
    page.evaluate("""() => {
        window.said = [];
        new MutationObserver(() => window.said.push(document.getElementById("ansage").textContent))
            .observe(document.getElementById("ansage"), { childList: true });
    }""")
    ask(page, "Erzähle.")
    expect(page.locator("#ansage")).to_have_text("Der Anfang.")
    held.release()
    expect(page.locator("#ansage")).to_have_text("Das Ende.")
    assert page.evaluate("window.said") == ["Der Anfang.", "Das Ende."]


def test_text_that_is_already_there_keeps_its_nodes_while_more_arrives(open_page: Any, desk: Any) -> None:
    held = Held()

    async def script(asked: Ask) -> Events:
        yield Delta((Segment("Erster Absatz.\n\n"),))
        async for event in held.script(asked):
            yield event

    desk.house.chat.script = script
    page = open_page("/chat", "anna")
    ask(page, "Erzähle.")
    expect(answers(page)).to_contain_text("Der Anfang.")
    page.evaluate("window.first = document.querySelector('.message:not(.mine) .text p')")
    held.release()
    expect(answers(page).locator(".meta")).to_be_visible()
    assert page.evaluate("window.first.isConnected")


def test_copying_takes_the_text_of_the_shown_view(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "Hallo")
    expect(answers(page).locator(".meta")).to_be_visible()
    page.get_by_role("button", name="Kopieren").click()
    expect(page.get_by_role("button", name="Kopiert")).to_be_visible()
    assert "Grüße an Frau Sommer." in page.evaluate("navigator.clipboard.readText()")


def test_a_conversation_can_be_renamed_and_deleted(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    ask(page, "Hallo")
    expect(answers(page).locator(".meta")).to_be_visible()
    page.get_by_role("button", name="Gespräch umbenennen oder löschen").click()
    page.fill("#neuer-titel", "  Neuer   <b>Titel</b> ")
    page.get_by_role("button", name="Titel speichern").click()
    expect(page.locator("h1")).to_have_text("Neuer <b>Titel</b>")
    page.get_by_role("button", name="Gespräch umbenennen oder löschen").click()
    page.get_by_role("button", name="Gespräch löschen").click()
    expect(page.get_by_text("Das Gespräch ist gelöscht.")).to_be_visible()
    assert desk.house.conversations.kept == {}


def test_on_a_narrow_screen_a_citation_opens_the_sources_below_the_answer(open_page: Any) -> None:
    page = open_page("/chat", "anna", width=360, height=740)
    ask(page, "Hallo")
    expect(answers(page).locator(".meta")).to_be_visible()
    expect(page.locator("#quellen")).to_be_hidden()
    page.get_by_role("button", name="Quelle 2: Preisliste Zusatzausstattung").click()
    expect(answers(page).locator("details.below [data-number='2']")).to_be_visible()


def test_segments_of_the_test_house_mask_both_names() -> None:
    assert [segment.placeholder for segment in masked("Frau Sommer, Hartmann Fördertechnik")] == [
        "Person_001", None, "Firma_001",
    ]  # fmt: skip
