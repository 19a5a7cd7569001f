"""`/api/usage`: findings for those who may act and for those they are about, verdicts and reviews."""

import pytest

from api.admin_desk import Desk
from leitstand.accounting.unusual.findings import JUDGED
from leitstand.accounting.unusual.values import Unusual
from leitstand.reports.review.desk import GENERATED

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_findings_are_seen_by_those_who_act_and_those_they_are_about(desk: Desk) -> None:
    rows, now_us = desk.house.unusual.rows, desk.house.clock.time_us()
    for scope in ("user:anna", "use_case:angebote"):
        rows.add(
            f"unu_{scope}", Unusual(scope, "hour", "cost_nano", 9_000_000_000, 10_000_000, 10**9), now_us
        )
    seen = {
        who: {each["scope"] for each in (await desk.ask(who, "GET", "/api/usage/unusual")).json()}
        for who in ("petra", "anna", "ben", "paul")
    }
    assert seen["petra"] >= {"user:anna", "use_case:angebote"}
    assert (seen["anna"], seen["ben"], seen["paul"]) == ({"user:anna"}, set(), set())


async def test_a_verdict_needs_its_right_and_is_an_audit_event(desk: Desk) -> None:
    unusual = Unusual("user:ben", "day", "tokens", 9_000_000, 10_000, 10**6)
    desk.house.unusual.rows.add("unu_ben", unusual, desk.house.clock.time_us())
    path, wish = "/api/usage/unusual/unu_ben/verdict", {"verdict": "expected", "note": "Messe"}
    assert (await desk.ask("ben", "POST", path, wish)).status_code == 403
    answer = await desk.ask("petra", "POST", path, wish)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "expected")
    assert [event["user"] for event in await desk.events(JUDGED)] == ["petra"]
    assert (await desk.ask("petra", "POST", "/api/usage/unusual/nix/verdict", wish)).status_code == 404


async def test_a_review_is_made_read_and_written_on(desk: Desk) -> None:
    month = (await desk.ask("petra", "GET", "/api/usage/reviews")).json()["last_month"]
    path = f"/api/usage/reviews/{month}"
    assert (await desk.ask("petra", "GET", path)).status_code == 404
    assert (await desk.ask("paul", "POST", path)).status_code == 403
    made = await desk.ask("petra", "POST", path)
    assert (made.status_code, made.json()["month"], made.json()["revision"]) == (201, month, 1)
    assert (await desk.ask("petra", "PUT", f"{path}/notes", {"notes": "Bleibt."})).status_code == 204
    read = (await desk.ask("petra", "GET", path)).json()
    assert (read["notes"], read["notes_by"]) == ("Bleibt.", "petra")
    assert [event["user"] for event in await desk.events(GENERATED)] == ["petra"]
    assert (await desk.ask("petra", "POST", "/api/usage/reviews/heute")).status_code == 400
