"""A record: one AI interaction or one audit event, as it is spooled, chained and exported."""

from typing import Any

import msgspec

INTERACTION = "interaction"


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The columns of the table `journal` (meanings there) without `seq` and `hash`.

    id: unique; writing the same id twice keeps the first. detail: facts without a column of their own;
    never prompt or answer text, never a secret, never an original of something pseudonymised.
    """

    id: str
    kind: str
    time_us: int
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
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    latency_us: int = 0
    first_token_us: int = 0
    cache: str = ""
    pseudonymised: int = 0
    fallback: int = 0
    estimated: bool = False
    unpriced: bool = False
    detail: dict[str, Any] = {}
