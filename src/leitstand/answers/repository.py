"""SQL of conversations; texts come and go sealed."""

from dataclasses import asdict, dataclass

from sqlalchemy import Engine, delete, func, insert, select, update

from leitstand.store.schema import conversation, conversation_message


@dataclass(frozen=True)
class ConversationRow:
    """A row of `conversation`."""

    id: str
    user: str
    use_case: str
    model: str
    title: bytes
    created_us: int
    changed_us: int


@dataclass(frozen=True)
class MessageRow:
    """A row of `conversation_message`."""

    id: str
    conversation: str
    position: int
    variant: int
    role: str
    request_id: str
    body: bytes
    created_us: int


class ConversationRows:
    """Conversations of people; every reader names the owner, so that nobody else's can be reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, user: str, limit: int = 200) -> list[ConversationRow]:
        """Newest first."""
        query = (
            select(conversation)
            .where(conversation.c.user == user)
            .order_by(conversation.c.changed_us.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [ConversationRow(**row._asdict()) for row in connection.execute(query)]

    def get(self, user: str, conversation_id: str) -> ConversationRow | None:
        query = select(conversation).where(
            conversation.c.id == conversation_id, conversation.c.user == user
        )  # fmt: skip
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else ConversationRow(**row._asdict())

    def messages(self, conversation_id: str) -> list[MessageRow]:
        """In reading order: question before its answers, older variants first."""
        columns = conversation_message.c
        query = (
            select(conversation_message)
            .where(columns.conversation == conversation_id)
            .order_by(columns.position, columns.role.desc(), columns.variant)
        )
        with self._engine.connect() as connection:
            return [MessageRow(**row._asdict()) for row in connection.execute(query)]

    def add(self, row: ConversationRow) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(conversation).values(**asdict(row)))

    def set_title(self, user: str, conversation_id: str, title: bytes) -> bool:
        """False when there is none of this user."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(conversation)
                .where(conversation.c.id == conversation_id, conversation.c.user == user)
                .values(title=title)
            )
            return changed.rowcount > 0

    def remove(self, user: str, conversation_id: str) -> bool:
        """Delete a conversation with its texts; False when there is none of this user."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                delete(conversation).where(conversation.c.id == conversation_id, conversation.c.user == user)
            )
            if changed.rowcount:
                connection.execute(
                    delete(conversation_message).where(conversation_message.c.conversation == conversation_id)
                )
            return changed.rowcount > 0

    def add_message(self, row: MessageRow, use_case: str, model: str) -> None:
        """Append a question or an answer; the conversation moves to the top of its owner's list."""
        with self._engine.begin() as connection:
            connection.execute(insert(conversation_message).values(**asdict(row)))
            connection.execute(
                update(conversation)
                .where(conversation.c.id == row.conversation)
                .values(changed_us=row.created_us, use_case=use_case, model=model)
            )

    def replace_body(self, message_id: str, body: bytes) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(conversation_message).where(conversation_message.c.id == message_id).values(body=body)
            )

    def remove_from(self, conversation_id: str, position: int) -> None:
        """Drop a question with its answers and all that came after."""
        columns = conversation_message.c
        with self._engine.begin() as connection:
            connection.execute(
                delete(conversation_message).where(
                    columns.conversation == conversation_id, columns.position >= position
                )
            )

    def next_variant(self, conversation_id: str, position: int) -> int:
        """How many answers a question has so far."""
        columns = conversation_message.c
        query = select(func.count()).where(
            columns.conversation == conversation_id, columns.position == position, columns.role == "assistant"
        )
        with self._engine.connect() as connection:
            return int(connection.scalar(query) or 0)
