"""The loss of a network that gives the hazards of intervals, of one cause or of several that compete.

Of whoever passed all intervals before, a cause comes in the next one with exp(logit) / (1 + exp(logits of all
causes)), and none of them with what is left (a multinomial logit). Of one cause that is the logistic hazard,
and this is `survival.discrete_time.logistic_hazard_likelihood`. It is a mean over patients: batches add up.

Source: Gensheimer and Narasimhan, PeerJ 2019; Tutz and Schmid, Modeling Discrete Time-to-Event Data, 2016,
chapter 8.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.discrete_time import discrete_labels
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.training.outcomes.labels import CENSORED, TimedLabels


class IntervalLabels(NamedTuple):
    """What each patient went through, with what came then.

    Attributes:
        passed: how many intervals without an event, shape (B,), int64.
        cause: what came in the next one, from 1; 0 where nothing is known of that; shape (B,), int64.
    """

    passed: torch.Tensor
    cause: torch.Tensor

    def of(self, index: torch.Tensor) -> "IntervalLabels":
        """Some of the patients.

        Args:
            index: which, bool of shape (B,) or numbers of rows.
        """
        return IntervalLabels(self.passed[index], self.cause[index])


def interval_labels(labels: TimedLabels, cuts: NDArray[np.float64]) -> IntervalLabels:
    """Labels by intervals: those of `survival.discrete_time.discrete_labels`, an event being any cause.

    An event beyond the last cut is censored there. Who is not known has passed nothing and had no event:
    that adds nothing to a sum, but it is one more to take a mean over, so choose before.

    Args:
        labels: of each patient, one at least.
        cuts: from 0 on, of the training: from `survival.discrete_time.cut_points`.

    Raises:
        InputError: cuts do not begin at 0 and go up, or there is no patient.
    """
    time = torch.where(labels.known, labels.time, 0.0).cpu().numpy()
    cause = torch.where(labels.known, labels.cause, CENSORED)
    found = discrete_labels(FollowUp(time, (cause != CENSORED).cpu().numpy()), cuts)
    happened = torch.from_numpy(found.event).to(cause.device)
    return IntervalLabels(
        torch.from_numpy(found.passed).to(cause.device), torch.where(happened, cause, CENSORED)
    )


def hazard_loss(logits: torch.Tensor, passed: torch.Tensor, cause: torch.Tensor) -> torch.Tensor:
    """Minus the log likelihood, mean over patients; 0 where there is none.

    A batch without an event says that hazards are low. pycox has an output more, for events at time 0 itself:
    with a hazard of 0 there this is its `NLLLogistiHazardLoss`, of durations numbered `passed + event`.

    Args:
        logits: of the hazard of each cause in each interval, shape (B, causes, J).
        passed: how many intervals without an event, shape (B,), int64.
        cause: what came in the next one, from 1, or 0, shape (B,), int64.

    Raises:
        InputError: there is not a row of logits for each patient, or one went through more intervals, or had
            another cause, than there are.
    """
    checked_intervals(logits, passed, cause)
    intervals = torch.arange(logits.shape[2], device=logits.device)
    classes = torch.arange(logits.shape[1] + 1, device=logits.device)
    # What came in each interval: none of them in those passed, the cause in the next, nothing known beyond
    none = (intervals < passed[:, None])[:, None] & (classes == 0)[:, None]
    one = (intervals == passed[:, None])[:, None] & (classes == cause[:, None])[..., None]
    came = none | (one & (cause > CENSORED)[:, None, None])
    told = torch.log_softmax(torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1), dim=1)
    return -torch.where(came, told, 0.0).sum() / max(logits.shape[0], 1)


def checked_intervals(logits: torch.Tensor, passed: torch.Tensor, cause: torch.Tensor) -> None:
    """Check the labels of a head over intervals.

    Raises:
        InputError: see `hazard_loss`.
    """
    if logits.ndim != 3 or not passed.shape == cause.shape == logits.shape[:1]:  # noqa: PLR2004  patients, causes, J
        shapes = [tuple(each.shape) for each in (logits, passed, cause)]
        raise InputError(f"logits, passed and cause: must be (B, causes, J), (B,) and (B,); found {shapes}.")
    causes, intervals = logits.shape[1:]
    if ((cause < CENSORED) | (cause > causes)).any():
        raise InputError(f"cause: must be 0 censored, or one of {causes} from 1; found another value.")
    if ((passed < 0) | (passed + (cause > CENSORED) > intervals)).any():
        raise InputError(f"passed: must be of {intervals} intervals, an event in one of them; some are not.")
