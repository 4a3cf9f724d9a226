"""What a training knows of itself, and what that says of the items of reporting checklists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sarcoma_core.prognosis.reporting_items import Told
from sarcoma_core.text import counted


@dataclass(frozen=True)
class ReportedEndpoint:
    """An endpoint, as a checklist tells it.

    Args:
        title: of the endpoint.
        patients: of the development who were followed for it.
        events: of these.
        death_competes: whether death is a competing event.
        performance: Harrell's C of each head and of the baseline with its limits, in words, by name.
        seeds: Harrell's C of each seed alone, in words; empty of one seed.
    """

    title: str
    patients: int
    events: int
    death_competes: bool
    performance: Mapping[str, str]
    seeds: str


@dataclass(frozen=True, kw_only=True)
class ReportedTraining:
    """What a run knows of a training.

    Args:
        project: id of the project.
        time_zero: from when times count.
        prediction_time: what is known by then.
        members: patients of the frozen cohort.
        patients: of these, of the training.
        left_out: why others are not, each reason with its number.
        endpoints: those that come with time.
        graded: whether the grade is foretold as well.
        development: patients that are learned from.
        calibration: patients on whom bounds of survival time are fitted.
        test: patients who are set aside.
        folds: of the development.
        seeds: networks of each fold.
        variables: of the table that are offered.
        columns: that each network takes of these; 0 without the table.
        images: sequences and cube in words; empty without images.
        layers: of the blocks of the DenseNet, in words; empty without images.
        head: what the outputs are.
        blending: how losses are weighted.
        training: epochs, step and learning rate, in words.
        splits_sha256: of the file of the parts.
        cohort_sha256: of the cohort.
        openings: in words, the first one first.
        limits: sentences.
        version: of sarcoma.
    """

    project: str
    time_zero: str
    prediction_time: str
    members: int
    patients: int
    left_out: tuple[tuple[str, int], ...]
    endpoints: tuple[ReportedEndpoint, ...]
    graded: bool
    development: int
    calibration: int
    test: int
    folds: int
    seeds: int
    variables: tuple[str, ...]
    columns: int
    images: str
    layers: str
    head: str
    blending: str
    training: str
    splits_sha256: str
    cohort_sha256: str
    openings: tuple[str, ...]
    limits: tuple[str, ...]
    version: str


def _endpoints(run: ReportedTraining) -> str:
    told = [one.title for one in run.endpoints] + (["Grade"] if run.graded else [])
    return ", ".join(told)


def _outcomes(run: ReportedTraining) -> str:
    competing = [one.title for one in run.endpoints if one.death_competes]
    beside = f" Death competes with: {', '.join(competing)}." if competing else ""
    return f"{_endpoints(run)}; times count from {run.time_zero}.{beside}"


def _numbers(run: ReportedTraining) -> str:
    each = [
        f"{one.title}: {counted(one.patients, 'patient')}, {counted(one.events, 'event')}"
        for one in run.endpoints
    ]
    return f"Development: {'; '.join(each)}." if each else ""


def _sizes(run: ReportedTraining) -> str:
    return (
        f"{counted(run.patients, 'patient')}: {run.development} of the development, {run.calibration} of the "
        f"calibration set, {run.test} of the test set; all who could be used, no size was reckoned before."
    )


def _eligibility(run: ReportedTraining) -> str:
    images = ", with a drawn tumour and an image that can be used" if run.images else ""
    return f"Patients of the frozen cohort{images}, of whom one endpoint at least is known."


def _flow(run: ReportedTraining) -> str:
    reasons = "; ".join(f"{number}: {why.rstrip('.')}" for why, number in run.left_out)
    lost = f" Left out: {reasons}." if reasons else ""
    drawn = "drawn in study.html"
    return f"{run.patients} of {counted(run.members, 'patient')} of the cohort; {drawn}.{lost}"


def _parts(run: ReportedTraining) -> str:
    return (
        f"Test set {run.test}, calibration set {run.calibration}, development {run.development} in "
        f"{counted(run.folds, 'fold')}; dealt by event, centre and time (splits.json, SHA-256 "
        f"{run.splits_sha256}). A fold judges, the next one chooses the epoch, the others are learned from."
    )


def _model(run: ReportedTraining) -> str:
    image = f"a 3D DenseNet ({run.layers} layers) of {run.images}" if run.images else ""
    table = f"a clinical subnetwork of {counted(run.columns, 'column')}" if run.columns else ""
    parts = " and ".join(part for part in (image, table) if part)
    return f"Networks of {parts}, fused late where there are both; outputs: {run.head}."


def _predictors(run: ReportedTraining) -> str:
    table = f"Of the table, known {run.prediction_time}: {', '.join(run.variables)}" if run.columns else ""
    image = f"Of the image: {run.images}, and the mask of the tumour" if run.images else ""
    return ". ".join(part for part in (table, image) if part) + "."


def _performance(run: ReportedTraining) -> str:
    each = [
        f"{one.title}: {', '.join(f'{name} {value}' for name, value in one.performance.items())}"
        for one in run.endpoints
    ]
    opened = f" Test set: {'; '.join(run.openings)}." if run.openings else " The test set was not opened."
    return f"Harrell's C out of fold. {'; '.join(each)}.{opened}" if each else ""


def _ensemble(run: ReportedTraining) -> str:
    spread = "; ".join(f"{one.title}: {one.seeds}" for one in run.endpoints if one.seeds)
    told = f"{run.folds * run.seeds} networks ({run.folds} folds, {counted(run.seeds, 'seed')} of each)"
    return f"{told} are averaged; none is picked." + (f" Each seed alone, {spread}." if spread else "")


def _preparation(run: ReportedTraining) -> str:
    table = "The clinical table was checked and joined as the cohort was frozen"
    image = f"images: {run.images}, cut to the tumour; intensities normalised before" if run.images else ""
    return "; ".join(part for part in (table, image) if part) + "."


def _scaling(run: ReportedTraining) -> str:
    if not run.columns:
        return ""
    return "Sizes and volumes as logarithms, numbers scaled, levels as columns; learned within each fold."


def _missing(run: ReportedTraining) -> str:
    table = "values of the table are filled in within each fold, and a column tells of it"
    image = "a sequence that is missing is masked, and told to the network"
    told = [part for part, there in ((table, run.columns), (image, run.images)) if there]
    return f"{'; '.join(told)[:1].upper()}{'; '.join(told)[1:]}."


def _internal(run: ReportedTraining) -> str:
    opened = f"opened {counted(len(run.openings), 'time')}" if run.openings else "not opened"
    return f"Out of fold on {counted(run.development, 'patient')}; test set of {run.test}, {opened}."


def _imbalance(run: ReportedTraining) -> str:
    censored = [f"{one.title}: {one.events} of {one.patients} had the event" for one in run.endpoints]
    return f"{'; '.join(censored)}; parts have their share of events, nothing was resampled."


def _output(run: ReportedTraining) -> str:
    return (
        "The chance of each event by each time, and a group of risk by the median of the development"
        + (", with bounds of survival time" if run.calibration else "")
        + "."
    )


def _always(text: str) -> Callable[[ReportedTraining], str]:
    return lambda _: text


ANSWERS: Final[Mapping[Told, Callable[[ReportedTraining], str]]] = {
    "title": lambda run: f"Deep networks that foretell {_endpoints(run)} of soft-tissue sarcoma.",
    "aim": _always("To make a model, and to judge it on patients of the same project."),
    "source": lambda run: f"Project {run.project}, cohort of SHA-256 {run.cohort_sha256}.",
    "eligibility": _eligibility,
    "subsets": lambda run: f"Images: {run.images}, cut to the drawn tumour." if run.images else "",
    "pseudonyms": _always("Patients are told by the labels of XNAT; how they were made, the site says."),
    "preparation": _preparation,
    "annotation": lambda run: (
        "The tumour was drawn by people of the site; who they are, the authors say." if run.images else ""
    ),
    "outcomes": _outcomes,
    "reference standard": _outcomes,
    "predictors": _predictors,
    "scaling": _scaling,
    "missing": _missing,
    "poor input": _always("The step predict tells why where it abstains: whom a model has not seen."),
    "sample size": _sizes,
    "parts": _parts,
    "disjoint": _always("Patients: nobody is in two parts."),
    "same data": _always("All parts are of one project; each has its share of events, centres and times."),
    "internal": _internal,
    "external": _always("None in this run."),
    "imbalance": _imbalance,
    "model": _model,
    "software": lambda run: f"sarcoma {run.version}; versions of all packages stand in run.json.",
    "beginning": _always("Drawn at random by a seed; no weights of another task."),
    "training": lambda run: f"{run.training}; losses weighted by gradient blending ({run.blending}).",
    "selection": _always("By the loss of the first head on a fold that neither is learned from nor judges."),
    "ensemble": _ensemble,
    "foretelling": _always("Incidences of all networks are averaged, death competing where it can."),
    "output": _output,
    "measures": _always(
        "Harrell's C, Uno's C, AUC, integrated Brier score, calibration slope and index; beside an elastic "
        "net of the table alone."
    ),
    "uncertainty": _always("95 % percentile limits of the bootstrap over patients; models held fixed."),
    "robustness": _ensemble,
    "no updating": _always("None in this run."),
    "updated": _always("None in this run."),
    "flow": _flow,
    "characteristics": _always("Not told in this run: train-baselines draws Table 1 of the same cohort."),
    "numbers": _numbers,
    "specification": _always(
        "The model's folder: weights, config.json, prognosis.json, baselines.json, card.json."
    ),
    "performance": _performance,
    "limitations": lambda run: " ".join(run.limits),
    "references": _always("training.json of the model: all settings; splits.json: all parts."),
    "code": _always("sarcoma, Apache-2.0; model and data are the site's to give."),
}
"""What a run says of each."""
