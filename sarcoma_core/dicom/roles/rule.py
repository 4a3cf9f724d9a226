"""What a rule is: conditions on what was seen of a series, and what speaks for which answer how strongly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.relations import relations, second_software
from sarcoma_core.dicom.roles.words import A_B_VALUE, Said, read_words

Evidence = Literal[
    "physics", "image type", "geometry", "maker", "study", "numbering", "description", "session"
]
KINDS: tuple[Evidence, ...] = get_args(Evidence)
"""Kinds of evidence, in the order in which they are told."""

Reply = Literal[
    "anatomy", "copy", "map", "localizer", "no anatomy", "T1", "T2", "proton density", "diffusion",
    "other sequence", "fat-suppressed", "not fat-suppressed", "contrast", "no contrast",
]  # fmt: skip

QUESTIONS: Mapping[str, Mapping[Reply, float]] = {
    "what it is": {"anatomy": 0.0, "copy": -5.0, "map": -5.0, "localizer": -5.0, "no anatomy": -5.0},
    "sequence": {"T1": 0.0, "T2": 0.0, "proton density": -1.0, "diffusion": -1.0, "other sequence": 1.0},
    "fat suppression": {"fat-suppressed": -2.5, "not fat-suppressed": 0.0},
    "contrast agent": {"contrast": -3.0, "no contrast": 0.0},
}
"""The answers to each question, and the weight that each has before anything is seen."""

Value = float | frozenset[str]


@dataclass(frozen=True)
class When:
    """A condition on one thing that was seen. Of several, all have to hold.

    Args:
        name: a DICOM keyword, or what `Sight` calls it.
        least: the number is this or more.
        below: the number is less than this.
        any_of: one of these is among the values.
        none_of: none of these is among the values; true where there are none.
        absent: there is no such value.
    """

    name: str
    least: float | None = None
    below: float | None = None
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    absent: bool = False

    def holds(self, sight: "Sight") -> bool:
        """Whether what was seen is so."""
        value = sight.values.get(self.name)
        if self.absent:
            return value is None
        if self.none_of:
            return not (isinstance(value, frozenset) and value.intersection(self.none_of))
        if self.any_of:
            return isinstance(value, frozenset) and bool(value.intersection(self.any_of))
        if not isinstance(value, float):
            return False
        return (self.least is None or value >= self.least) and (self.below is None or value < self.below)

    @property
    def text(self) -> str:
        """The condition in words, for the published table."""
        if self.absent:
            return f"no {self.name}"
        if self.none_of:
            return f"{self.name} has none of {', '.join(self.none_of)}"
        if self.any_of:
            return f"{self.name}: {' or '.join(self.any_of)}"
        low = f"{self.least:g} ≤ " if self.least is not None else ""
        return f"{low}{self.name}" + (f" < {self.below:g}" if self.below is not None else "")

    def found(self, sight: "Sight") -> str:
        """What was seen, in words; empty where something was not."""
        value = sight.values.get(self.name)
        if value is None or self.none_of or self.name in _UNTOLD:
            return ""
        if isinstance(value, float):
            whole = f"{value:.0f}"  # of a large number the digits could be taken for a date
            return f"{self.name} " + (f"{value:g}" if len(whole) < _LONG else f"of {len(whole)} digits")
        if self.name == DESCRIPTION:
            phrases = [_SIGNS.get(one, one) for group in self.any_of for one in sight.said.get(group, ())]
            return "the description says " + " and ".join(map(_quoted, dict.fromkeys(phrases)))
        terms = ", ".join(sorted(value.intersection(self.any_of)))
        return terms if self.name == RELATION else f"{self.name} {terms}"


@dataclass(frozen=True)
class RoleRule:
    """One row of the table.

    Args:
        id: its name, for people and tests.
        kind: the kind of its evidence: of one kind, only the heaviest rule counts for an answer.
        when: conditions, all of which have to hold.
        gives: what it speaks for, and how strongly: the natural logarithm of odds.
        words: what it means, for the evidence.
    """

    id: str
    kind: Evidence
    when: tuple[When, ...]
    gives: Mapping[Reply, float]
    words: str

    def fires(self, sight: "Sight") -> bool:
        """Whether all conditions hold."""
        return all(condition.holds(sight) for condition in self.when)

    def told(self, sight: "Sight") -> str:
        """A sentence of evidence: numbers, defined terms and words of the dictionary, no other text."""
        found = [text for condition in self.when if (text := condition.found(sight))]
        return f"{'; '.join(found)}: {self.words}" if found else self.words


def _quoted(phrase: str) -> str:
    return phrase if phrase == A_B_VALUE else f"'{phrase}'"


_LONG = 5
_SIGNS: Mapping[str, str] = {"cplus": "C+", "cminus": "C-", "t2star": "T2*", "r2star": "R2*"}
"""What `words.normalised` writes for signs, as people write them."""
DESCRIPTION, RELATION = "description", "relation"
_UNTOLD = ("Modality", "SOPClassUID", "map")
"""What a rule's own words say already."""


@dataclass(frozen=True)
class Sight:
    """What the rules look at.

    Args:
        values: by name, a number or a set of terms; what is not known is not there.
        said: the words of the description, by group of the dictionary.
    """

    values: Mapping[str, Value]
    said: Said = field(default_factory=dict)


def sight_of(facts: SeriesFacts, others: Iterable[SeriesFacts] = ()) -> Sight:
    """What the rules look at in a series, beside the others of its session."""
    said = said_by(facts)
    numbers = {
        "RepetitionTime": facts.repetition_time,
        "EchoTime": facts.echo_time,
        "InversionTime": facts.inversion_time,
        "FlipAngle": facts.flip_angle,
        "DiffusionBValue": facts.b_value,
        "SeriesNumber": facts.series_number,
        "orientations": facts.orientations,
        "images": facts.images,
    }
    terms = {
        "Modality": {facts.modality},
        "SOPClassUID": {"no volume" if facts.not_a_volume else "a volume"},
        "map": {"a map"} if facts.map else set(),
        "Dixon image": {facts.dixon},
        "ImageType": {
            word for value in facts.image_type for word in (value, *value.replace("_", " ").split())
        },
        "ScanningSequence": facts.scanning_sequence,
        "SequenceVariant": facts.sequence_variant,
        "ScanOptions": facts.scan_options,
        "AcquisitionContrast": {facts.acquisition_contrast},
        "SpectrallySelectedSuppression": {facts.suppression},
        "ContrastBolusAgent": {"given"} if facts.agent else set(),
        "Manufacturer": {second_software(facts.manufacturer) and "software for registration"},
        DESCRIPTION: set(said),
        RELATION: relations(facts, others),
    }
    values: dict[str, Value] = {name: float(number) for name, number in numbers.items() if number is not None}
    values |= {name: frozenset(filled) for name, held in terms.items() if (filled := set(held) - {""})}
    return Sight(values, said)


def said_by(facts: SeriesFacts) -> Said:
    """What the description says; the protocol's name is asked where it says nothing of what matters.

    A protocol may be that of the whole examination, and then says both before and after contrast agent.
    """
    said = read_words(facts.description)
    if set(said) - _OF_NO_ROLE:
        return said
    of_protocol = read_words(facts.protocol)
    if set(of_protocol) >= _BEFORE_AND_AFTER:
        of_protocol = {g: words for g, words in of_protocol.items() if g not in _BEFORE_AND_AFTER}
    return {**of_protocol, **said}


_BEFORE_AND_AFTER = {"contrast", "no contrast"}
_OF_NO_ROLE = {
    *("neutral", "axial", "sagittal", "coronal", "box", "lung or bone"),
    *("Dixon letter of water", "Dixon letter of fat"),
    *("Dixon letter of in-phase", "Dixon letter of opposed phase"),
}
"""What a description may say that tells no role by itself."""
