"""What a model foretells of a session's patient, as the page shows it: all of it, or why there is nothing.

A model that abstains says no number: none of the document is passed on then, whatever it holds.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.archive.predicted import BaselineEndpoint, ForetoldEndpoint, SessionPrediction
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.foretold_curves import foretold_plot
from sarcoma_core.report.foretold_files import FiledPrediction
from sarcoma_core.report.foretold_inputs import inputs_told, model_told, told, unseen
from sarcoma_core.report.foretold_maps import ShownMap, shown_map
from sarcoma_core.report.foretold_tables import (
    ForetoldTable,
    chances_table,
    grade_table,
    group_told,
    parts_told,
)
from sarcoma_core.report.foretold_terms import endpoint_words
from sarcoma_core.report.foretold_verdict import (
    ForetoldFinding,
    bounds_told,
    finding,
    grade_finding,
    in_order,
)
from sarcoma_core.report.line_plot import LinePlot
from sarcoma_core.report.masks import shown

PredictionState = Literal["none", "not shown", "refused", "abstains", "foretold"]


@dataclass(frozen=True)
class ForetoldCurves:
    """An endpoint on the page.

    Args:
        title: its name.
        plot: its curves.
        table: chances by each horizon.
        group: the risk group with its rule, a sentence.
        parts: what image and clinical variables say alone; empty where the model has one part.
        no_baseline: why there is no clinical baseline; empty where there is one.
    """

    title: str
    plot: LinePlot
    table: ForetoldTable
    group: str
    parts: str
    no_baseline: str


@dataclass(frozen=True)
class ForetoldTold:
    """What the page tells of a prediction.

    Args:
        state: whether there is anything, and what.
        reasons: why nothing is shown, or why the model abstains, sentences without a full stop.
        current_run: whether nothing has changed since.
        synthetic: whether the model has learned from synthetic patients alone.
        findings: the first sentence of each endpoint, survival first.
        bounds: lower bounds of survival time, a sentence; empty where there are none.
        cautions: what to know before it is believed.
        endpoints: curves and tables.
        grade: how likely each level is; None where it is not foretold.
        inputs: what the model saw, and what it did not.
        maps: where the networks looked.
        takes_image: whether the model has seen an image.
        model: which it is.
        limits: of the model, as its card tells them.
    """

    state: PredictionState = "none"
    reasons: tuple[str, ...] = ()
    current_run: bool = True
    synthetic: bool = False
    findings: tuple[ForetoldFinding, ...] = ()
    bounds: str = ""
    cautions: tuple[str, ...] = ()
    endpoints: tuple[ForetoldCurves, ...] = ()
    grade: ForetoldTable | None = None
    inputs: tuple[Fact, ...] = ()
    maps: tuple[ShownMap, ...] = ()
    takes_image: bool = False
    model: tuple[Fact, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether there is anything to tell."""
        return self.state != "none"


NOTHING_FORETOLD: Final = ForetoldTold()


def tell_foretold(filed: FiledPrediction) -> ForetoldTold:
    """Put what was foretold into words.

    Args:
        filed: what PREDICTION holds.
    """
    if filed.fault:
        return ForetoldTold("not shown", (told(filed.fault),), filed.current)
    if filed.outcome is None:
        return NOTHING_FORETOLD
    if filed.said is None:
        return ForetoldTold("refused", (told(filed.outcome.reason),), filed.current)
    why = () if filed.outcome.status == "done" else (filed.outcome.reason,)
    reasons = tuple(told(one) for one in filed.said.prediction.reasons or why)
    return _abstaining(filed.said, reasons, filed) if reasons else _foretelling(filed.said, filed)


def _abstaining(said: SessionPrediction, reasons: tuple[str, ...], filed: FiledPrediction) -> ForetoldTold:
    return ForetoldTold(
        state="abstains",
        reasons=reasons,
        current_run=filed.current,
        synthetic=said.model.synthetic,
        inputs=inputs_told(said.inputs, said.prediction, abstains=True),
        model=model_told(said.model, abstains=True),
    )


def _foretelling(said: SessionPrediction, filed: FiledPrediction) -> ForetoldTold:
    origin = shown(said.inputs.time_zero)
    timed = in_order(said.prediction.timed)
    return ForetoldTold(
        state="foretold",
        current_run=filed.current,
        synthetic=said.model.synthetic,
        findings=(
            *(finding(one, _baseline(said, one), origin) for one in timed),
            *grade_finding(said.prediction),
        ),
        bounds=bounds_told(said.prediction, origin),
        cautions=(*unseen(said.prediction), *map(told, said.cautions)),
        endpoints=tuple(_endpoint(one, said, origin) for one in timed),
        grade=grade_table(said.prediction),
        inputs=inputs_told(said.inputs, said.prediction, abstains=False),
        maps=tuple(shown_map(one, filed.pictures) for one in said.heat),
        takes_image=bool(said.inputs.series),
        model=model_told(said.model, abstains=False),
        limits=tuple(map(told, said.model.limits)),
    )


def _endpoint(one: ForetoldEndpoint, said: SessionPrediction, origin: str) -> ForetoldCurves:
    baseline = _baseline(said, one)
    return ForetoldCurves(
        title=endpoint_words(one.endpoint).title,
        plot=foretold_plot(one, baseline, origin),
        table=chances_table(one, baseline),
        group=group_told(one),
        parts=parts_told(said.prediction, one.endpoint),
        no_baseline=_no_baseline(baseline),
    )


def _baseline(said: SessionPrediction, one: ForetoldEndpoint) -> BaselineEndpoint | None:
    return next((base for base in said.baseline if base.endpoint == one.endpoint), None)


def _no_baseline(baseline: BaselineEndpoint | None) -> str:
    return "the model has none" if baseline is None else told(baseline.absent)
