"""The decision on a request, as tables: what may go where, what is refused, and the reasons."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Media, Message, Opaque, Part, Prompt, Text, ToolResult
from leitstand.core.errors import InvalidRequest, ModelNotFound, NoTargetByPolicy, NotPermitted
from leitstand.identity.callers import Caller, Person
from leitstand.policy.admit import Admitted, Ask, Protection, admit
from leitstand.policy.rulebook import (
    DEFAULT_POLICY,
    GENERAL,
    Contract,
    Offer,
    PolicyRow,
    Route,
    Rulebook,
    UseCase,
)
from leitstand.providers.base import Target

C, R = DataClass, Region
TODAY = date(2026, 11, 23)
VALID = Contract(date(2026, 1, 15), date(2028, 1, 15))
ANNA = Person("anna", department="vertrieb")


def target(region: Region = R.EU, provider: str = "p") -> Target:
    return Target(provider, "openai", "m", region)


def route(*offers: Offer, name: str = "standard") -> Route:
    return Route(name, offers)


def rules(*offers: Offer, **more: Any) -> Rulebook:
    return Rulebook(routes={"standard": route(*offers)}, **more)


def prompt(*parts: Part, model: str = "standard") -> Prompt:
    return Prompt("chat", model, (Message("user", parts or (Text("Hallo"),)),))


def decide(
    book: Rulebook, asked: Prompt | None = None, caller: Caller | None = None, use_case: str | None = None,
    stated: DataClass | None = None, found: DataClass = C.PUBLIC, lacks: str | None = None,
    assigned: bool = False,
) -> Admitted:  # fmt: skip
    ask = Ask(caller or Caller(ANNA), asked or prompt(), use_case, stated, found, assigned)
    return admit(book, ask, TODAY, lambda _target, _prompt: lacks)


# ------------------------------------------------------------ class, region, contract

ALLOWED = {
    C.PUBLIC: {R.EU, R.US, R.OTHER, R.LOCAL},
    C.INTERNAL: {R.EU, R.US, R.LOCAL},
    C.CONFIDENTIAL: {R.EU, R.LOCAL},
    C.PERSONAL: {R.EU, R.LOCAL},
    C.SPECIAL: {R.LOCAL},
}  # product specification, section "policy" of the configuration file


@pytest.mark.parametrize(("data_class", "region", "contract"), list(product(C, R, (None, VALID))))
def test_the_policy_table_decides_by_class_region_and_contract(
    data_class: DataClass, region: Region, contract: Contract | None
) -> None:
    case = UseCase("fall", data_class=data_class)
    book = rules(Offer(target(region), contract), use_cases={"fall": case})
    in_region = region in ALLOWED[data_class]
    needs_contract = data_class > C.PUBLIC and region is not R.LOCAL
    if in_region and (contract or not needs_contract):
        assert [each.target.region for each in decide(book, use_case="fall").candidates] == [region]
        return
    with pytest.raises(NoTargetByPolicy) as refused:
        decide(book, use_case="fall")
    reason = "contract" if in_region else "region"
    assert refused.value.detail == {"data_class": data_class.word, "dropped": {"p": reason}}


@pytest.mark.parametrize("data_class", list(C))
@pytest.mark.parametrize("region", list(R))
def test_a_target_sees_placeholders_unless_it_is_in_the_house_or_the_data_public(
    data_class: DataClass, region: Region
) -> None:
    if region not in ALLOWED[data_class]:
        return
    case = UseCase("fall", data_class=data_class)
    (only,) = decide(
        rules(Offer(target(region), VALID), use_cases={"fall": case}), use_case="fall"
    ).candidates
    if region is R.LOCAL:
        assert only.protection is Protection.HOUSE
    else:
        assert only.protection is (Protection.RELEASED if data_class is C.PUBLIC else Protection.MASKED)


@pytest.mark.parametrize("region", list(R))
def test_a_use_case_that_always_pseudonymises_masks_in_the_house_and_public_data_too(region: Region) -> None:
    case = UseCase("fall", data_class=C.PUBLIC, always_pseudonymise=True)
    (only,) = decide(rules(Offer(target(region)), use_cases={"fall": case}), use_case="fall").candidates
    assert only.protection is Protection.MASKED


@pytest.mark.parametrize(
    ("signed", "expires", "valid"),
    [
        (date(2026, 11, 23), None, True),
        (date(2026, 11, 24), None, False),
        (date(2026, 1, 1), date(2026, 11, 23), True),
        (date(2026, 1, 1), date(2026, 11, 22), False),
        (date(2026, 11, 23), date(2026, 11, 23), True),
        (None, date(2099, 1, 1), False),
        (None, None, False),
    ],
)
def test_a_contract_counts_from_its_first_to_its_last_day(
    signed: date | None, expires: date | None, valid: bool
) -> None:
    assert Contract(signed, expires).is_valid(TODAY) is valid


@pytest.mark.parametrize(("case_class", "stated", "found"), list(product((C.PUBLIC, C.CONFIDENTIAL), (None, C.INTERNAL, C.SPECIAL), (C.PUBLIC, C.PERSONAL))))  # fmt: skip
def test_the_class_is_the_highest_of_use_case_statement_and_findings(
    case_class: DataClass, stated: DataClass | None, found: DataClass
) -> None:
    book = rules(Offer(target(R.LOCAL)), use_cases={"fall": UseCase("fall", data_class=case_class)})
    decided = decide(book, use_case="fall", stated=stated, found=found)
    assert decided.data_class == max(case_class, stated or C.PUBLIC, found)


def test_what_is_left_out_carries_its_reason_and_the_order_stays() -> None:
    offers = (
        Offer(target(R.US, "fern"), VALID), Offer(target(R.EU, "ohne")), Offer(target(R.EU, "mit"), VALID),
        Offer(target(R.LOCAL, "haus")),
    )  # fmt: skip
    decided = decide(rules(*offers), found=C.PERSONAL)
    assert [each.target.provider for each in decided.candidates] == ["mit", "haus"]
    assert [(drop.target.provider, drop.reason) for drop in decided.dropped] == [
        ("fern", "region"),
        ("ohne", "contract"),
    ]
    assert "us" in decided.dropped[0].de
    assert "personenbezogen" in decided.dropped[1].de
    assert "personal" in decided.dropped[1].en


def test_an_own_policy_takes_the_place_of_the_default() -> None:
    nowhere = {**DEFAULT_POLICY, C.INTERNAL: PolicyRow(frozenset(), pseudonymise=True, dpa=True)}
    with pytest.raises(NoTargetByPolicy):
        decide(rules(Offer(target(R.LOCAL)), policy=nowhere))


def test_a_route_without_targets_fails_closed() -> None:
    with pytest.raises(NoTargetByPolicy):
        decide(rules())


def test_a_refusal_says_whom_to_ask() -> None:
    with pytest.raises(NoTargetByPolicy, match=r"Ask: Petra Muster\.") as refused:
        decide(rules(Offer(target()), contact="Petra Muster"))
    assert "Fragen beantwortet: Petra Muster." in refused.value.de


# ------------------------------------------------------------ media

BASE64 = "QUJD" * 300
IMAGE = Media("image", "image/png", data="QUJD")
MEDIA_PARTS: dict[str, Part] = {
    "an image": IMAGE,
    "a sound": Media("audio", "audio/wav", data="QUJD"),
    "a file": Media("file", "application/pdf", data="QUJD", name="akte.pdf"),
    "an address of an image": Media("image", url="https://bilder.example/1.png"),
    "an image in a tool result": ToolResult("call_1", (Text("hier"), IMAGE)),
    "an unknown part with base64": Opaque("messages", {"source": {"type": "base64", "data": "QUJD"}}),
    "an unknown part with long bytes": Opaque("chat", {"deep": [{"bytes": BASE64}]}),
    "an unknown part with a data address": Opaque("chat", {"url": "data:image/png;base64,QUJD"}),
    "an unknown part in a tool result": ToolResult("call_1", (Opaque("chat", {"x": BASE64}),)),
}


@pytest.mark.parametrize("part", MEDIA_PARTS.values(), ids=MEDIA_PARTS.keys())
def test_what_no_detector_can_read_stays_in_the_house_from_class_personal_on(part: Part) -> None:
    book = rules(Offer(target(R.EU, "draussen"), VALID), Offer(target(R.LOCAL, "haus")))
    decided = decide(book, prompt(part), found=C.PERSONAL)
    assert [each.target.provider for each in decided.candidates] == ["haus"]
    assert [(drop.target.provider, drop.reason) for drop in decided.dropped] == [("draussen", "media")]


@pytest.mark.parametrize("part", MEDIA_PARTS.values(), ids=MEDIA_PARTS.keys())
def test_below_class_personal_media_may_go_where_the_class_may(part: Part) -> None:
    decided = decide(rules(Offer(target(R.EU), VALID)), prompt(part), found=C.CONFIDENTIAL)
    assert len(decided.candidates) == 1


def test_media_of_personal_class_without_a_house_is_refused() -> None:
    with pytest.raises(NoTargetByPolicy) as refused:
        decide(rules(Offer(target(), VALID)), prompt(IMAGE), stated=C.PERSONAL)
    assert refused.value.detail["dropped"] == {"p": "media"}


@pytest.mark.parametrize(
    "part",
    [
        Opaque("chat", {"text": "ein Satz " * 300}),
        Opaque("messages", {"type": "search", "query": "DIN 5008"}),
    ],
)
def test_an_unknown_part_of_plain_words_is_no_media(part: Part) -> None:
    decided = decide(rules(Offer(target(), VALID)), prompt(part), found=C.PERSONAL)
    assert len(decided.candidates) == 1


# ------------------------------------------------------------ use case, model, key

CASES = {
    "angebote": UseCase("angebote", data_class=C.PUBLIC, models=frozenset({"standard"})),
    "briefe": UseCase("briefe", data_class=C.PUBLIC, models=frozenset({"gross"})),
    "frei": UseCase("frei", data_class=C.PUBLIC),
}
TWO_MODELS = Rulebook(
    routes={name: route(Offer(target(R.LOCAL)), name=name) for name in ("standard", "gross")},
    use_cases=CASES,
)


def key(*use_cases: str, models: tuple[str, ...] = ()) -> Caller:
    return Caller(ANNA, "key_1", frozenset(use_cases), frozenset(models))


@pytest.mark.parametrize(
    ("caller", "named", "expected"),
    [
        (key(), None, GENERAL),
        (key(), GENERAL, GENERAL),
        (key(), "frei", "frei"),
        (key("frei"), None, "frei"),
        (key("frei"), "frei", "frei"),
        (key("frei", "angebote"), "angebote", "angebote"),
    ],
)
def test_the_use_case_is_the_named_one_or_the_only_one_of_the_key(
    caller: Caller, named: str | None, expected: str
) -> None:
    assert decide(TWO_MODELS, caller=caller, use_case=named).use_case.name == expected


@pytest.mark.parametrize(
    ("caller", "named", "error", "says"),
    [
        (key("frei", "angebote"), None, InvalidRequest, "covers several use cases .angebote, frei."),
        (key("frei", "angebote"), "briefe", NotPermitted, "not valid for the use case 'briefe'"),
        (key("frei"), GENERAL, NotPermitted, "only for frei"),
        (key(), "nie", InvalidRequest, "There is no use case 'nie'. There are: angebote, briefe, frei."),
        (key("weg"), None, InvalidRequest, "There is no use case 'weg'"),
    ],
)
def test_a_use_case_outside_the_key_or_unknown_is_refused(
    caller: Caller, named: str | None, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        decide(TWO_MODELS, caller=caller, use_case=named)


@pytest.mark.parametrize(
    ("caller", "use_case", "model", "error"),
    [
        (key(), "angebote", "standard", None),
        (key(), "angebote", "gross", NotPermitted),
        (key(), "frei", "gross", None),
        (key(models=("standard",)), "frei", "standard", None),
        (key(models=("standard",)), "frei", "gross", NotPermitted),
        (key(models=("gross",)), "angebote", "gross", NotPermitted),
        (key(), "frei", "nie", ModelNotFound),
    ],
)
def test_a_model_must_be_in_use_case_and_key(
    caller: Caller, use_case: str, model: str, error: type[Exception] | None
) -> None:
    asked = prompt(model=model)
    if error is None:
        assert decide(TWO_MODELS, asked, caller, use_case).route.name == model
        return
    with pytest.raises(error, match=model):
        decide(TWO_MODELS, asked, caller, use_case)


def test_a_model_that_a_limit_assigned_passes_the_lists_but_not_the_policy() -> None:
    caller = key(models=("standard",))
    assigned = decide(TWO_MODELS, prompt(model="gross"), caller, "angebote", assigned=True)
    assert assigned.route.name == "gross"
    far = Rulebook(routes={"gross": route(Offer(target(R.US), VALID), name="gross")}, use_cases=CASES)
    with pytest.raises(NoTargetByPolicy):
        decide(far, prompt(model="gross"), caller, "angebote", found=C.PERSONAL, assigned=True)


def test_a_configured_general_use_case_takes_the_place_of_the_built_in_one() -> None:
    own = {GENERAL: UseCase(GENERAL, data_class=C.CONFIDENTIAL)}
    assert decide(rules(Offer(target(R.LOCAL)), use_cases=own)).data_class is C.CONFIDENTIAL


def test_requests_without_a_use_case_are_internal() -> None:
    assert decide(rules(Offer(target(R.LOCAL)))).data_class is C.INTERNAL


def test_what_no_target_can_do_is_the_clients_mistake() -> None:
    with pytest.raises(InvalidRequest, match="does not support: audio"):
        decide(rules(Offer(target(), VALID)), lacks="audio")


def test_policy_speaks_before_capability() -> None:
    book = rules(Offer(target(R.US, "fern"), VALID), Offer(target(R.EU, "nah"), VALID))
    with pytest.raises(NoTargetByPolicy) as refused:
        decide(book, found=C.PERSONAL, lacks="audio")
    assert refused.value.detail["dropped"] == {"fern": "region", "nah": "capability"}
