"""The losses of pycox 0.3, for a loop of our own; no other module imports pycox.

Labels are those of `training.outcomes`, and each loss is 0, with a slope of 0, where there is nothing to
learn from: pycox's are NaN there. What the outputs mean is told without pycox, in `survival.incidence`.

Source: Lee et al., DeepHit, AAAI 2018; Kvamme and Borgan, Lifetime Data Analysis 2021 (arXiv 1910.06724);
Kvamme, Borgan and Scheel, JMLR 20(129), 2019.
"""

import numpy as np
import scipy.integrate
import torch
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.training.outcomes.hazard_loss import checked_intervals
from sarcoma_core.training.outcomes.labels import CENSORED


def _simps(y: object, x: object = None, **told: object) -> object:
    return scipy.integrate.simpson(y, x=x, **told)


# SciPy 1.14 took `simps` away, and pycox.evaluation integrates scores with it: its pull requests 186, 188 and
# 191 to 193 are open. The losses need none of it; whoever judges by pycox in the same process does.
if not hasattr(scipy.integrate, "simps"):
    scipy.integrate.simps = _simps

from pycox.models.loss import CoxCCLoss, DeepHitLoss, DeepHitSingleLoss, nll_pc_hazard_loss  # noqa: E402

_NEVER = -1e4
"""A logit of which exp is 0, in double precision too; an endless one times 0 would be NaN."""
_LEAST_SIGMA = 0.02
"""Of single precision exp(1 / sigma) is endless from .0113 down, and pycox's ranking NaN; sums need more."""


def deephit_loss(
    logits: torch.Tensor, passed: torch.Tensor, cause: torch.Tensor, *, alpha: float = 0.2, sigma: float = 0.1
) -> torch.Tensor:
    """DeepHit's loss: alpha times minus the log likelihood, and 1 - alpha times its ranking loss.

    The ranking is over pairs of the batch, so batches do not add up. Reckoned in single precision, as pycox
    can no other. It adds 1e-7 to each probability of several causes: one that is told to be rarer is hardly
    learned from.

    Args:
        logits: of each cause in each interval, shape (B, causes, J); never has 0. pycox has an interval more,
            for time 0 itself: it is put before them, and nothing happens in it.
        passed: how many intervals without an event, shape (B,), int64.
        cause: what came in the next one, from 1, or 0, shape (B,), int64.
        alpha: weight of the likelihood, 0 to 1.
        sigma: a difference of incidence that matters to the ranking, .02 or more.

    Raises:
        InputError: see `hazard_loss`; or alpha or sigma breaks its rule.
    """
    if not 0 <= alpha <= 1 or not sigma >= _LEAST_SIGMA:
        raise InputError(
            f"alpha and sigma: must be 0 to 1, and {_LEAST_SIGMA:g} or more; found {alpha:g} and {sigma:g}."
        )
    checked_intervals(logits, passed, cause)
    if not logits.shape[0]:
        return logits.sum()
    number = passed + (cause > CENSORED)
    outputs = torch.cat([torch.full_like(logits[..., :1], _NEVER), logits], dim=2).float()
    ranked = comparable_pairs(number, cause)
    if logits.shape[1] == 1:
        loss = DeepHitSingleLoss(alpha, sigma)(outputs[:, 0], number, (cause > CENSORED).float(), ranked)
    else:
        loss = DeepHitLoss(alpha, sigma)(outputs, number, cause, ranked)
    return loss.to(logits.dtype)


def comparable_pairs(number: torch.Tensor, cause: torch.Tensor) -> torch.Tensor:
    """Of each pair, 1 where the first is known to have had an event before the second, else 0; shape (B, B).

    Args:
        number: of the cut that the interval of the event ends with, or that was the last passed without.
        cause: of the event, or 0.
    """
    later = number[:, None] < number
    still_free = (number[:, None] == number) & (cause == CENSORED)
    return ((cause > CENSORED)[:, None] & (later | still_free)).float()


def pc_hazard_loss(
    raw: torch.Tensor, *, time: torch.Tensor, cause: torch.Tensor, cuts: NDArray[np.float64]
) -> torch.Tensor:
    """Minus the log likelihood of hazards that are constant in each interval, mean over patients.

    Of each cause the others are censorings, and the causes add up. What was at time 0 tells nothing, as in
    pycox; what was beyond the last cut is censored there. An event counts by the hazard of an interval, not
    of a day: that leaves out a number that no weight can move.

    Args:
        raw: of the network, shape (B, causes, J): softplus of it is how much the cumulative hazard grows in
            the interval.
        time: shape (B,), in the unit of the cuts, float64.
        cause: from 1, or 0, shape (B,), int64.
        cuts: from 0 on, of the training, shape (J + 1,).

    Raises:
        InputError: shapes do not fit, or a cause is none of them.
    """
    edges = torch.as_tensor(cuts, dtype=torch.float64, device=raw.device)
    of_each = time.shape == cause.shape == raw.shape[:1]
    if raw.ndim != 3 or not of_each or edges.shape != (raw.shape[2] + 1,):  # noqa: PLR2004  patients, causes, J
        shapes = [tuple(each.shape) for each in (raw, time, cause, edges)]
        raise InputError(
            f"raw, time, cause and cuts: must be (B, causes, J), (B,), (B,) and (J + 1,); found {shapes}."
        )
    within = time <= edges[-1]
    checked_intervals(raw, torch.zeros_like(cause), cause)
    number = torch.searchsorted(edges, time.clamp(max=edges[-1])) - 1
    part = ((time.clamp(max=edges[-1]) - edges[number]) / edges.diff()[number]).to(raw.dtype)
    losses = [
        nll_pc_hazard_loss(
            raw[:, place], number, ((cause == place + 1) & within).to(raw.dtype), part, reduction="sum"
        )
        for place in range(raw.shape[1])
    ]
    return torch.stack(losses).sum() / max(raw.shape[0], 1)


def cox_time_controls(
    *, time: torch.Tensor, event: torch.Tensor, count: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Who is a case, shape (E,), and who is compared with each, shape (count, E); numbers of rows.

    Controls are drawn from all at risk at the time of the case, with replacement, the case itself included:
    then all who could have been the case are as likely as the loss has it, whoever is drawn twice. Without
    itself, draws with replacement would not be that.

    Args:
        time: shape (B,).
        event: whether it was the event, shape (B,), bool.
        count: of controls of each case, 1 or more.
        seed: the same draws the same.

    Raises:
        InputError: the event is no bool, there is not one of each, or count is below 1.
    """
    if event.dtype != torch.bool or event.ndim != 1 or time.shape != event.shape or count < 1:
        raise InputError(
            f"time, event and count: must be one of each for every patient, event bool, and 1 or more; found "
            f"{tuple(time.shape)}, {tuple(event.shape)} of {event.dtype}, and {count}."
        )
    times = time.cpu().numpy()
    order = np.argsort(-times, kind="stable")
    cases = np.flatnonzero(event.cpu().numpy())
    at_risk = np.searchsorted(-times[order], -times[cases], side="right")
    drawn = np.random.default_rng(seed).integers(0, at_risk, (count, cases.size))
    return torch.from_numpy(cases).to(time.device), torch.from_numpy(order[drawn]).to(time.device)


def cox_time_loss(case: torch.Tensor, controls: torch.Tensor) -> torch.Tensor:
    """Cox's loss with sampled controls, mean over cases; 0 without one.

    The network g(x, t) takes the time too, so hazards need not be proportional. pycox takes no notice of how
    far a control is above its case from 80 on, where there are several of them.

    Args:
        case: g(case, its time), shape (E,).
        controls: g(control, the time of the case), shape (count, E).

    Raises:
        InputError: shapes do not fit, or there is no control.
    """
    if case.ndim != 1 or controls.shape[1:] != case.shape or not controls.shape[0]:
        raise InputError(
            f"case and controls: must be (E,) and (count, E), one control at least; found "
            f"{tuple(case.shape)} and {tuple(controls.shape)}."
        )
    if not case.shape[0]:
        return case.sum() + controls.sum()
    loss: torch.Tensor = CoxCCLoss()(case, tuple(controls))
    return loss
