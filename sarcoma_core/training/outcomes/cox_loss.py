"""The loss of a network that gives each patient a log hazard ratio: Cox's partial likelihood.

What `survival.cox_likelihood` is in numpy, here with a slope that torch can follow. It is not a sum over
patients: of a batch the risk sets are those of the batch, and two batches are not one of twice the size. So
give it all patients at once, or as many as there is room for.

Source: Cox 1972; Breslow 1974; Efron 1977.
"""

import torch

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox_likelihood import Ties


def cox_loss(
    risk: torch.Tensor,
    *,
    time: torch.Tensor,
    event: torch.Tensor,
    ties: Ties = "efron",
    relative: bool = False,
) -> torch.Tensor:
    """Minus the log partial likelihood, for each event; 0 without one, with a slope of 0.

    Sums run over distinct times, each of its own largest risk, so the order of rows is of no matter and no
    size of a risk is too large.

    Args:
        risk: log hazard ratio, higher where the event is expected earlier, shape (B,).
        time: to the event or to the last look, shape (B,).
        event: whether it was the event, shape (B,), bool: a time in its place is refused.
        ties: how events of one time share their risk set.
        relative: less what it is where all risks are the same, so that sets of different sizes can be
            compared: 0 is to know nothing, and less than 0 is to know something.

    Raises:
        InputError: there is not one of each for every patient, or the event is no bool.
    """
    if risk.ndim != 1 or not risk.shape == time.shape == event.shape:
        shapes = [tuple(each.shape) for each in (risk, time, event)]
        raise InputError(f"risk, time and event: must be one of each for every patient; found {shapes}.")
    if event.dtype != torch.bool:
        raise InputError(f"event: must be bool, whether it was the event; found {event.dtype}.")
    if not event.any():
        return risk[:0].sum()
    loss = _mean_loss(risk, time, event, ties)
    return loss - _mean_loss(torch.zeros_like(risk), time, event, ties) if relative else loss


def _mean_loss(risk: torch.Tensor, time: torch.Tensor, event: torch.Tensor, ties: Ties) -> torch.Tensor:
    place = torch.unique(-time, return_inverse=True)[1]  # of each patient's time, the longest first
    at_risk = torch.logcumsumexp(_log_sums(risk, place), 0)
    moments, moment, deaths = torch.unique(place[event], return_inverse=True, return_counts=True)
    total = at_risk[moments]
    if ties == "breslow":
        return (total[moment] - risk[event]).mean()
    # The part of the events of one time that has left the risk set when each of them happens
    tied = (_log_sums(risk[event], moment) - total).exp()
    gone = _rank(moment, deaths) / deaths[moment].to(risk.dtype)
    return (total[moment] + torch.log1p(-gone * tied[moment]) - risk[event]).mean()


def _log_sums(risk: torch.Tensor, group: torch.Tensor) -> torch.Tensor:
    """Of each group the logarithm of the sum of exp(risk); groups are numbered from 0, none is empty."""
    groups = int(group.max()) + 1
    largest = risk.detach().new_full((groups,), -torch.inf).scatter_reduce(0, group, risk.detach(), "amax")
    parts = (risk - largest[group]).exp()
    return largest + risk.new_zeros(groups).index_add(0, group, parts).log()


def _rank(group: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """Of each row how many of its group come before it: 0, 1, ..."""
    order = torch.argsort(group, stable=True)
    first = sizes.cumsum(0) - sizes
    rank = torch.empty_like(group)
    rank[order] = torch.arange(group.numel(), device=group.device) - first[group[order]]
    return rank
