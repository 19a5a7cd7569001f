"""The refusal of a configuration that has errors."""

from leitstand.configuration.finding import Finding
from leitstand.core.errors import InvalidRequest


class ConfigurationRefused(InvalidRequest):
    """Nothing was applied. findings: every reason; places are 0 where there is no file."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(
            " ".join(_sentence(each, "de") for each in findings),
            " ".join(_sentence(each, "en") for each in findings),
            detail={"param": findings[0].path} if findings else None,
        )

    @classmethod
    def because(cls, de: str, en: str) -> "ConfigurationRefused":
        """A refusal with one reason that belongs to no place in a file."""
        return cls((Finding(0, 0, "", de, en),))


def _sentence(finding: Finding, language: str) -> str:
    where = f"{finding.path}: " if finding.path else ""
    return f"{where}{finding.message(language)} {finding.hint(language)}".rstrip()
