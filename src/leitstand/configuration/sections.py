"""What all sections of the configuration share; see models.py."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leitstand.configuration import values as v

PRIVATE: dict[str, Any] = {"private": True}
MAX_KEY = 200  # characters of a stored name


class Section(BaseModel):
    """What all sections share. A key with the value null counts as not given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @property
    def key(self) -> str:
        """The name under which this object is stored."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, body: Any) -> Any:
        if isinstance(body, dict) and None in body.values():
            return {k: inner for k, inner in body.items() if inner is not None or k not in cls.model_fields}
        return body


class Named(Section):
    """An object with a name of its own, unique within its section."""

    name: v.Name = Field(description="Unique name; 1 to 120 printable characters.")

    @property
    def key(self) -> str:
        return self.name
