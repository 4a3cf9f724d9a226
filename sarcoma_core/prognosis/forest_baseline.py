"""A random survival forest on the columns of a baseline: rows of the paper's table, where one can be grown.

scikit-survival is under the GPL. So no image of ours holds it and no base names it; where a person has
installed it beside us, the rows are filled in. The paper does not tell its settings: those here are ours.

Source: Ishwaran et al., Random survival forests, Annals of Applied Statistics 2008; Bozzo et al. 2024.
"""

import importlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.prognosis.baselines import Baseline
from sarcoma_core.prognosis.design import Design, Values, fit_design
from sarcoma_core.prognosis.endpoint_study import StudyPatients, StudyRules
from sarcoma_core.prognosis.out_of_fold import FoldModel
from sarcoma_core.survival.follow_up import Counts, Floats1

TREES: Final = 200
LEAST_OF_LEAF: Final = 10
"""Patients of a leaf: with fewer its curve is that of single patients."""
_LIBRARY: Final = "sksurv.ensemble"


def why_no_forest() -> str:
    """Why no forest can be grown here; empty where one can."""
    try:
        importlib.import_module(_LIBRARY)
    except ImportError:
        return "scikit-survival is not installed: it is under the GPL, and in none of our images"
    return ""


@dataclass(frozen=True)
class ForestFitting:
    """Grows a forest on rows of the patients.

    Args:
        baseline: whose columns it takes.
        patients: of the endpoint.
        rules: of the study.
    """

    baseline: Baseline
    patients: StudyPatients
    rules: StudyRules

    def on(self, rows: Counts) -> FoldModel:
        """The forest of some rows.

        Raises:
            InputError: no column can be used.
            ImportError: scikit-survival is not installed: ask `why_no_forest` before.
        """
        library = importlib.import_module(_LIBRARY)
        design = fit_design(
            [self.patients.values[row] for row in rows],
            self.baseline.rules(self.rules.features, self.rules.when),
        )
        forest = library.RandomSurvivalForest(
            n_estimators=TREES, min_samples_leaf=LEAST_OF_LEAF, n_jobs=1, random_state=self.rules.seed
        )
        some = self.patients.follow_up.chosen(rows)
        outcome = np.array(
            list(zip(some.event.tolist(), some.time.tolist(), strict=True)),
            dtype=[("event", np.bool_), ("time", np.float64)],
        )
        grown = _GrownForest(forest, design, self.patients.values)
        forest.fit(grown.matrix(rows), outcome)
        return grown


@dataclass(frozen=True)
class _GrownForest:
    """A forest that predicts rows of the patients."""

    forest: Any
    design: Design
    values: tuple[Values, ...]

    def matrix(self, rows: Counts) -> NDArray[np.float64]:
        return self.design.matrix([self.values[row] for row in rows])

    def risk(self, rows: Counts) -> Floats1:
        return np.asarray(self.forest.predict(self.matrix(rows)), np.float64)

    def survival(self, rows: Counts, days: Floats1) -> NDArray[np.float64]:
        """A step function: 1 before the first event of the training."""
        steps = self.forest.predict_survival_function(self.matrix(rows), return_array=True)
        held = np.column_stack([np.ones(len(rows)), steps])
        return np.asarray(held[:, np.searchsorted(self.forest.unique_times_, days, side="right")])
