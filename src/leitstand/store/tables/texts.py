"""What people wrote and read: sealed."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from leitstand.store.tables import metadata

# Conversations of the chat. Texts are sealed (core/sealing.py); deleting a row deletes the text for good.
conversation = Table(
    "conversation",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user", String(120), nullable=False),
    Column("use_case", String(120), nullable=False, default=""),
    Column("model", String(200), nullable=False, default=""),
    Column("title", LargeBinary, nullable=False),  # sealed
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
Index("conversation_user", conversation.c.user, conversation.c.changed_us)

conversation_message = Table(
    "conversation_message",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False),
    Column("position", Integer, nullable=False),
    Column("variant", Integer, nullable=False, default=0),  # regenerated answers share a position
    Column("role", String(20), nullable=False),  # user assistant
    Column("request_id", String(64), nullable=False, default=""),
    Column("body", LargeBinary, nullable=False),  # sealed JSON: text, spans, citations, error
    Column("created_us", BigInteger, nullable=False),
)
Index("conversation_message_place", conversation_message.c.conversation, conversation_message.c.position)

# Kept answers of the Responses API with what was asked (answers/responses). Texts are sealed for their owner.
kept_response = Table(
    "kept_response",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user", String(120), nullable=False),
    Column("use_case", String(120), nullable=False),
    Column("previous", String(64), nullable=False, default=""),  # the answer it goes on from
    Column("body", LargeBinary, nullable=False),  # sealed JSON: items of the request, the response object
    Column("created_us", BigInteger, nullable=False),
)
Index("kept_response_age", kept_response.c.created_us)

# Regression sets: questions by which a change of model is judged (prompts/regression). Texts are sealed.
regression_set = Table(
    "regression_set",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("nightly", Boolean, nullable=False, default=False),
    Column("body", LargeBinary, nullable=False),  # sealed: the whole set
    Column(
        "accepted", Text, nullable=False, default="{}"
    ),  # JSON: model -> trial whose answers count as good
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(120), nullable=False),
)

# One comparison of two models on a set, or one night of one model. It carries the set as it was.
trial = Table(
    "trial",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("set_name", String(100), nullable=False),
    Column("night", String(10), nullable=False, default=""),  # ISO day of a nightly run, else empty
    Column("candidate", String(200), nullable=False),
    Column("baseline", String(200), nullable=False, default=""),  # empty: a nightly run
    Column("repetitions", Integer, nullable=False),
    Column("state", String(20), nullable=False),  # waiting running done stopped cancelled
    Column("decision", String(20), nullable=False, default=""),  # go no_go more_runs; a night: same drifted
    Column("reason", Text, nullable=False, default=""),  # JSON {de, en}: why it stopped
    Column("most_nano", BigInteger, nullable=False),  # nano-euro that it may cost
    Column("body", LargeBinary, nullable=False),  # sealed: the set
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("finished_us", BigInteger, nullable=True),
)
Index("trial_set", trial.c.set_name, trial.c.created_us)

# The answers of a trial, stored as they come, so that a killed process pays for none twice.
trial_answer = Table(
    "trial_answer",
    metadata,
    Column("trial", String(64), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("case", String(100), primary_key=True),
    Column("repetition", Integer, primary_key=True),
    Column("request_id", String(64), nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("cost_nano", BigInteger, nullable=False),
    Column("latency_us", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed: text, failed checks, error
    Column("created_us", BigInteger, nullable=False),
)

# Blind verdicts on the answers of a trial: which of two a person found better, without knowing whose they are.
trial_vote = Table(
    "trial_vote",
    metadata,
    Column("trial", String(64), primary_key=True),
    Column("case", String(100), primary_key=True),
    Column("repetition", Integer, primary_key=True),
    Column("judge", String(120), primary_key=True),  # user name
    Column("verdict", String(10), nullable=False),  # candidate equal baseline
    Column("created_us", BigInteger, nullable=False),
)
