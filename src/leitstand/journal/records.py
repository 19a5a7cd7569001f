"""A record: one AI interaction or one audit event, as it is spooled, chained and exported."""

from typing import Annotated, Any

import msgspec

INTERACTION = "interaction"
TOOL_CALL = "tool_call"  # a call to a tool of an MCP server, by a person or an agent
BOOKED = (INTERACTION, TOOL_CALL)
"""Kinds that cost money: limits and exports count both."""

# What a database column holds; a larger number is refused when a spooled record is read back.
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The columns of the table `journal` (meanings there) without `seq` and `hash`.

    id: unique; writing the same id twice keeps the first. detail: facts without a column of their own;
    never prompt or answer text, never a secret, never an original of something pseudonymised.
    """

    id: str
    kind: str
    time_us: Int64
    user: str = ""
    department: str = ""
    use_case: str = ""
    key_id: str = ""
    model: str = ""
    provider: str = ""
    provider_model: str = ""
    region: str = ""
    data_class: str = ""
    outcome: str = ""
    code: str = ""
    input_tokens: Int64 = 0
    output_tokens: Int64 = 0
    cached_tokens: Int64 = 0
    reasoning_tokens: Int64 = 0
    cost_nano: Int64 = 0
    saved_nano: Int64 = 0
    latency_us: Int64 = 0
    first_token_us: Int64 = 0
    cache: str = ""
    pseudonymised: Int64 = 0
    fallback: Int64 = 0
    estimated: bool = False
    unpriced: bool = False
    detail: dict[str, Any] = {}
