"""How sensitive data is, and where it may be processed."""

from enum import IntEnum, StrEnum


class DataClass(IntEnum):
    """Sensitivity in rising order; the class of a request is the highest of all that touch it.

    Source: PRODUCT 2.5. `special` are the special categories of GDPR article 9.
    """

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    PERSONAL = 3
    SPECIAL = 4

    @property
    def word(self) -> str:
        """The name used in headers, configuration and the journal: `public` … `special`."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "DataClass":
        """Read a word as written in headers and files; raises KeyError on anything else."""
        return _BY_WORD[word]


_BY_WORD = {data_class.name.lower(): data_class for data_class in DataClass}


class Region(StrEnum):
    """Where a provider target processes data. `local` means: inside the house."""

    EU = "eu"
    US = "us"
    OTHER = "other"
    LOCAL = "local"


class Role(StrEnum):
    """The four roles, least privilege first. What each may do: identity/roles.py."""

    USER = "user"
    POWER_USER = "power_user"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"
