"""What a hold tells about its call, so that others can journal it when its process has died."""

from dataclasses import dataclass

import msgspec

from leitstand.accounting.counters import FACTS_MAX_BYTES, LostHold
from leitstand.accounting.limits import Subject
from leitstand.accounting.sizing import Sizing
from leitstand.core.money import NanoEuro
from leitstand.journal.records import INTERACTION, Record

_LONG, _SHORT = 60, 16  # characters of a name that are kept


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call whose process died; to be journalled with outcome `lost`, then told to `Ledger.forget`.

    The subject's names may be cut; tokens and cost are those of a usual call of the model.
    """

    hold: LostHold
    subject: Subject
    time_us: int
    input_tokens: int
    output_tokens: int
    cost_nano: NanoEuro

    @property
    def request_id(self) -> str:
        """The id under which the call began."""
        return self.hold.request_id


class _Facts(msgspec.Struct, frozen=True, array_like=True):
    subject: tuple[str, str, str, str, str] = ("", "", "", "", "")
    time_us: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Facts)


def facts_of(subject: Subject, sizing: Sizing, time_us: int) -> bytes:
    """The facts of a call as at most FACTS_MAX_BYTES of JSON."""
    facts = _encoder.encode(_facts(_cut(subject, _LONG), sizing, time_us))
    if len(facts) <= FACTS_MAX_BYTES:
        return facts
    return _encoder.encode(_facts(_cut(subject, _SHORT), sizing, time_us))


def _facts(names: tuple[str, str, str, str, str], sizing: Sizing, time_us: int) -> _Facts:
    return _Facts(names, time_us, sizing.usual_input, sizing.usual_output, sizing.usual(in_money=True))


def _cut(subject: Subject, length: int) -> tuple[str, str, str, str, str]:
    user, department, use_case, key_id, model = subject
    return user[:length], department[:length], use_case[:length], key_id[:length], model[:length]


def lost_call(hold: LostHold) -> LostCall:
    """The call behind a lost hold; without its facts if a power cut tore them."""
    try:
        facts = _decoder.decode(hold.facts)
    except msgspec.MsgspecError:
        facts = _Facts()
    return LostCall(
        hold,
        Subject(*facts.subject),
        facts.time_us,
        facts.input_tokens,
        facts.output_tokens,
        NanoEuro(facts.cost_nano),
    )


def lost_record(call: LostCall) -> Record:
    """The record of a call whose process was killed: booked at the usual size of such a call."""
    return Record(
        id=call.request_id,
        kind=INTERACTION,
        time_us=call.time_us,
        user=call.subject.user,
        department=call.subject.department,
        use_case=call.subject.use_case,
        key_id=call.subject.key_id,
        model=call.subject.model,
        outcome="lost",
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        cost_nano=call.cost_nano,
        estimated=True,
    )
