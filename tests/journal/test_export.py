"""What other programs get from the journal."""

import json
from collections.abc import Iterator
from decimal import Decimal

from journal_kit import START_US, House, record

from leitstand.journal.export import export


def lines(exported: Iterator[bytes]) -> list[dict[str, object]]:
    return [json.loads(line, parse_float=Decimal) for line in exported]


def test_a_line_holds_every_promised_key_with_its_unit(house: House):
    house.fill(1)
    (line,) = lines(export(house.engine))
    assert line == {
        "request_id": "req_000001",
        "kind": "interaction",
        "time": "2026-09-21T14:13:21.000000Z",
        "user": "jürgen",
        "use_case": "angebote",
        "department": "vertrieb",
        "key_id": "key_1",
        "model": "standard",
        "provider": "openai-eu",
        "provider_model": "gpt-4o-mini",
        "region": "eu",
        "data_class": "internal",
        "outcome": "ok",
        "code": "",
        "tokens": 121,
        "input_tokens": 101,
        "output_tokens": 20,
        "cached_tokens": 10,
        "reasoning_tokens": 5,
        "cost": Decimal("0.000415001"),
        "saved": 0,
        "latency_ms": Decimal("812.345"),
        "first_token_ms": Decimal("120.5"),
        "cache": "miss",
        "pseudonymised": 3,
        "fallback": 0,
        "estimated": False,
        "unpriced": False,
        "seq": 1,
        "hash": house.column("hash")[0],
        "detail": {"zone": "ä", "a": [1, "1", None, True, Decimal("1.5")]},
    }


def test_costs_keep_every_digit(house: House):
    amounts = [0, 1, 10, 123_456_789_123_456_789, -5, 1_000_000_000]
    house.spool_up(record(number, cost_nano=amount) for number, amount in enumerate(amounts))
    with house.writer() as writer:
        writer.drain()
    costs = [Decimal(str(line["cost"])) for line in lines(export(house.engine))]
    assert costs == [Decimal(amount) / 1_000_000_000 for amount in amounts]


def test_audit_events_come_only_when_asked_for(house: House):
    house.spool_up([record(1), record(2, id="evt_1", kind="identity.virtual_key.revoked")])
    with house.writer() as writer:
        writer.drain()
    assert [line["request_id"] for line in lines(export(house.engine))] == ["req_000001"]
    assert [line["kind"] for line in lines(export(house.engine, audit_events=True))] == [
        "interaction",
        "identity.virtual_key.revoked",
    ]


def test_a_period_includes_its_beginning_and_not_its_end(house: House):
    house.fill(5)
    chosen = export(house.engine, since_us=START_US + 2_000_000, until_us=START_US + 4_000_000)
    assert [line["seq"] for line in lines(chosen)] == [2, 3]


def test_an_export_of_many_pages_has_each_record_once(house: House):
    house.fill(2345)
    assert [line["seq"] for line in lines(export(house.engine))] == list(range(1, 2346))


def test_a_damaged_detail_does_not_stop_the_export(house: House):
    house.fill(2)
    house.sql("UPDATE journal SET detail = '{' WHERE seq = 1")
    assert next(line["detail"] for line in lines(export(house.engine))) == "{"
