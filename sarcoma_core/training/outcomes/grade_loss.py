"""The losses of a network that gives a grade: of levels in order, and of mere classes.

In order: logit k tells how likely the grade is above level k, given that it is k or above (a continuation
ratio). So a level is passed as an interval of time is, and this is a hazard without censoring.

Source: Shi, Cao and Raschka, Deep neural networks for rank-consistent ordinal regression based on
conditional probabilities (CORN), arXiv 2111.08851; Tutz and Schmid 2016, chapter 3.
"""

import torch
from torch.nn.functional import cross_entropy, logsigmoid

from sarcoma_core.errors import InputError
from sarcoma_core.training.outcomes.hazard_loss import hazard_loss


def ordinal_loss(logits: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Minus the log likelihood of levels in order, mean over patients; 0 where there is none.

    CORN's own loss is this times B over the number of all the answers that are asked for: of each patient as
    many as there are levels up to the grade.

    Args:
        logits: of being above each level but the last, given that level or above, shape (B, K - 1).
        level: from 0 to K - 1, shape (B,), int64.

    Raises:
        InputError: there is not a row of logits for each patient, or a level is none of them.
    """
    _checked(logits, level, logits.shape[-1] + 1)
    stays = level < logits.shape[1]  # nothing is above the last
    return hazard_loss(-logits[:, None], level, stays.to(torch.int64))


def class_loss(logits: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of levels that have no order, mean over patients; 0 where there is none.

    Args:
        logits: shape (B, K).
        level: from 0 to K - 1, shape (B,), int64.

    Raises:
        InputError: there is not a row of logits for each patient, or a level is none of them.
    """
    _checked(logits, level, logits.shape[-1])
    total: torch.Tensor = cross_entropy(logits, level, reduction="sum")
    return total / max(logits.shape[0], 1)


def level_probabilities(logits: torch.Tensor, *, ordinal: bool) -> torch.Tensor:
    """How likely each level is, shape (B, K); each row adds up to 1.

    Args:
        logits: as `ordinal_loss` takes them, shape (B, K - 1), or as `class_loss` does, shape (B, K).
        ordinal: which of the two.
    """
    if not ordinal:
        return torch.softmax(logits, dim=1)
    none = torch.zeros_like(logits[:, :1])
    reached = torch.cat([none, logsigmoid(logits).cumsum(dim=1)], dim=1)
    stays = torch.cat([logsigmoid(-logits), none], dim=1)
    return (reached + stays).exp()


def _checked(logits: torch.Tensor, level: torch.Tensor, levels: int) -> None:
    if logits.ndim != 2 or level.shape != logits.shape[:1]:  # noqa: PLR2004  patients by levels
        raise InputError(
            f"logits and level: must be of the same patients, a row and a number for each; found "
            f"{tuple(logits.shape)} and {tuple(level.shape)}."
        )
    if ((level < 0) | (level >= levels)).any():
        raise InputError(f"level: must be 0 to {levels - 1}; found another value.")
