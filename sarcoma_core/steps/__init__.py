"""One file per step: read, call the science, write. `STEPS` is the list of them; importing it is light."""

from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Step
from sarcoma_core.steps import (
    bias_field,
    check_model,
    cohort,
    convert,
    evaluate_segmentation,
    export_masks,
    import_masks,
    normalise,
    predict,
    register,
    report,
    segment,
    series_roles,
    suv,
    train_baselines,
    train_prognosis,
    train_segmentation,
    validate_prognosis,
)

STEPS: tuple[Step, ...] = (
    convert.STEP,
    series_roles.STEP,
    suv.STEP,
    bias_field.STEP,
    normalise.STEP,
    register.STEP,
    import_masks.STEP,
    segment.STEP,
    export_masks.STEP,
    predict.STEP,
    report.STEP,
    cohort.STEP,
    train_baselines.STEP,
    train_segmentation.STEP,
    train_prognosis.STEP,
    validate_prognosis.STEP,
    evaluate_segmentation.STEP,
    check_model.STEP,
)
LABELS = frozenset(label for step in STEPS for label in step.labels)
"""Labels of the resources that the steps write."""


def step_named(name: str) -> Step:
    """The step of that name.

    Raises:
        UsageError: there is none.
    """
    for step in STEPS:
        if step.name == name:
            return step
    known = ", ".join(step.name for step in STEPS)
    raise UsageError(f"step: must be one of {known}; found {name!r}.", hint="See: sarcoma step --help")
