"""What the page of a comparison shows, filled from what was compared: the page itself judges no model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sarcoma_core.prognosis.comparison import TABLE, ComparedEndpoint, ComparisonRules, TableModel
from sarcoma_core.prognosis.features import CohortFeatures
from sarcoma_core.prognosis.trained_study import KeptTraining
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.model_comparison_facts import ComparedLine, EndpointComparison, ModelComparison
from sarcoma_core.text import counted

LIMITS: Final = (
    "All rows are of the patients on whom the networks were developed, out of fold, and of one project.",
    "At another hospital any row may be worse, and their order another.",
    "The networks of a fold learn from all folds but two, the other models from all but one, so from more.",
    "Limits and p are of the sampling of patients: what another training would change is not in them.",
    "Models that cannot be told apart may differ: with few events only large differences show.",
    "The unimodal row is a head of networks that were trained on both, not a network of images alone.",
    "Penalties, forests and features of the image are ours: the paper does not tell all of its own.",
)
"""Of any comparison."""


@dataclass(frozen=True)
class ComparisonHead:
    """What is told of the whole comparison.

    Args:
        project: id of it.
        model: its name, of its card.
        version: of the model.
        kept: what the training left.
        rules: of the comparison.
        features: that were measured of the development.
        hashes: SHA-256 of cohort, model, study and splits, by what they are of.
    """

    project: str
    model: str
    version: str
    kept: KeptTraining
    rules: ComparisonRules
    features: CohortFeatures
    hashes: Mapping[str, str]

    @property
    def cautions(self) -> tuple[str, ...]:
        """Sentences that a reader has to know first."""
        return tuple(self._cautions())

    def _cautions(self) -> Iterator[str]:
        test = len(self.kept.parts.test)
        if test:
            patients = counted(test, "patient")
            yield f"The test set ({patients}) was not looked at here: train-prognosis --open-test opens it."
        else:
            yield "This training has set no test set aside: all its numbers are out of fold."
        if self.kept.order.foretells_grade and self.rules.refit:
            yield (
                "The networks foretell the grade and so are not given it; the clinical models are. Their "
                "rows differ in that, too."
            )
        missing = len(self.features.missing)
        if missing and self.rules.study.features:
            patients = counted(len(self.kept.parts.development), "patient")
            yield (
                f"{missing} of {patients} of the development have no features of the image: medians stand "
                "in for these."
            )

    @property
    def features_told(self) -> str:
        """What is told of the features of the image, a sentence."""
        study, found = self.rules.study, self.features.found
        if not study.features:
            reason = study.no_features.rstrip(".") or "they were not asked for"
            return f"none: {reason}."
        patients = counted(len(found), "patient")
        locked = sum(one.locked for one in found.values())
        return (
            f"{len(study.features)} first-order and shape features of radiomics, of {patients}, on "
            f"{self.features.role}; {locked} of the masks are locked."
        )


def comparison_facts(compared: Sequence[ComparedEndpoint], head: ComparisonHead) -> ModelComparison:
    """All that the page shows.

    Args:
        compared: endpoints, in the order of the page.
        head: of the whole comparison.
    """
    parts, study = head.kept.parts, head.rules.study
    return ModelComparison(
        model=f"{head.model} {head.version}",
        endpoints=tuple(_endpoint(one) for one in compared),
        development=len(parts.development),
        calibration=len(parts.calibration),
        test=len(parts.test),
        folds=parts.folds.folds,
        samples=head.rules.samples,
        seed=study.seed,
        prediction_time=study.when,
        features=head.features_told,
        cautions=head.cautions,
        limits=LIMITS,
        hashes=tuple(Fact(name, value) for name, value in head.hashes.items()),
    )


def _endpoint(one: ComparedEndpoint) -> EndpointComparison:
    return EndpointComparison(
        name=one.endpoint.title,
        short=one.endpoint.short,
        patients=len(one.patients.follow_up),
        events=one.patients.follow_up.events,
        tau=one.plan.tau,
        lines=tuple(_line(one, model) for model in TABLE),
    )


def _line(one: ComparedEndpoint, model: TableModel) -> ComparedLine:
    told = model.published.get(one.endpoint.short)
    published = None if told is None else (told.value, told.deviation)
    row = one.rows.get(model.name)
    if row is None:
        return ComparedLine(model=model.title, published=published, absent=one.absent[model.name])
    apart = row.difference
    return ComparedLine(
        model=model.title,
        harrell=row.harrell,
        uno=row.uno,
        flat=one.flat[model.name],
        difference=None if apart is None else apart.c,
        p=None if apart is None else apart.p,
        adjusted=None if apart is None else apart.adjusted,
        published=published,
    )
