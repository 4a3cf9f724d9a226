"""Concordance, AUC and Brier of bootstrap samples: seconds, against scikit-survival and lifelines.

    .venv/bin/python benchmarks/survival.py [--sizes 300 3000 30000] [--samples 1000 50 3]

Harrell's C, Uno's C, time-dependent AUC at five times and the integrated Brier score of the same samples, one
after the other in turns; the median of one sample. lifelines has Harrell's C alone. The numbers must agree.
Exits 1 where ours is slower than the faster of the others, or a number differs.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sarcoma_core.survival.bootstrap import resamples
from sarcoma_core.survival.brier import brier_scores, integrated_brier
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.concordance import harrell, uno
from sarcoma_core.survival.dynamic_auc import dynamic_auc
from sarcoma_core.survival.follow_up import FollowUp

SIZES, SAMPLES = (300, 3000, 30000), (1000, 50, 3)
HORIZONS = (0.2, 0.3, 0.4, 0.5, 0.6)
SAME = 1e-9
CENSORED, EVENTS_LAST = 0.6, 3.0


class BootstrapSample(NamedTuple):
    """Patients with what is predicted of them."""

    follow_up: FollowUp
    risk: np.ndarray
    survival: np.ndarray


Measure = Callable[[BootstrapSample], float]
TIMES = np.array(HORIZONS)


def patients(count: int) -> BootstrapSample:
    """Exponential times whose hazard is known, censored at random; one stays to the end."""
    rng = np.random.default_rng(count)
    risk = rng.normal(size=count)
    event_time, last = rng.exponential(np.exp(-risk)), rng.exponential(1 / CENSORED, count)
    seen = np.minimum(np.minimum(event_time, last), EVENTS_LAST)
    event = (event_time <= last) & (event_time < EVENTS_LAST)
    return BootstrapSample(FollowUp(seen, event), risk, np.exp(-np.exp(risk)[:, None] * TIMES))


def structured(sample: BootstrapSample) -> np.ndarray:
    """Follow-up as scikit-survival takes it."""
    rows = list(zip(sample.follow_up.event.tolist(), sample.follow_up.time.tolist(), strict=True))
    return np.array(rows, dtype=[("event", bool), ("time", float)])


def ours() -> dict[str, Measure]:
    """Of this package."""

    def brier(one: BootstrapSample) -> float:
        censoring = observation(one.follow_up)
        return integrated_brier(TIMES, brier_scores(one.follow_up, one.survival, TIMES, censoring))

    return {
        "Harrell": lambda one: harrell(one.follow_up, one.risk).index,
        "Uno": lambda one: uno(one.follow_up, one.risk, observation(one.follow_up), tau=TIMES[-1]).index,
        "AUC": lambda one: dynamic_auc(one.follow_up, one.risk, TIMES, observation(one.follow_up)).mean,
        "IBS": brier,
    }


def scikit_survival() -> dict[str, Measure]:
    """As its own documentation has it."""
    from sksurv import metrics  # noqa: PLC0415  of the extra `oracle`

    def of(measure: Callable[[np.ndarray, BootstrapSample], float]) -> Measure:
        return lambda one: measure(structured(one), one)

    return {
        "Harrell": lambda one: metrics.concordance_index_censored(
            one.follow_up.event, one.follow_up.time, one.risk
        )[0],
        "Uno": of(lambda y, one: metrics.concordance_index_ipcw(y, y, one.risk, tau=TIMES[-1])[0]),
        "AUC": of(lambda y, one: metrics.cumulative_dynamic_auc(y, y, one.risk, TIMES)[1]),
        "IBS": of(lambda y, one: metrics.integrated_brier_score(y, y, one.survival, TIMES)),
    }


def lifelines() -> dict[str, Measure]:
    """Harrell's C alone."""
    from lifelines.utils import concordance_index  # noqa: PLC0415  of the extra `train`

    return {"Harrell": lambda one: concordance_index(one.follow_up.time, -one.risk, one.follow_up.event)}


def timed(measure: Measure, sample: BootstrapSample) -> tuple[float, float]:
    """Seconds, and the number."""
    start = time.perf_counter()
    value = measure(sample)
    return time.perf_counter() - start, float(value)


def compared(count: int, samples: int) -> tuple[bool, float]:
    """Print a table for one size; whether ours is not slower and agrees, and its seconds of Harrell's C."""
    whole = patients(count)
    packages = {"ours": ours(), "scikit-survival": scikit_survival(), "lifelines": lifelines()}
    seconds: dict[tuple[str, str], list[float]] = {}
    good = True
    for rows in resamples(count, samples=samples, seed=count):
        one = BootstrapSample(whole.follow_up.chosen(rows), whole.risk[rows], whole.survival[rows])
        values: dict[str, list[float]] = {}
        for package, measures in packages.items():
            for name, measure in measures.items():
                spent, value = timed(measure, one)
                seconds.setdefault((name, package), []).append(spent)
                values.setdefault(name, []).append(value)
        for name, found in values.items():
            if max(found) - min(found) > SAME:
                print(f"{name} at {count}: the packages differ by {max(found) - min(found):.2g}")
                good = False
    for name in packages["ours"]:
        medians = {p: statistics.median(seconds[name, p]) for p in packages if (name, p) in seconds}
        fastest = min(value for package, value in medians.items() if package != "ours")
        ratio = fastest / medians["ours"]
        told = "  ".join(f"{package} {value * 1000:.2f} ms" for package, value in medians.items())
        print(f"{count:>6} x {samples:<5} {name:<8} {told}  ratio {ratio:.2f}")
        good &= ratio >= 1
    return good, statistics.median(seconds["Harrell", "ours"])


def main() -> int:
    """Print a line for each measure and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--samples", type=int, nargs="+", default=SAMPLES)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = [
        compared(count, samples) for count, samples in zip(arguments.sizes, arguments.samples, strict=True)
    ]
    if len(found) > 1:
        growth = found[-1][1] / found[-2][1]
        larger = arguments.sizes[-1] / arguments.sizes[-2]
        print(f"Harrell's C: {growth:.1f} times the seconds for {larger:g} times the patients")
    return 0 if all(good for good, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
