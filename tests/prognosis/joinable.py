"""A project of 200 synthetic patients and its clinical table, in which all goes wrong that does go wrong.

Each case says what is to become of its row, so that a test can look at every one of them.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sarcoma_core.archive.store import Archive
from sarcoma_core.phantom.clinical_rows import clinical_rows
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from tests.archive.filed import put
from tests.prognosis.made_sessions import dated, header, masks, of_phantom, push

PATIENTS = 200


class Made(NamedTuple):
    """A session to be made.

    Attributes:
        label: its label.
        date: of its study.
        header: attributes of its patient; none for what was de-identified.
        labelled: whether it is prepared.
    """

    label: str
    date: dt.date | None
    header: Mapping[str, str]
    labelled: bool = True


@dataclass(frozen=True)
class Case:
    """A patient: what the table and the archive have, and what is to become of the row.

    Args:
        subject: as the project has it.
        row: None for a patient whom the table does not have.
        sessions: of the patient.
        outcome: of the row.
        session: that it is joined to, or refused with.
        says: what its reason has to hold.
        consent: what is recorded; empty for nothing.
        swapped: whether its row stands in the place of another's.
        excluded: what stands on the exclusion list: empty for all of the subject, None for nothing.
        volumes: of masks in its first session.
    """

    subject: str
    row: ClinicalRow | None
    sessions: tuple[Made, ...]
    outcome: str = "joined"
    session: str = ""
    says: str = ""
    consent: str = "granted"
    swapped: bool = False
    excluded: str | None = None
    volumes: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def truth(self) -> ClinicalRow:
        assert self.row
        return self.row

    def with_row(self, **changes: Any) -> "Case":
        return replace(self, row=replace(self.truth, **changes))

    def refused(self, says: str, *, session: str = "") -> "Case":
        return replace(self, outcome="refused", says=says, session=session)

    def out(self, says: str, *, session: str = "") -> "Case":
        return replace(self, outcome="left out", says=says, session=session)

    def on(self, *days: int) -> "Case":
        """Sessions so many days before surgery, in the place of its own."""
        date, person = self.truth.date, self.sessions[0].header
        assert date
        dates = [date - dt.timedelta(days=each) for each in days]
        made = [Made(f"{self.subject}_{n}", each, person) for n, each in enumerate(dates)]
        return replace(self, sessions=tuple(made))


def plain(seed: int, row: ClinicalRow) -> Case:
    """A patient of whom nothing is wrong: images some weeks before surgery, whose headers agree."""
    assert row.date
    label = f"{row.subject}_MR"
    day = row.date - dt.timedelta(days=14 + seed % 60)
    person = {"PatientSex": str(row.values["sex"]), "PatientAge": f"{int(row.values['age_years']):03d}Y"}
    return Case(
        row.subject, row, (Made(label, day, person),), session=label, says="before surgery; sex and age"
    )


def cases() -> tuple[Case, ...]:
    """All 200, in the order of their seeds."""
    rows = [of_phantom(one) for one in clinical_rows(range(PATIENTS))]
    made = [plain(seed, row) for seed, row in enumerate(rows)]
    for change in (_labels, _consents, _several, _dates, _named, _prepared, _witnesses):
        change(made)
    _swap(made)
    assert len(made) == PATIENTS
    return tuple(made)


def _labels(made: list[Case]) -> None:
    for n in range(6):
        wrong = f"STS-PHANTOM-9{n:03d}"
        made[n] = made[n].with_row(subject=wrong).out("no such subject in the project")
    near = (
        ("sts-phantom-0006", "case"),
        ("STS-PHANTOM-7", "leading zeros"),
        ("STS_PHANTOM_0008", "dashes or underscores"),
        ("STS PHANTOM 0009", "blanks and dashes or underscores"),
        ("Sts-Phantom-0010", "case"),
    )
    for n, (label, words) in enumerate(near, 6):
        made[n] = made[n].with_row(subject=label).refused(f"differs only in {words} from a subject")
    for n in (11, 12):
        made[n] = replace(made[n], row=None)


def _consents(made: list[Case]) -> None:
    for n, (consent, says) in enumerate(
        (("refused", "consent refused"), ("withdrawn", "consent withdrawn"), ("", "no consent is recorded")),
        13,
    ):
        made[n] = replace(made[n], consent=consent).out(says)
    made[16] = replace(made[16], excluded="").out("on the exclusion list")
    made[17] = replace(made[17], excluded=made[17].session).out("on the exclusion list")
    two = replace(made[18].on(20, 9), excluded=f"{made[18].subject}_1")
    made[18] = replace(two, session=f"{two.subject}_0", says="20 days before surgery; sex and age")


def _several(made: list[Case]) -> None:
    for n in range(19, 27):
        found = made[n].on(90 - n, 10, -30)
        made[n] = replace(found, session=f"{found.subject}_1", says="10 days before surgery; the latest of 2")
    for n in range(27, 31):
        made[n] = made[n].on(10, 10, 70).refused("several sessions on the latest day before surgery; 10 days")
    for n in range(31, 34):
        first, second = made[n].on(10, 10).sessions
        one = replace(made[n], sessions=(first._replace(labelled=False), second), session=second.label)
        made[n] = replace(one, says="10 days before surgery; 1 session without the needed label passed over")


def _dates(made: list[Case]) -> None:
    for n, days in enumerate((-1, -2, -400), 34):
        made[n] = made[n].on(days).refused(f"session after surgery; {-days} day")
    for n, days in enumerate((181, 182, 2000), 37):
        made[n] = made[n].on(days).refused("session more than 180 days before surgery; ")
    for n, days in enumerate((0, 180), 40):
        made[n] = replace(made[n].on(days), session=f"{made[n].subject}_0")
    made[40] = replace(made[40], says="on the day of surgery; ")
    made[41] = replace(made[41], says="180 days before surgery; ")
    made[42] = made[42].on(200, -3).refused("no session within 180 days before surgery; 3 days after surgery")
    only = "the only session; no date to check against surgery; sex and age agree"
    made[43] = replace(made[43].with_row(date=None), says=only)
    made[44] = replace(made[44], sessions=(made[44].sessions[0]._replace(date=None),), says=only)
    made[45] = made[45].on(10, 20).with_row(date=None).refused("several sessions, and no date to check")
    first, second = made[46].on(10, 20).sessions
    undated = replace(made[46], sessions=(first, second._replace(date=None)))
    made[46] = undated.refused("several sessions, and one without a date")


def _named(made: list[Case]) -> None:
    for n in range(47, 50):
        found = made[n].on(50, 10).with_row(session=f"{made[n].subject}_0")
        made[n] = replace(
            found, session=f"{found.subject}_0", says="50 days before surgery; named by the row"
        )
    none = "the session that the row names is none of its subject"
    made[50] = made[50].with_row(session="STS-PHANTOM-0050_CT").refused(none)
    made[51] = made[51].with_row(session=made[52].session).refused(none)


def _prepared(made: list[Case]) -> None:
    for n in range(53, 56):
        one = replace(made[n], sessions=(made[n].sessions[0]._replace(labelled=False),))
        made[n] = one.out("has no NORMALISED", session=one.session)


def _witnesses(made: list[Case]) -> None:
    for n in range(56, 60):  # de-identified: no header says who it is
        one = replace(made[n], sessions=(made[n].sessions[0]._replace(header={}),))
        made[n] = replace(one, says="before surgery; nothing in the images to check it by")
    for n in range(60, 63):
        size = float(made[n].truth.values["volume_cm3"])
        drawn = {("4", "tumour"): size / 2, ("4", "tumour_2"): size / 3, ("4", "oedema"): 900.0}
        says = "sex, age and tumour volume agree with the images; 2 tumours are drawn"
        made[n] = replace(made[n], volumes=drawn, says=says)
    for n, factor in enumerate((1 / 2.9, 2.9, 1 / 3.1, 3.1), 63):
        size = float(made[n].truth.values["volume_cm3"])
        one = replace(made[n], volumes={("4", "tumour"): size * factor})
        says = "sex, age and tumour volume agree"
        swapped = "tumour volume of the row is another than that of the images: rows swapped?"
        is_near = 1 / 3 < factor < 3
        made[n] = replace(one, says=says) if is_near else one.refused(swapped, session=one.session)
    for n, years in enumerate((2, -2, 3, -3), 67):
        age = int(made[n].truth.values["age_years"])
        # On the day of surgery, so that the days before it add nothing.
        person = {"PatientAge": f"{age + years:03d}Y"}
        (session,) = made[n].on(0).sessions
        one = replace(made[n], sessions=(session._replace(header=person),), session=session.label)
        swapped = "age of the row is another than that of the images: rows swapped?"
        is_near = abs(years) <= 2
        agrees = replace(one, says="on the day of surgery; age agrees with the images")
        made[n] = agrees if is_near else one.refused(swapped, session=session.label)


def _swap(made: list[Case]) -> None:
    """Rows of two patients in each other's place, from 71 on, chosen so that one thing contradicts."""
    free = set(range(71, PATIENTS))
    for differs, says in (
        (("sex",), "sex of the row is another"),
        (("age",), "age of the row is another"),
        (("sex", "age"), "sex and age of the row are others"),
    ):
        for _ in range(4):
            one, other = _pair(made, free, differs)
            free -= {one, other}
            # The same days, so that dates say nothing: what is seen is seen by the images alone.
            made[other] = _moved(made[other], made[one])
            _exchange(made, one, other)
            for n in (one, other):
                made[n] = made[n].refused(f"{says}", session=made[n].session)
    for _ in range(4):
        one, other = _pair(made, free, ("date",))
        free -= {one, other}
        _exchange(made, one, other)
        for n in (one, other):
            made[n] = made[n].refused(" surgery; ", session="")
    one, other = _pair(made, free, ())
    made[other] = _moved(made[other], made[one])
    _exchange(made, one, other)
    # Equal sex, about equal age, equal dates: such a swap cannot be seen, and the rows are joined.


def _moved(case: Case, like: Case) -> Case:
    day = like.truth.date
    moved = case.with_row(date=day)
    return replace(moved, sessions=(case.sessions[0]._replace(date=like.sessions[0].date),))


def _exchange(made: list[Case], one: int, other: int) -> None:
    first, second = made[one].truth, made[other].truth
    for n, told in ((one, second), (other, first)):
        swapped = replace(made[n], swapped=True)
        made[n] = swapped.with_row(date=told.date, values=told.values, events=told.events, days=told.days)


def _pair(made: Sequence[Case], free: set[int], differs: tuple[str, ...]) -> tuple[int, int]:
    """The first two that differ in this and in nothing else that can be seen."""
    ordered = sorted(free)
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            found = _differences(made[one], made[other])
            if found == differs or ("date" not in differs and found == (*differs, "date")):
                return one, other
    raise AssertionError(differs)


def _differences(one: Case, other: Case) -> tuple[str, ...]:
    """In what two differ, clearly: ages by five years or more, or by one at most."""
    mine, theirs = one.truth, other.truth
    years = abs(float(mine.values["age_years"]) - float(theirs.values["age_years"]))
    assert mine.date
    assert theirs.date
    found = ["sex"] if mine.values["sex"] != theirs.values["sex"] else []
    found += ["age"] if years >= 5 else ["an unclear age"] if years > 1 else []
    return (*found, *(["date"] if abs((mine.date - theirs.date).days) > 300 else []))


def build(archive: Archive, made: Sequence[Case]) -> None:
    """Make the project and its lists; sessions and rows in the order of the cases."""
    for one in made:
        for number, session in enumerate(one.sessions):
            path = dated(archive, one.subject, session.label, session.date, labelled=session.labelled)
            if session.header:
                header(path, session.header)
            if one.volumes and number == 0:
                masks(path, one.volumes)
    lists = archive.resources_path("P")
    ordered = sorted(made, key=lambda one: one.subject)
    granted = [f"{one.subject},{one.consent}" for one in ordered if one.consent]
    put(lists, "CONSENT/consent.csv", "\n".join(["subject,consent", *granted, ""]).encode())
    put(lists, "EXCLUSIONS/exclusions.csv", "\n".join(["subject,session", *_excluded(ordered), ""]).encode())
    push(archive, (one.row for one in made if one.row))


def _excluded(made: Sequence[Case]) -> Iterator[str]:
    for one in made:
        if one.excluded is not None:
            yield f"{one.subject},{one.excluded}"
