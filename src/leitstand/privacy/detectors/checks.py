"""Check digits that several detectors share, and reading of digits in scanned text."""

OCR_DIGITS = str.maketrans("OoQDIlSsBZz", "00001155822")
"""Letters that scans confuse with digits."""


def digits_of(text: str) -> str:
    """The digits of a number, separators dropped, misread letters put right."""
    return "".join(char for char in text.translate(OCR_DIGITS) if char.isdigit())


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mrz(code: str) -> bool:
    """ICAO Doc 9303: weights 7, 3, 1; the last character is the check digit."""
    if not code[-1].isdigit():
        return False
    total = sum(int(char, 36) * (7, 3, 1)[place % 3] for place, char in enumerate(code[:-1]))
    return total % 10 == int(code[-1])
