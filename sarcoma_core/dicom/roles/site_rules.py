"""What a site's own protocols are called: rows of text and role, learned from what persons chose.

    {"schema": 1, "rules": [
      {"field": "SeriesDescription", "text": "ax t1 fs late", "manufacturer": "ge",
       "role": "T1CE", "sessions": 4}
    ]}

A row holds for series whose text, in lower-case words, is equal. Nothing learns by itself: `learn` is called
by a person. Descriptions are free text and may hold a name, so a row is learned only where its text stands in
sessions of two patients, or has words of the dictionary only (`words.is_dictionary_text` says which numbers).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

from sarcoma_core.archive.roles import ROLES, Role
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.persons import contradicts
from sarcoma_core.dicom.roles.relations import maker
from sarcoma_core.dicom.roles.words import is_dictionary_text, normalised
from sarcoma_core.errors import InputError
from sarcoma_core.text import counted

FILE = "role_rules.json"
SCHEMA = 1
LONGEST_TEXT = 200
PATIENTS = 2
"""In how many patients a text must stand that has words of its own."""

TextField = Literal["SeriesDescription", "ProtocolName", "SequenceName"]
FIELDS: tuple[TextField, ...] = get_args(TextField)


@dataclass(frozen=True)
class SiteRule:
    """One row.

    Args:
        field: whose text it is about.
        text: the text as `words.normalised` writes it.
        manufacturer: the maker that it holds for, as `relations.maker` names it; empty for all.
        role: what a series with that text is.
        sessions: in how many sessions persons chose so.
    """

    field: TextField
    text: str
    role: Role
    sessions: int
    manufacturer: str = ""

    @property
    def confidence(self) -> float:
        """By Laplace's rule of succession, that the next session is like the others."""
        return (self.sessions + 1) / (self.sessions + 2)

    def fits(self, facts: SeriesFacts) -> bool:
        """Whether a series has that text, comes from that maker, and can have the role."""
        if contradicts(self.role, facts.modality):
            return False
        return self.manufacturer in ("", maker(facts.manufacturer)) and _text(facts, self.field) == self.text


def _text(facts: SeriesFacts, field: TextField) -> str:
    texts = {
        "SeriesDescription": facts.description,
        "ProtocolName": facts.protocol,
        "SequenceName": facts.sequence_name,
    }
    return normalised(texts[field])


def site_rule_for(facts: SeriesFacts, rules: Iterable[SiteRule]) -> SiteRule | None:
    """The rule of a site for a series: that of the most sessions, one for its maker before one for all."""
    fitting = [rule for rule in rules if rule.fits(facts)]
    return max(fitting, key=lambda rule: (bool(rule.manufacturer), rule.sessions), default=None)


def read_site_rules(content: bytes) -> tuple[SiteRule, ...]:
    """Read `role_rules.json`.

    Raises:
        InputError: it is no such file, or a row breaks a rule, which is named with the row's number.
    """
    try:
        raw = json.loads(content.decode())
    except (ValueError, RecursionError):
        raise _wrong("must be JSON; it cannot be read") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("rules"), list):
        raise _wrong("must hold a list 'rules'; found none")
    if raw.get("schema") != SCHEMA:
        raise _wrong(f"schema must be {SCHEMA}; found another")
    rules = tuple(_row(number, row) for number, row in enumerate(raw["rules"], 1))
    _refuse_contradictions(rules)
    return rules


def _row(number: int, row: object) -> SiteRule:
    if not isinstance(row, dict) or not set(row) <= {"field", "text", "manufacturer", "role", "sessions"}:
        raise _wrong(f"row {number}: must have field, text, role, sessions and manufacturer alone")
    values: Mapping[str, Any] = row
    field, text, role = values.get("field"), values.get("text"), values.get("role")
    sessions, manufacturer = values.get("sessions"), values.get("manufacturer", "")
    if field not in FIELDS:
        raise _wrong(f"row {number}: field must be {', '.join(FIELDS)}; found another")
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT or normalised(text) != text:
        raise _wrong(f"row {number}: text must be lower-case words with one blank between; it is not")
    if role not in ROLES:
        raise _wrong(f"row {number}: role must be {', '.join(ROLES)}; found another")
    if not isinstance(sessions, int) or isinstance(sessions, bool) or sessions < 1:
        raise _wrong(f"row {number}: sessions must be a whole number of 1 or more; found another")
    if not isinstance(manufacturer, str) or maker(manufacturer) != manufacturer:
        raise _wrong(f"row {number}: manufacturer must be one that is known, such as ge, or empty; it is not")
    return SiteRule(field, text, cast("Role", role), sessions, manufacturer)


def _refuse_contradictions(rules: Iterable[SiteRule]) -> None:
    """Raise where two rows give one text two roles."""
    told: dict[tuple[str, str, str], tuple[int, Role]] = {}
    for number, rule in enumerate(rules, 1):
        first, role = told.setdefault((rule.field, rule.text, rule.manufacturer), (number, rule.role))
        if first != number:
            fault = "the same twice" if role == rule.role else f"{role} and {rule.role}"
            raise _wrong(f"rows {first} and {number}: one text must have one row; found {fault}")


def _wrong(fault: str) -> InputError:
    return InputError(
        f"{FILE}: {fault}.", hint="Write it again: sarcoma roles learn; docs/concepts/series-roles.md has it."
    )


def write_site_rules(rules: Iterable[SiteRule]) -> bytes:
    """The content of `role_rules.json`; equal rules, equal bytes."""
    rows = [asdict(rule) for rule in sorted(rules, key=lambda r: (r.field, r.text, r.manufacturer, r.role))]
    return (json.dumps({"schema": SCHEMA, "rules": rows}, indent=1, sort_keys=True) + "\n").encode()


@dataclass(frozen=True)
class Lesson:
    """What persons chose in one session.

    Args:
        session: what tells it from another.
        patient: what tells its patient from another.
        series: the facts of its series.
        choices: the series that a person chose, by role.
    """

    session: str
    patient: str
    series: tuple[SeriesFacts, ...]
    choices: Mapping[Role, str]


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Args:
        rules: the rows.
        left_out: what was not learned, and why, without a word of a description.
    """

    rules: tuple[SiteRule, ...]
    left_out: tuple[str, ...]


_Key = tuple[TextField, str, str]


def learn(lessons: Iterable[Lesson]) -> Learned:
    """The rules of a site from what persons chose in its sessions.

    A text that persons gave two roles is left out, and so is one that may hold a name.
    """
    chosen: dict[_Key, dict[Role, set[str]]] = defaultdict(lambda: defaultdict(set))
    patients: dict[_Key, set[str]] = defaultdict(set)
    textless = 0
    for lesson in lessons:
        roles: dict[str, Role] = {series: role for role, series in lesson.choices.items() if series}
        for facts in lesson.series:
            key = _key(facts)
            if key is None:
                textless += facts.series in roles
                continue
            patients[key].add(lesson.patient)
            if facts.series in roles and not contradicts(roles[facts.series], facts.modality):
                chosen[key][roles[facts.series]].add(lesson.session)
    rules, left_out = [], Counter[str]()
    for key, told in sorted(chosen.items()):
        if len(told) > 1:
            left_out[f"it was given the roles {' and '.join(sorted(told))}: choose one of them"] += 1
        elif not is_dictionary_text(key[1]) and len(patients[key]) < PATIENTS:
            left_out[
                f"it has words of its own and stands in fewer than {PATIENTS} patients: it may hold a name"
            ] += 1
        else:
            (role, sessions), *_ = told.items()
            rules.append(SiteRule(key[0], key[1], role, len(sessions), key[2]))
    if textless:
        left_out["it has no description, protocol or sequence name"] = textless
    sentences = tuple(f"{counted(n, 'text')} left out: {why}" for why, n in sorted(left_out.items()))
    return Learned(tuple(rules), sentences)


def _key(facts: SeriesFacts) -> _Key | None:
    """The first text that a series has, and its maker."""
    texts = ((field, _text(facts, field)) for field in FIELDS)
    found = next(((field, text) for field, text in texts if 0 < len(text) <= LONGEST_TEXT), None)
    return (*found, maker(facts.manufacturer)) if found else None
