"""Three models that any other has to beat: on a nomogram's variables, on the whole table, and with features.

They are fitted on the patients of the training alone; the penalty is chosen among these as well.

Source: Callegaro et al., Lancet Oncology 2016 (Sarculator); Bozzo et al. 2024 (MMNN), whose table of
comparisons has these rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.variables import Known, known_by
from sarcoma_core.prognosis.design import LEAST, Design, DesignRules, Values, fit_design
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.elastic_net import fit_elastic_net
from sarcoma_core.survival.follow_up import Floats1, FollowUp
from sarcoma_core.survival.penalty_choice import choose_penalty
from sarcoma_core.survival.proportional_hazards import ProportionalHazards
from sarcoma_core.text import counted
from sarcoma_core.training.splits import LEAST_FOLDS, repeated_folds

BaselineName = Literal["sarculator", "clinical", "radiomics", "radiomics-clinical"]
LEAST_EVENTS: Final = 10
"""Below which no model is fitted: the step's default."""
LEAST_PER_COLUMN: Final = 10.0
"""Events for each column; with fewer, what a model says is not to be trusted (Peduzzi et al. 1995)."""
L1_RATIO: Final = 0.5
"""Half lasso, half ridge: of covariates that go together both stay. Ours: the papers do not tell theirs."""
_PENALTIES: Final = np.geomspace(1, 1e-2, 12)
"""As parts of the least one at which no column is left."""
_INNER_FOLDS: Final = 5
LOGS: Final = ("size_cm", "volume_cm3", "morph_volume")
"""Whose logarithm counts: they span three decades."""
_RARE_UNPENALISED: Final = 10
"""Without a penalty a level of fewer patients often has no event, and its coefficient no end."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A kind of model.

    Args:
        name: in files and on the command line.
        title: what a reader calls it.
        what: it is, a sentence.
        variables: names of those of the table; none for all that are known when the prediction is made.
        clinical: whether it takes variables of the table at all.
        radiomics: whether it takes features of the image.
        penalised: whether it is an elastic net.
    """

    name: BaselineName
    title: str
    what: str
    variables: tuple[str, ...] = ()
    clinical: bool = True
    radiomics: bool = False
    penalised: bool = True

    def rules(self, features: tuple[str, ...], when: Known) -> DesignRules:
        """What it is made of.

        Args:
            features: names of those of the image.
            when: the prediction is made.
        """
        known = self.variables or tuple(one.name for one in known_by(when))
        return DesignRules(
            variables=known if self.clinical else (),
            features=features if self.radiomics else (),
            logs=LOGS,
            scale=self.penalised,
            rare=LEAST if self.penalised else _RARE_UNPENALISED,
            when=when,
        )


BASELINES: Final[tuple[Baseline, ...]] = (
    Baseline(
        "sarculator",
        "Sarculator's variables, refitted (Cox)",
        "A refit of Cox's model on the variables of Sarculator, age, size, grade and histology: not the "
        "published nomogram.",
        variables=("age_years", "size_cm", "grade", "diagnosis"),
        penalised=False,
    ),
    Baseline(
        "clinical",
        "Clinical, elastic-net Cox",
        "Cox's model with the elastic-net penalty on all clinical variables that are known by then.",
    ),
    Baseline(
        "radiomics-clinical",
        "Radiomics and clinical, elastic-net Cox",
        "Cox's model with the elastic-net penalty on all clinical variables that are known by then, and on "
        "first-order and shape features of the tumour.",
        radiomics=True,
    ),
)
"""In the order of pages and files."""
RADIOMICS: Final = Baseline(
    "radiomics",
    "Radiomics, elastic-net Cox",
    "Cox's model with the elastic-net penalty on first-order and shape features of the tumour alone.",
    clinical=False,
    radiomics=True,
)
"""A row of the paper's table, which no model of ours is trained for."""


@dataclass(frozen=True, slots=True)
class ElasticNetPenalty:
    """The penalty that was chosen, on columns of spread 1 (`survival.elastic_net`)."""

    l1_ratio: float
    penalty: float


@dataclass(frozen=True, eq=False)
class FittedBaseline:
    """A model of one endpoint.

    Args:
        baseline: which kind.
        design: what was learned of the columns.
        hazards: the model of these columns.
        penalty: that was chosen; None where there is none.
        patients: of the training.
        events: of these.
    """

    baseline: Baseline
    design: Design
    hazards: ProportionalHazards
    penalty: ElasticNetPenalty | None
    patients: int
    events: int

    @property
    def events_per_column(self) -> float:
        """Events for each column that was offered."""
        return self.events / len(self.design.columns)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before it is believed."""
        if self.events_per_column >= LEAST_PER_COLUMN:
            return ()
        columns = counted(len(self.design.columns), "column")
        each = f"{self.events_per_column:.1f} for each, fewer than {LEAST_PER_COLUMN:g}"
        return (f"{self.events} events for {columns}: {each}",)

    def risk(self, patients: Sequence[Values]) -> Floats1:
        """Log hazard ratio against the patient of mean columns, shape (n,)."""
        return self.hazards.risk(self.design.matrix(patients))

    def survival(self, patients: Sequence[Values], days: Floats1) -> NDArray[np.float64]:
        """Predicted survival of each patient at each time, shape (n, times)."""
        return self.hazards.survival(self.design.matrix(patients), days)


def fit_baseline(
    baseline: Baseline,
    patients: Sequence[Values],
    subjects: Sequence[str],
    follow_up: FollowUp,
    *,
    features: tuple[str, ...] = (),
    when: Known = "before surgery",
    seed: int,
) -> FittedBaseline:
    """Fit a model.

    Args:
        baseline: which kind.
        patients: what is known of each of the training.
        subjects: of each: what deals them to the folds by which the penalty is chosen.
        follow_up: of each, in days.
        features: names of those of the image that are there.
        when: the prediction is made.
        seed: of these folds.

    Raises:
        InputError: no variable can be used, there are too few events to choose a penalty, or an unpenalised
            column parts the events from the rest or follows from others.
        UsageError: a variable is not known when the prediction is made.
    """
    design = fit_design(patients, baseline.rules(features, when))
    x = design.matrix(patients)
    if not baseline.penalised:
        hazards: ProportionalHazards = fit_cox(x, follow_up)
        return FittedBaseline(baseline, design, hazards, None, len(follow_up), follow_up.events)
    if follow_up.events < LEAST_FOLDS:
        raise InputError(
            f"events: must be {LEAST_FOLDS} or more to choose a penalty by; found {follow_up.events}.",
            hint="So few events judge no model.",
        )
    dealt = repeated_folds(subjects, follow_up, seed=seed, folds=min(_INNER_FOLDS, follow_up.events))
    folds = np.empty(len(follow_up), np.int64)
    for fold in dealt.rows(subjects):
        folds[fold.test] = fold.number
    largest = fit_elastic_net(x, follow_up, l1_ratio=L1_RATIO, count=1).penalties[0]
    chosen = choose_penalty(x, follow_up, l1_ratio=L1_RATIO, folds=folds, penalties=largest * _PENALTIES)
    hazards = chosen.path.model(chosen.best, x, follow_up)
    penalty = ElasticNetPenalty(L1_RATIO, float(chosen.path.penalties[chosen.best]))
    return FittedBaseline(baseline, design, hazards, penalty, len(follow_up), follow_up.events)


def baseline_named(name: str) -> Baseline:
    """The kind of model of a name.

    Raises:
        InputError: there is none.
    """
    for one in BASELINES:
        if one.name == name:
            return one
    raise InputError(f"baseline: must be one of {', '.join(one.name for one in BASELINES)}; found {name!r}.")
