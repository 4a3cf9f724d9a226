"""A comparison with numbers that are easily told apart."""

from sarcoma_core.report.facts import Fact
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.model_comparison_facts import ComparedLine, EndpointComparison, ModelComparison

LAST = ComparedLine(
    model="Multimodal network (joint head)",
    harrell=WithLimits(0.71, 0.63, 0.79),
    uno=WithLimits(0.70, 0.61, 0.78),
    published=(0.769, 0.126),
)
WORSE = ComparedLine(
    model="Radiomics, elastic-net Cox",
    harrell=WithLimits(0.55, 0.46, 0.64),
    uno=WithLimits(0.54, 0.45, 0.63),
    difference=WithLimits(-0.16, -0.25, -0.07),
    p=0.002,
    adjusted=0.004,
    flat=2,
)
LIKE = ComparedLine(
    model="Sarculator's variables, refitted (Cox)",
    harrell=WithLimits(0.69, 0.6, 0.77),
    uno=None,
    difference=WithLimits(-0.02, -0.09, 0.06),
    p=0.61,
    adjusted=0.61,
    published=(0.614, 0.117),
)
ABSENT = ComparedLine(
    model="Clinical, random survival forest", absent="it is not installed", published=(0.655, 0.111)
)
OVERALL = EndpointComparison(
    name="Overall survival",
    short="OS",
    patients=150,
    events=61,
    tau=1900.0,
    lines=(LIKE, ABSENT, WORSE, LAST),
)
LOCAL = EndpointComparison(
    name="Local recurrence",
    short="LR",
    patients=148,
    events=30,
    tau=1500.0,
    lines=tuple(
        ComparedLine(model=line.model, harrell=line.harrell, absent=line.absent) for line in OVERALL.lines
    ),
)
FACTS = ModelComparison(
    model="MODEL_PROG_STS 0.1",
    endpoints=(OVERALL, LOCAL),
    development=152,
    calibration=33,
    test=34,
    folds=5,
    samples=1000,
    seed=7,
    prediction_time="before surgery",
    features="18 first-order and shape features of radiomics, of 150 patients.",
    cautions=("The test set (34 patients) was not looked at.",),
    limits=("Of one project.",),
    hashes=(Fact("cohort", "c" * 64),),
)
