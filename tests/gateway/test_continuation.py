"""Answers that break off are continued by a target that can do so: one beginning, nothing twice, both booked."""

from contextlib import aclosing
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.gateway_kit import END, PlainErrand, ScriptedDoor, Step, fault, target
from leitstand.core.conversation import (
    AnswerFormat,
    Frame,
    Message,
    Prompt,
    Started,
    Stopped,
    StopReason,
    Text,
    TextDelta,
    ThinkingDelta,
    ToolCallStarted,
    Usage,
    Used,
)
from leitstand.gateway.continuation import SHORTEST_OVERLAP, Joint
from leitstand.gateway.health import Health
from leitstand.gateway.routing import BrokenOff, Router
from leitstand.policy.admit import Candidate, Protection
from leitstand.policy.rulebook import Offer, Route
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.restore import Restorer
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind

K = FaultKind
CUT = fault(K.CUT, answered=True)
PROMPT = Prompt("chat", "standard", (Message("user", (Text("Frage"),)),), stream=True, max_tokens=50)
BEGUN = Frame((Started("a", "m"),), raw=b'{"id":"a"}')


def says(text: str) -> Frame:
    return Frame((TextDelta(text),), raw=b"{}")


def masked(provider: str) -> Candidate:
    return Candidate(Offer(target(provider)), Protection.MASKED)


class Able:
    """Abilities by name of the provider."""

    def __init__(self, *able: str) -> None:
        self._able = able

    def window(self, _target: Target) -> int | None:
        return None

    def continues(self, target: Target, _prompt: Prompt) -> bool:
        return target.provider in self._able


class Played:
    """A sending with continuation; `text` is what the client reads, up to the error if there is one."""

    def __init__(
        self, scripts: dict[str, list[list[Step]]], *able: str, prompt: Prompt = PROMPT,
        candidates: tuple[Candidate, ...] = (masked("p1"), masked("p2")),
    ) -> None:  # fmt: skip
        self.door = ScriptedDoor(scripts)
        self.errand = PlainErrand(candidates, Route("standard", (), continuation=True), prompt)
        self.router = Router(self.door, Health(), lambda _target: Decimal(0), None, Able(*able))
        self.frames: list[Frame] = []

    async def run(self) -> "Played":
        async with aclosing(self.router.send(self.errand)) as answer:
            async for _, frame in answer:
                self.frames.append(frame)
        return self

    @property
    def text(self) -> str:
        return "".join(c.text for f in self.frames for c in f.chunks if isinstance(c, TextDelta))

    def count(self, kind: type) -> int:
        return sum(isinstance(chunk, kind) for frame in self.frames for chunk in frame.chunks)


async def test_the_same_target_goes_on_after_a_cut() -> None:
    done = await Played({"p1": [[BEGUN, says("eins zwei"), CUT], [BEGUN, says(" drei"), END]]}, "p1").run()
    assert done.text == "eins zwei drei"
    assert (done.count(Started), done.count(Stopped)) == (1, 1)
    assert done.errand.trace.continued == 1


async def test_the_text_so_far_is_sent_as_the_beginning_of_the_answer_within_the_same_cap() -> None:
    done = await Played({"p1": [[says("eins zwei "), CUT], [says("drei"), END]]}, "p1").run()
    first, second = done.door.prompts
    assert second.messages == (*first.messages, Message("assistant", (Text("eins zwei"),)))
    assert second.max_tokens == 50 - 3
    assert done.text == "eins zwei drei"


async def test_after_a_silence_another_target_is_preferred() -> None:
    silent = fault(K.TIMEOUT_IDLE, answered=True)
    done = await Played({"p1": [[says("eins"), silent]], "p2": [[says(" zwei"), END]]}, "p1", "p2").run()
    assert done.door.asked == ["p1", "p2"]
    assert done.text == "eins zwei"


async def test_a_target_that_cannot_continue_is_left_out() -> None:
    done = await Played({"p1": [[says("eins"), CUT]], "p2": [[says(" zwei"), END]]}, "p2").run()
    assert done.door.asked == ["p1", "p2"]


async def test_faults_of_the_continuation_before_its_text_go_to_the_next() -> None:
    scripts: dict[str, list[list[Step]]] = {
        "p1": [[says("eins"), CUT], [fault(K.OVERLOADED)]],
        "p2": [[says(" zwei"), END]],
    }
    assert (await Played(scripts, "p1", "p2").run()).text == "eins zwei"


async def test_a_continuation_that_breaks_off_is_continued_once_more_and_no_further() -> None:
    steps: list[list[Step]] = [[says("a"), CUT], [says("b"), CUT], [says("c"), CUT], [says("d"), END]]
    played = Played({"p1": steps}, "p1")
    with pytest.raises(BrokenOff):
        await played.run()
    assert played.text == "abc"
    assert played.door.prompts[-1].messages[-1] == Message("assistant", (Text("ab"),))


async def test_when_nobody_can_continue_it_is_the_one_error_of_the_stream() -> None:
    played = Played({"p1": [[says("eins"), CUT]]})
    with pytest.raises(BrokenOff) as broken:
        await played.run()
    assert "p1" in broken.value.refusal.en
    assert played.text == "eins"


async def test_a_refused_continuation_is_the_one_error_of_the_stream() -> None:
    played = Played({"p1": [[says("eins"), CUT], [fault(K.INVALID)]]}, "p1")
    with pytest.raises(BrokenOff):
        await played.run()


async def test_what_was_written_from_clear_text_goes_to_nobody_who_sees_placeholders() -> None:
    in_house, outside = Candidate(Offer(target("p1")), Protection.HOUSE), masked("p2")
    played = Played({"p1": [[says("Frau Muster"), CUT]]}, "p2", candidates=(in_house, outside))
    with pytest.raises(BrokenOff):
        await played.run()
    assert played.door.asked == ["p1"]


@pytest.mark.parametrize(
    "prompt",
    [
        replace(PROMPT, choices=2),
        replace(PROMPT, answer_format=AnswerFormat("json_object")),
        replace(PROMPT, messages=(*PROMPT.messages, Message("assistant", (Text("Also"),)))),
    ],
)
async def test_only_plain_text_is_continued(prompt: Prompt) -> None:
    with pytest.raises(BrokenOff):
        await Played({"p1": [[says("eins"), CUT]]}, "p1", prompt=prompt).run()


@pytest.mark.parametrize(
    "chunk", [ToolCallStarted(0, "c", "f"), ThinkingDelta("hm"), Stopped(StopReason.END)]
)
async def test_an_answer_with_more_than_text_is_not_continued(
    chunk: ToolCallStarted | ThinkingDelta | Stopped,
) -> None:
    with pytest.raises(BrokenOff):
        await Played({"p1": [[says("eins"), Frame((chunk,)), CUT]]}, "p1").run()


async def test_the_lost_part_is_booked_and_the_usage_told_is_that_of_both() -> None:
    used = Frame((Stopped(StopReason.END), Used(Usage(44, 7))))
    done = await Played({"p1": [[says("eins zwei drei"), CUT], [says(" vier"), used]]}, "p1").run()
    (lost,) = done.errand.lost
    assert lost.tally.usage(complete=False) == Usage(10, 4, estimated=True)
    told = [chunk.usage for frame in done.frames for chunk in frame.chunks if isinstance(chunk, Used)]
    assert [(usage.input_tokens, usage.output_tokens) for usage in told] == [(54, 11)]


async def test_a_placeholder_that_was_cut_in_two_is_restored() -> None:
    mapping = Mapping.from_entries([("Person_001", "Erika Muster")])
    restorer = Restorer(mapping)
    done = await Played({"p1": [[says("Guten Tag Person_0"), CUT], [says("01, gern."), END]]}, "p1").run()
    seen = [restorer.frame(frame)[0] for frame in done.frames]
    text = "".join(c.text for frame in seen for c in frame.chunks if isinstance(c, TextDelta))
    assert text == "Guten Tag Erika Muster, gern."


# ------------------------------------------------------------ the seam


def joined(so_far: str, *pieces: str) -> str:
    joint = Joint(so_far, Usage())
    frames = [joint.frame(says(piece)) for piece in pieces]
    frames.append(joint.frame(Frame((Stopped(StopReason.END),))))
    new = "".join(c.text for f in frames if f is not None for c in f.chunks if isinstance(c, TextDelta))
    return so_far + new


SENTENCE = "Die Lieferung erfolgt am Montag an das Lager in Ulm"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((" und wird geprüft.",), SENTENCE + " und wird geprüft."),
        (("an das Lager in Ulm und",), SENTENCE + " und"),
        (("an das ", "Lager in", " Ulm", " und"), SENTENCE + " und"),
        ((SENTENCE, " und"), SENTENCE + " und"),
        (("Ulm, Ulm",), SENTENCE + "Ulm, Ulm"),  # too short to be sure that it is a repetition
        (("an das Lager in Bonn",), SENTENCE + "an das Lager in Bonn"),
        (("an das Lager",), SENTENCE + "an das Lager"),
        ((), SENTENCE),
    ],
)
def test_an_exact_repetition_of_the_end_is_cut(pieces: tuple[str, ...], expected: str) -> None:
    assert joined(SENTENCE, *pieces) == expected


@pytest.mark.parametrize(
    ("so_far", "piece", "expected"),
    [
        ("eins ", " zwei", "eins zwei"),
        ("eins ", "zwei", "eins zwei"),
        ("eins", " zwei", "eins zwei"),
        ("eins\n\n", "\nzwei", "eins\n\nzwei"),
        ("eins ", "\nzwei", "eins \nzwei"),
    ],
)
def test_blanks_between_the_parts_are_not_doubled(so_far: str, piece: str, expected: str) -> None:
    assert joined(so_far, piece) == expected


@given(
    st.text("ab cdä_1\n", min_size=1, max_size=60),
    st.text("xyz .", max_size=30),
    st.lists(st.integers(1, 9), max_size=8),
)
def test_a_repetition_of_any_length_is_cut_however_it_is_chunked(
    so_far: str, rest: str, lengths: list[int]
) -> None:
    """`rest` shares no letter with `so_far`, so the end that is repeated is known exactly."""
    end = so_far.rstrip()
    repeated = end[-(SHORTEST_OVERLAP + 4) :]
    if len(repeated) < SHORTEST_OVERLAP:
        repeated = ""
    said, pieces = repeated + rest.strip(), []
    for length in lengths:
        pieces.append(said[:length])
        said = said[length:]
    assert joined(so_far, *pieces, said) == so_far + rest.strip()
