"""Fill a template: slots become values with their spans, choices are drawn, marked lines are repeated.

    {last:1}      a slot; slots with the same digit speak of the same person or company
    [a|b|]        one of the choices, which may hold slots
    *2-5 | ...    at the begin of a line: the line 2 to 5 times, each time with other people

Spans carry a label of `labels.py`, or `ANY` where both answers are right (titles, the own company's name).
"""

import re
from dataclasses import dataclass, field

from training.pii.values import Company, Person, Values, plain

ANY = "ANY"
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_REPEAT = re.compile(r"^\*(\d)-(\d) ?(.*)$", re.MULTILINE)
_SLOT = re.compile(r"\{([a-zA-Z]+)(?::(\d))?\}")
_TITLES = (
    "Dr.",
    "Dr.",
    "Prof. Dr.",
    "Dr. med.",
    "Dr. jur.",
    "Dipl.-Ing.",
    "Prof.",
    "Dr.-Ing.",
    "Mag.",
    "Dipl.-Kfm.",
    "PD Dr.",
    "RA",
    "StB",
)
_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_DAYS = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
_NORMS = (
    "DIN EN ISO 9001",
    "DIN 50001",
    "ISO 27001",
    "EN 1090-2",
    "DIN EN 61439-1",
    "VDE 0100-600",
    "DIN 18040",
    "EN 10204-3.1",
    "ISO 14001:2015",
    "DIN 933",
    "ASTM A36",
    "VDI 2035",
    "IEC 60529",
    "DIN 5008",
    "BGV A3",
    "EN 388",
)
_LAWS = (
    "§ 433 BGB",
    "Art. 6 Abs. 1 lit. b DSGVO",
    "§ 13 BGB",
    "§ 87 BetrVG",
    "§ 1 KSchG",
    "§ 15 UStG",
    "§ 147 AO",
    "§ 5 ArbSchG",
    "§ 611a BGB",
    "§ 823 BGB",
    "Art. 28 DSGVO",
    "§ 26 BDSG",
    "§ 7 UWG",
    "§ 33 EStG",
    "§ 14 UStG",
    "§ 280 Abs. 1 BGB",
    "§§ 305 ff. BGB",
    "Art. 12 GG",
)


@dataclass
class Filled:
    """A text and its spans (start, end, label)."""

    text: str
    spans: list[tuple[int, int, str]] = field(default_factory=list)


class Filler:
    """Fills templates with one worker's values."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.rng = values.rng

    def fill(self, template: str) -> Filled:
        """One text out of a template."""
        self._people: dict[str, Person] = {}
        self._companies: dict[str, Company] = {}
        text = self._drawn(template)
        text = _REPEAT.sub(self._repeated, text)
        out = Filled("")
        parts: list[str] = []
        place = length = 0
        for match in _SLOT.finditer(text):
            before = text[place : match.start()]
            parts.append(before)
            length += len(before)
            for value, label in self._slot(match.group(1), match.group(2) or ""):
                if label and value.strip():
                    out.spans.append((length, length + len(value), label))
                parts.append(value)
                length += len(value)
            place = match.end()
        parts.append(text[place:])
        out.text = "".join(parts)
        return out

    def _drawn(self, text: str) -> str:
        while (match := _CHOICE.search(text)) is not None:
            text = text[: match.start()] + self.rng.choice(match.group(1).split("|")) + text[match.end() :]
        return text

    def _repeated(self, match: re.Match[str]) -> str:
        count = self.rng.randint(int(match.group(1)), int(match.group(2)))
        rows = []
        for row in range(count):
            rows.append(
                re.sub(
                    r"(\{[a-zA-Z]+):(\d)\}",
                    lambda m, r=row: f"{m.group(1)}:{(int(m.group(2)) + 1 + r) % 10}\x00{r}}}",
                    match.group(3),
                )
            )
        return "\n".join(re.sub(r"\x00\d+\}", "}", row) for row in rows)

    def _person(self, key: str) -> Person:
        if not key:
            return self.values.person()
        if key not in self._people:
            self._people[key] = self.values.person()
        return self._people[key]

    def _company(self, key: str) -> Company:
        if not key:
            return self.values.company()
        if key not in self._companies:
            self._companies[key] = self.values.company()
        return self._companies[key]

    def _slot(self, name: str, key: str) -> list[tuple[str, str]]:
        maker = getattr(self, f"_s_{name}", None)
        if maker is not None:
            return maker(key)
        if name in self.values.lists:
            return [
                (
                    self.values.thing(name),
                    "PUBLIC" if name == "public" else "LOC" if name == "bigtown" else "",
                )
            ]
        raise ValueError(f"unknown slot {name}")

    # -- people

    def _s_full(self, key):
        p, r = self._person(key), self.rng
        first = p.first
        if r.random() < 0.08:
            first = f"{first} {r.choice(['A.', 'M.', 'J.', 'H.', self.values.first()[0]])}"
        return [(f"{first} {p.last}", "PERSON")]

    def _s_name(self, key):
        """Any way to write a whole name."""
        r = self.rng.random()
        if r < 0.62:
            return self._s_full(key)
        if r < 0.72:
            return self._s_lastfirst(key)
        if r < 0.8:
            return self._s_initial(key)
        if r < 0.93:
            return self._s_titled(key)
        return self._s_last(key)

    def _s_last(self, key):
        return [(self._person(key).last, "PERSON")]

    def _s_first(self, key):
        return [(self._person(key).first, "PERSON")]

    def _s_lastfirst(self, key):
        p = self._person(key)
        return [(f"{p.last}, {p.first}", "PERSON")]

    def _s_initial(self, key):
        p = self._person(key)
        return [(f"{p.first[0]}. {p.last}", "PERSON")]

    def _s_titled(self, key):
        return [(self.rng.choice(_TITLES), ANY), (" ", ""), *self._s_full(key)]

    def _s_doc(self, key):
        return [
            (
                self.rng.choice(
                    (
                        "Dr.",
                        "Dr. med.",
                        "Prof. Dr.",
                        "Dr. med. dent.",
                        "OA Dr.",
                        "Frau Dr.",
                        "Herr Dr.",
                        "PD Dr. med.",
                    )
                ),
                ANY,
            ),
            (" ", ""),
            (self._person(key).last, "PERSON"),
        ]

    def _s_gen(self, key):
        last = self._person(key).last
        tail = "'" if last[-1] in "sxzß" else self.rng.choice(["s", "s", "s", "’s"])
        return [(last + tail, "PERSON")]

    def _s_firstgen(self, key):
        first = self._person(key).first
        tail = "'" if first[-1] in "sxzß" else self.rng.choice(["s", "s", "’s", "'s"])
        return [(first + tail, "PERSON")]

    def _s_nick(self, key):
        first = self._person(key).first
        return [(self.rng.choice([first.lower(), first, first[:3] + "i", first[:4]]), "PERSON")]

    def _s_short(self, key):
        """Initials as in minutes."""
        p = self._person(key)
        return [((p.first[0] + p.last[0]).upper(), ANY)]

    def _s_upper(self, key):
        p = self._person(key)
        return [(f"{p.first} {p.last}".upper(), "PERSON")]

    def _s_lastupper(self, key):
        return [(self._person(key).last.upper(), "PERSON")]

    def _s_sal(self, key):
        return [("Frau" if self._person(key).female else "Herr", "")]

    def _s_herrn(self, key):
        return [("Frau" if self._person(key).female else "Herrn", "")]

    def _s_dear(self, key):
        p = self._person(key)
        title = [(" ", ""), (self.rng.choice(_TITLES), ANY)] if self.rng.random() < 0.1 else []
        return [
            ("Sehr geehrte Frau" if p.female else "Sehr geehrter Herr", ""),
            *title,
            (" ", ""),
            (p.last, "PERSON"),
        ]

    def _s_ms(self, key):
        p = self._person(key)
        return [
            (self.rng.choice(["Ms.", "Mrs.", "Ms"]) if p.female else self.rng.choice(["Mr.", "Mr"]), ""),
            (" ", ""),
            (p.last, "PERSON"),
        ]

    def _s_er(self, key):
        return [("sie" if self._person(key).female else "er", "")]

    def _s_user(self, key):
        return [(self.values.login(self._person(key)), "USERNAME")]

    def _s_email(self, key):
        company = self._companies.get(key) or (self.values.company() if self.rng.random() < 0.6 else None)
        return [(self.values.email(self._person(key), company), "EMAIL")]

    # -- companies and places

    def _s_org(self, key):
        return [(self._company(key).full, "ORG")]

    def _s_orgshort(self, key):
        return [(self._company(key).short, "ORG")]

    def _s_brand(self, key):
        return [(self.values.brand(), "ORG")]

    def _s_own(self, key):
        return [(self._company(f"own{key}").full, ANY)]

    def _s_web(self, key):
        host = plain(self._company(key).short) or "firma"
        return [
            (
                self.rng.choice(["www.", "https://www.", "https://", ""])
                + host
                + self.rng.choice([".de", ".com", ".eu"]),
                "URL",
            )
        ]

    def _s_street(self, key):
        return [(f"{self.values.street()} {self.values.house()}", "ADDRESS")]

    def _s_plztown(self, key):
        return [(f"{self.values.postcode()} {self.values.town()}", "ADDRESS")]

    def _s_addr(self, key):
        v, r = self.values, self.rng
        joint = r.choice([", ", ", ", ", ", " in ", " · ", " - ", " / ", "; "])
        return [(f"{v.street()} {v.house()}{joint}{v.postcode()} {v.town()}", "ADDRESS")]

    def _s_addrlines(self, key):
        v = self.values
        return [(f"{v.street()} {v.house()}\n{v.postcode()} {v.town()}", "ADDRESS")]

    def _s_enaddr(self, key):
        r = self.rng
        road = f"{r.randint(1, 9999)} {self.values.surname()} {r.choice(['Street', 'St', 'Avenue', 'Ave', 'Road', 'Rd', 'Lane', 'Drive', 'Court', 'Blvd', 'Way'])}"
        town = r.choice(
            [
                "London",
                "Boston",
                "Springfield",
                "Leeds",
                "Dublin",
                "Austin",
                "Denver",
                "Bristol",
                "Portland",
                "Toronto",
                "Sydney",
            ]
        )
        return [
            (
                road
                + r.choice(
                    [
                        "",
                        f", {town}",
                        f", {town} {r.randint(10000, 99999)}",
                        f", Apt {r.randint(1, 99)}, {town}",
                        f", {town}, {self.values.code('AA9 9AA')}",
                    ]
                ),
                "ADDRESS",
            )
        ]

    def _s_resid(self, key):
        return [(self.values.town(), "ADDRESS")]

    def _s_town(self, key):
        return [(self.values.town(), "LOC")]

    def _s_land(self, key):
        return [
            (
                self.rng.choice(
                    [
                        "Deutschland",
                        "Österreich",
                        "Schweiz",
                        "Polen",
                        "Türkei",
                        "Italien",
                        "Spanien",
                        "Frankreich",
                        "Bayern",
                        "Hessen",
                        "Sachsen",
                        "Baden-Württemberg",
                        "Nordrhein-Westfalen",
                        "China",
                        "USA",
                        "Indien",
                        "Vietnam",
                        "Tschechien",
                        "Ungarn",
                    ]
                ),
                "LOC",
            )
        ]

    # -- structured personal data

    def _s_dob(self, key):
        return [(self.values.date(1935, 2019 if self.rng.random() < 0.2 else 2006), "DATE_OF_BIRTH")]

    def _s_phone(self, key):
        return [(self.values.phone(), "PHONE")]

    def _s_iban(self, key):
        number = "DE" + self.values.digits(20)
        return [
            (
                " ".join(number[i : i + 4] for i in range(0, 22, 4)) if self.rng.random() < 0.6 else number,
                "IBAN",
            )
        ]

    def _s_card(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(
                        [
                            "4999 9999 9999 9999",
                            "5999999999999999",
                            "3799 999999 99999",
                            "4999-9999-9999-9999",
                        ]
                    )
                ),
                "CREDIT_CARD",
            )
        ]

    def _s_taxid(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(
                        [
                            "99999999999",
                            "99 999 999 999",
                            "99/999/99999",
                            "999/999/99999",
                            "999/9999/9999",
                            "99999/99999",
                        ]
                    )
                ),
                "TAX_ID",
            )
        ]

    def _s_vat(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(["DE999999999", "DE 999 999 999", "ATU99999999", "DE 999999999"])
                ),
                "VAT_ID",
            )
        ]

    def _s_ssn(self, key):
        return [
            (self.values.code(self.rng.choice(["99999999A999", "99 999999 A 999", "999-99-9999"])), "SSN")
        ]

    def _s_kvnr(self, key):
        return [(self.values.code("A999999999"), "HEALTH_ID")]

    def _s_iddoc(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(
                        [
                            "LXXXXXXXX9",
                            "CXXXXXXX",
                            "TXXXXXXX9",
                            "A999AAA9A99",
                            "XXXXXXXX9",
                            "B999999A9A9",
                            "LX9XXXX9",
                            "C99X99X99",
                            "99999999",
                        ]
                    )
                ),
                "ID_DOC",
            )
        ]

    def _s_plate(self, key):
        r = self.rng
        area = r.choice(
            [
                "B",
                "HH",
                "M",
                "K",
                "S",
                "F",
                "D",
                "HN",
                "KA",
                "FR",
                "LB",
                "ES",
                "TÜ",
                "UL",
                "BI",
                "MS",
                "PB",
                "GT",
                "OS",
                "OL",
                "HB",
                "DD",
                "L",
                "C",
                "Z",
                "EF",
                "J",
                "WÜ",
                "N",
                "ER",
                "A",
                "IN",
                "R",
                "PA",
                "KS",
                "GI",
                "MR",
                "WI",
                "MZ",
                "TR",
                "KO",
                "SB",
                "HD",
                "MA",
            ]
        )
        gap = r.choice(["-", " ", " - ", "-", ":"])
        return [
            (
                f"{area}{gap}{self.values.code(r.choice(['AA', 'A']))} {r.randint(1, 9999)}{r.choice(['', '', '', 'E', 'H'])}",
                "LICENSE_PLATE",
            )
        ]

    def _s_vin(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(["WXXXXXXXXXX999999", "VXXXXXXXXXX999999", "TXXXXXXXXXX999999"])
                ),
                "VIN",
            )
        ]

    def _s_ref(self, key):
        return [(self.values.ref(), "REF_ID")]

    def _s_court(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(
                        [
                            "99 O 999/29",
                            "9 C 99/29",
                            "999 Js 99999/29",
                            "9 Ca 999/29",
                            "IX ZR 99/29",
                            "9 F 99/29",
                            "99 IN 999/29",
                        ]
                    )
                ),
                "REF_ID",
            )
        ]

    def _s_regno(self, key):
        return [
            (
                self.rng.choice(["HRB ", "HRA ", "HRB", "VR ", "GnR "])
                + self.values.digits(self.rng.choice((4, 5, 6))),
                "REG_NO",
            )
        ]

    def _s_ip(self, key):
        return [(".".join(str(self.rng.randint(1, 254)) for _ in range(4)), "IP_ADDRESS")]

    # -- what is not personal

    def _s_date(self, key):
        return [(self.values.date(), "")]

    def _s_day(self, key):
        return [(self.values.short_date(), "")]

    def _s_time(self, key):
        r = self.rng
        return [
            (
                f"{r.randint(6, 20)}{r.choice([':', '.'])}{r.choice(['00', '15', '30', '45'])}{r.choice([' Uhr', ' Uhr', '', ' h'])}",
                "",
            )
        ]

    def _s_month(self, key):
        return [(self.rng.choice(_MONTHS), "")]

    def _s_weekday(self, key):
        return [(self.rng.choice(_DAYS), "")]

    def _s_eur(self, key):
        return [(self.values.money(), "")]

    def _s_num(self, key):
        return [
            (str(self.rng.randint(1, 99) if self.rng.random() < 0.6 else self.rng.randint(100, 9999)), "")
        ]

    def _s_pct(self, key):
        return [(f"{self.rng.randint(1, 99)}{self.rng.choice(['', ',5', ',25'])} %", "")]

    def _s_year(self, key):
        return [(str(self.rng.randint(1990, 2027)), "")]

    def _s_inv(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(
                        [
                            "29-99999",
                            "RE-2029-9999",
                            "2029/9999",
                            "R99999",
                            "INC9999999",
                            "4500999999",
                            "AB-99999",
                            "LS 999999",
                            "#99999",
                            "TKT-9999",
                            "AU29-9999",
                            "BE-99999",
                            "JIRA-999",
                            "PO 9999999",
                        ]
                    )
                ),
                ANY,
            )
        ]

    def _s_part(self, key):
        return [
            (
                self.values.code(
                    self.rng.choice(
                        [
                            "6ES7 999-9AA99",
                            "6205-2RS",
                            "M8x99",
                            "999.999.99",
                            "A4-99",
                            "99-999-99",
                            "F999",
                            "AX 999",
                            "EAN 4009999999999",
                            "TL 9999",
                            "K999",
                            "ST-999-A",
                            "Z99 9999",
                            "V99.9",
                            "99999-AA",
                            "PN16 DN99",
                        ]
                    )
                ),
                "",
            )
        ]

    def _s_norm(self, key):
        return [(self.rng.choice(_NORMS), "")]

    def _s_law(self, key):
        return [(self.rng.choice(_LAWS), "")]
