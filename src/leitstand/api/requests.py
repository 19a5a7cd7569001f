"""What every API request says in its headers: key, use case, data class, cache, scope, run, language."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from leitstand.api.transport import Scope
from leitstand.core.classes import DataClass
from leitstand.core.clock import Clock
from leitstand.core.conversation import Dialect, Prompt
from leitstand.core.errors import InvalidRequest
from leitstand.core.ids import new_id
from leitstand.gateway.hotpath import Credentials
from leitstand.gateway.values import Request

_MAX_HEADER = 200
_RUN = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request whose headers are read and whose body is not."""

    id: str
    time_us: int
    language: str
    headers: dict[bytes, bytes]

    def with_prompt(self, prompt: Prompt, is_gone: Callable[[], bool]) -> Request:
        """The whole request. Raises InvalidRequest for a header that cannot be understood."""
        return Request(
            id=self.id,
            prompt=prompt,
            time_us=self.time_us,
            use_case=self.use_case(),
            data_class=self.data_class(),
            cache=self._cache(),
            scope=self.scope(),
            language=self.language,
            is_gone=is_gone,
            run=self.run(),
        )

    def unread(self, dialect: Dialect) -> Request:
        """The request as it enters the journal when it could not be read."""
        return Request(
            id=self.id, prompt=Prompt(dialect, "", ()), time_us=self.time_us, language=self.language
        )

    def use_case(self) -> str | None:
        """The use case that the request names; None for none."""
        return self._text(b"x-leitstand-use-case") or None

    def run(self) -> str:
        """The agent run that the request belongs to; empty for none."""
        run = self._text(b"x-leitstand-run")
        if run and not _RUN.fullmatch(run):
            raise InvalidRequest(
                "Der Kopf „x-leitstand-run“ nimmt bis zu 100 Buchstaben, Ziffern und die Zeichen - _ . :",
                "The header 'x-leitstand-run' takes up to 100 letters, digits and the characters - _ . :",
                detail={"param": "x-leitstand-run"},
            )
        return run

    def _text(self, name: bytes) -> str:
        value = self.headers.get(name, b"").decode("utf-8", "replace").strip()
        if len(value) > _MAX_HEADER:
            raise InvalidRequest(
                f"Der Kopf „{name.decode()}“ ist länger als {_MAX_HEADER} Zeichen.",
                f"The header '{name.decode()}' is longer than {_MAX_HEADER} characters.",
                detail={"param": name.decode()},
            )
        return value

    def scope(self) -> str:
        """The caller's own name for whose data this is; empty for none."""
        return self._text(b"x-leitstand-scope")

    def data_class(self) -> DataClass | None:
        """The data class that the request states; None for none."""
        word = self._text(b"x-leitstand-data-class")
        try:
            return DataClass.parse(word.lower()) if word else None
        except KeyError:
            known = ", ".join(data_class.word for data_class in DataClass)
            raise InvalidRequest(
                f"Die Datenklasse „{word}“ im Kopf „x-leitstand-data-class“ gibt es nicht. Möglich sind: {known}.",
                f"There is no data class '{word}' (header 'x-leitstand-data-class'). Possible are: {known}.",
                detail={"param": "x-leitstand-data-class"},
            ) from None

    def _cache(self) -> str:
        word = self._text(b"x-leitstand-cache").lower()
        if word not in ("", "off", "only"):
            raise InvalidRequest(
                f"Der Kopf „x-leitstand-cache“ kennt „off“ und „only“, nicht „{word}“.",
                f"The header 'x-leitstand-cache' takes 'off' and 'only', not '{word}'.",
                detail={"param": "x-leitstand-cache"},
            )
        return word


def read_request(scope: Scope, clock: Clock, language: str) -> Incoming:
    """The headers of a request. language: used when the client does not ask for German or English."""
    time_us = clock.time_us()
    headers = dict(scope["headers"])
    return Incoming(new_id("req", time_us), time_us, _language(headers, language), headers)


def credentials(scope: Scope, headers: dict[bytes, bytes]) -> Credentials:
    """The key, from `Authorization: Bearer` or `x-api-key`, and the caller's address."""
    authorization = headers.get(b"authorization", b"")
    if authorization[:7].lower() == b"bearer ":
        key = authorization[7:].strip()
    else:
        key = headers.get(b"x-api-key", b"").strip()
    client = scope.get("client")
    return Credentials(key.decode("ascii", "replace"), client[0] if client else "")


def _language(headers: dict[bytes, bytes], default: str) -> str:
    wish = headers.get(b"accept-language", b"")[:2].lower()
    return wish.decode() if wish in (b"de", b"en") else default
