"""The columns of the clinical table: what each means, its unit and levels, and when its value is known.

Source: the eleven variables of Bozzo et al. 2024 (MMNN); FNCLCC grade, Trojani 1984; WHO Classification of
Soft Tissue and Bone Tumours, 5th edition, 2020 (`histologies`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical.histologies import HISTOLOGIES

Known = Literal["before surgery", "at surgery", "after surgery"]
"""When the value of a variable is known. A prediction may use what is known by then, and nothing later."""
KNOWN: Final[tuple[Known, ...]] = ("before surgery", "at surgery", "after surgery")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit.

    Args:
        unit: as people write it.
        above: every value lies above it, or is it where `closed`.
        highest: a value above it is a mistake.
        closed: whether `above` itself is a value.
    """

    unit: str
    above: float
    highest: float
    closed: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number can be a value."""
        return (self.above < value or (self.closed and value == self.above)) and value <= self.highest

    @property
    def rule(self) -> str:
        """The rule in words."""
        start = f"{self.above:g} to" if self.closed else f"above {self.above:g} and up to"
        return f"{start} {self.highest:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Levels:
    """One of several words.

    Args:
        words: the levels; where `ordered`, from low to high.
        synonyms: other words for each, in small letters without accents.
        ordered: whether a higher one is more.
        in_text: whether a longer text may name one, as people write sites and diagnoses.
    """

    words: tuple[str, ...]
    synonyms: Mapping[str, tuple[str, ...]]
    ordered: bool = False
    in_text: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a patient.

    Args:
        name: the heading of its column, with the unit.
        title: what a reader calls it.
        kind: what its values are.
        known: when they are.
        headings: how else people head such a column, in small letters, without units and marks.
        help: one line for the template and the docs.
    """

    name: str
    title: str
    kind: Quantity | Levels
    known: Known
    headings: tuple[str, ...]
    help: str


_YES = ("yes", "y", "1", "true", "ja", "j", "oui", "si", "given", "done", "present", "positive", "x")
_NO = ("no", "n", "0", "false", "nein", "non", "none", "not given", "absent", "negative")


def _yes_no(yes: tuple[str, ...] = (), no: tuple[str, ...] = ()) -> Levels:
    return Levels(("no", "yes"), {"yes": (*_YES[1:], *yes), "no": (*_NO[1:], *no)}, ordered=True)


VARIABLES: Final[tuple[Variable, ...]] = (
    Variable(
        "age_years",
        "Age",
        Quantity("years", 0, 120, closed=True),
        "before surgery",
        ("age", "age at diagnosis", "age at surgery", "age at index", "patient age", "alter"),
        "age at time zero, in years",
    ),
    Variable(
        "sex",
        "Sex",
        Levels(
            ("F", "M"),
            {
                "F": ("female", "woman", "w", "weiblich", "femme", "feminin", "mujer"),
                "M": ("male", "man", "mannlich", "homme", "masculin", "hombre"),
            },
        ),
        "before surgery",
        ("gender", "patient sex", "geschlecht"),
        "F or M",
    ),
    Variable(
        "location",
        "Tumour location",
        Levels(
            ("upper limb", "lower limb", "trunk", "head and neck", "retroperitoneum", "abdomen or pelvis"),
            {
                "upper limb": (
                    *(
                        "upper extremity",
                        "arm",
                        "upper arm",
                        "forearm",
                        "hand",
                        "shoulder",
                        "biceps",
                        "elbow",
                    ),
                    *("axilla", "wrist", "finger", "triceps", "upper limb and shoulder", "humerus"),
                ),
                "lower limb": (
                    *("lower extremity", "thigh", "calf", "leg", "lower leg", "knee", "buttock", "foot"),
                    *(
                        "ankle",
                        "hip",
                        "groin",
                        "popliteal fossa",
                        "gluteal",
                        "toe",
                        "lower limb and hip",
                        "femur",
                        "tibia",
                        "inguinal",
                    ),
                    *("knee pit", "hamstring", "quadriceps", "shin", "heel"),
                ),
                "trunk": ("trunk wall", "chest wall", "back", "abdominal wall", "thorax", "chest", "flank"),
                "head and neck": ("head", "neck", "face", "scalp", "head face and neck", "tongue", "orbit"),
                "retroperitoneum": ("retroperitoneal", "retroperitoneum and peritoneum"),
                "abdomen or pelvis": (
                    *("abdomen", "pelvis", "abdominal", "visceral", "uterus", "pelvic", "stomach", "kidney"),
                    *("corpus uteri", "isthmus uteri", "myometrium", "peritoneum", "colon", "spermatic cord"),
                    *("intraabdominal", "mesentery", "small bowel", "bladder"),
                ),
            },
            in_text=True,
        ),
        "before surgery",
        ("tumour location", "tumor location", "site", "site of primary sts", "primary site", "location3"),
        "where the primary tumour is",
    ),
    Variable(
        "diagnosis",
        "Diagnosis",
        Levels(tuple(HISTOLOGIES), HISTOLOGIES, in_text=True),
        "before surgery",
        ("histology", "histological type", "histologic type", "histological subtype", "primary diagnosis"),
        "WHO 2020 histological type, of the biopsy",
    ),
    Variable(
        "neoadjuvant_chemotherapy",
        "Neoadjuvant chemotherapy",
        _yes_no(),
        "before surgery",
        ("chemo", "chemo neoadjuvant", "neoadjuvant chemo", "preoperative chemotherapy", "neoadj chemo"),
        "yes or no",
    ),
    Variable(
        "size_cm",
        "Tumour size",
        Quantity("cm", 0, 60),
        "before surgery",
        ("size", "tumour size", "tumor size", "tumorsize", "largest diameter", "max diameter"),
        "largest diameter on the images before treatment, in cm",
    ),
    Variable(
        "volume_cm3",
        "Tumour volume",
        Quantity("cm3", 0, 30_000),
        "before surgery",
        ("volume", "tumour volume", "tumor volume", "tumorvolume"),
        "volume on the images before treatment, in cm3 (ml)",
    ),
    Variable(
        "depth",
        "Tumour depth",
        Levels(
            ("superficial", "deep"),
            {
                "superficial": ("0", "above fascia", "epifascial", "subcutaneous"),
                "deep": ("1", "deep to fascia", "below fascia", "subfascial", "intramuscular"),
            },
            ordered=True,
        ),
        "before surgery",
        ("tumour depth", "tumor depth", "tumordepth"),
        "superficial, or deep to the fascia",
    ),
    Variable(
        "grade",
        "Grade (FNCLCC)",
        Levels(
            ("1", "2", "3"),
            {
                "1": ("i", "g1", "grade 1", "grade i", "low", "low grade", "low-grade"),
                "2": ("ii", "g2", "grade 2", "grade ii", "intermediate", "intermediate grade", "moderate"),
                "3": ("iii", "g3", "grade 3", "grade iii", "high", "high grade", "high-grade"),
            },
            ordered=True,
        ),
        "before surgery",
        ("fnclcc", "fnclcc grade", "tumour grade", "tumor grade", "tumorgrade", "histological grade"),
        "FNCLCC grade of the biopsy: 1, 2 or 3",
    ),
    Variable(
        "metastasis_at_presentation",
        "Metastasis at presentation",
        _yes_no(yes=("m1", "cm1"), no=("m0", "cm0")),
        "before surgery",
        (
            "metastases at presentation",
            "mets at presentation",
            "m1 at diagnosis",
            "metastases at diagnosis",
            "metastatic at presentation",
            "m status",
            "m status at diagnosis",
            "m stage",
            "cm",
            "metsatpresentation",
            "metastasis at diagnosis",
        ),
        "yes or no; such a patient has no time to a first metastasis",
    ),
    Variable(
        "radiotherapy",
        "Radiotherapy",
        Levels(
            ("none", "preoperative", "postoperative"),
            {
                "none": ("no", "no radiotherapy", "n"),
                "preoperative": ("preop", "pre-op", "neoadjuvant", "before surgery"),
                "postoperative": ("postop", "post-op", "adjuvant", "after surgery"),
            },
        ),
        "after surgery",
        ("rt type", "rt", "radiotherapy type", "type of radiotherapy", "radiation"),
        "none, preoperative or postoperative; which of the last two is known after surgery alone",
    ),
)
"""The eleven variables of a patient, in the order of the table."""

BY_NAME: Final[Mapping[str, Variable]] = {variable.name: variable for variable in VARIABLES}


def known_by(when: Known) -> tuple[Variable, ...]:
    """The variables whose values are known at a time."""
    return tuple(one for one in VARIABLES if KNOWN.index(one.known) <= KNOWN.index(when))


def require_known(names: tuple[str, ...], when: Known) -> None:
    """Refuse variables that a prediction cannot know.

    Args:
        names: of variables of the table.
        when: the prediction is made.

    Raises:
        UsageError: there is no such variable, or its value is known later.
    """
    for name in names:
        if name not in BY_NAME:
            raise UsageError(f"variables: must be of {', '.join(BY_NAME)}; found {name!r}.")
        if KNOWN.index(BY_NAME[name].known) > KNOWN.index(when):
            raise UsageError(
                f"variables: must be known {when}; {name} is known {BY_NAME[name].known}.",
                hint=f"Leave {name} out: a model that has seen it cannot be used {when}.",
            )
