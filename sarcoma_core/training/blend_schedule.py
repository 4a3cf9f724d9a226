"""When the weights of gradient blending are estimated, and all that were, for a training that is resumed.

Epochs count from 1. A super-epoch is so many epochs with the same weights; five are what the authors of the
MMNN took.

Source: Wang, Tran and Feiszli, CVPR 2020 (arXiv 1905.12681).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple, Self, get_args

from sarcoma_core.errors import InputError
from sarcoma_core.training.gradient_blending import (
    BlendEstimate,
    BlendRules,
    EstimateHead,
    HeadLosses,
    blend_between,
    estimate_blend,
)

SCHEMA: Final = 1
JOINT: Final = "joint"
"""The head of all modalities."""

Blending = Literal["joint-only", "equal", "offline", "online", "in-place"]
"""Where weights come from.

- `joint-only`: the joint head has all of it: the paper's naive joint training. Other heads learn nothing.
- `equal`: each head has the same: auxiliary losses, as they are.
- `offline`: estimated once, before training; each head is trained alone for that.
- `online`: the same again at each super-epoch, from the weights of the network then.
- `in-place`: estimated at each super-epoch from the joint run itself; the first goes with equal weights. An
  approximation, not the paper's: in it a head gains and overfits by the gradients of all heads, but it costs
  no training.
"""
BLENDINGS: Final[tuple[Blending, ...]] = get_args(Blending)
_ALONE: Final = ("offline", "online")


class BlendMoment(NamedTuple):
    """An estimate, and before which epoch it was made."""

    epoch: int
    estimate: BlendEstimate


class BlendStart(NamedTuple):
    """Losses of the joint run, and before which epoch it had them."""

    epoch: int
    losses: HeadLosses


@dataclass(frozen=True)
class BlendSchedule:
    """Which weights hold, since when, and when they are due again.

    Args:
        heads: their names; one alone has weight 1, and nothing is ever due.
        blending: where weights come from.
        every: epochs of a super-epoch.
        rules: the guards.
        history: what was estimated so far.
        start: of the super-epoch that runs, if `in-place`.

    Raises:
        InputError: heads are not named once each, none of several is joint where blending is `joint-only`, a
            super-epoch has no epoch, or the history is of other heads.
    """

    heads: tuple[str, ...]
    blending: Blending = "online"
    every: int = 5
    rules: BlendRules = field(default_factory=BlendRules)
    history: tuple[BlendMoment, ...] = ()
    start: BlendStart | None = None

    def __post_init__(self) -> None:
        if not self.heads or len(set(self.heads)) < len(self.heads):
            raise InputError("heads: must be one or more, each named once; they are not.")
        if self.blending not in BLENDINGS or self.every < 1:
            raise InputError(
                f"blending and every: must be one of {', '.join(BLENDINGS)}, and 1 epoch or more; found "
                f"{self.blending} and {self.every}."
            )
        if self.blending == "joint-only" and len(self.heads) > 1 and JOINT not in self.heads:
            raise InputError(f"heads: must hold one of the name {JOINT} to train that only; none has it.")
        told = [moment.estimate.weights.keys() for moment in self.history]
        told += [self.start.losses.train.keys()] if self.start else []
        if any(names != set(self.heads) for names in told):
            raise InputError("history and start: must be of the heads of the schedule; they are not.")

    @property
    def weights(self) -> Mapping[str, float]:
        """Of each head, now; with sum 1."""
        if self.history:
            return self.history[-1].estimate.weights
        if self.blending == "joint-only" and len(self.heads) > 1:
            return {head: float(head == JOINT) for head in self.heads}
        return dict.fromkeys(self.heads, 1 / len(self.heads))

    def is_due(self, epoch: int) -> bool:
        """Whether something is to be estimated, or if `in-place` measured, before an epoch.

        Args:
            epoch: the next to be trained; one that was done already is not due again.
        """
        if len(self.heads) == 1 or self.blending in ("joint-only", "equal"):
            return False
        last = self.start.epoch if self.start else self.history[-1].epoch if self.history else None
        return last is None or (self.blending != "offline" and epoch >= last + self.every)

    def estimated(self, epoch: int, estimate: EstimateHead) -> Self:
        """The same with weights estimated by training each head alone.

        Args:
            epoch: the next to be trained.
            estimate: trains one head, and leaves the network as it was.

        Raises:
            InputError: nothing is due, blending is `in-place`, or as of `estimate_blend`.
        """
        if self.blending not in _ALONE or not self.is_due(epoch):
            raise InputError(f"epoch: must be one before which heads are trained alone; {epoch} is not.")
        found = estimate_blend(self.heads, estimate, self.rules, self._previous)
        return replace(self, history=(*self.history, BlendMoment(epoch, found)))

    def measured(self, epoch: int, losses: HeadLosses) -> Self:
        """The same with losses of the joint run; from the second on, with weights from the last two.

        Args:
            epoch: the next to be trained.
            losses: of each head now.

        Raises:
            InputError: nothing is due, blending is not `in-place`, losses are of other heads, or as of
                `blend_between`.
        """
        if self.blending != "in-place" or not self.is_due(epoch):
            raise InputError(f"epoch: must be one before which the joint run is measured; {epoch} is not.")
        start = BlendStart(epoch, losses)
        if self.start is None:
            return replace(self, start=start)
        found = blend_between(self.start.losses, losses, self.rules, self._previous)
        return replace(self, start=start, history=(*self.history, BlendMoment(epoch, found)))

    @property
    def _previous(self) -> Mapping[str, float] | None:
        """Weights that were estimated: equal ones that nobody estimated have no inertia."""
        return self.history[-1].estimate.weights if self.history else None

    @property
    def tree(self) -> dict[str, Any]:
        """All of it as JSON; an OGR that is infinite is null."""
        return {
            "schema": SCHEMA,
            "heads": list(self.heads),
            "blending": self.blending,
            "every": self.every,
            "rules": asdict(self.rules),
            "history": [{"epoch": epoch, **_tree(estimate)} for epoch, estimate in self.history],
            "start": {"epoch": self.start.epoch, **asdict(self.start.losses)} if self.start else None,
        }


def read_blend_schedule(tree: Any) -> BlendSchedule:  # noqa: ANN401  any JSON
    """Read a schedule that was written.

    What follows from losses is not read, but reckoned again.

    Args:
        tree: as `BlendSchedule.tree`.

    Raises:
        InputError: it is no such tree.
    """
    try:
        if tree["schema"] == SCHEMA:
            return BlendSchedule(
                tuple(tree["heads"]),
                tree["blending"],
                tree["every"],
                BlendRules(**tree["rules"]),
                tuple(BlendMoment(one["epoch"], _estimate(one)) for one in tree["history"]),
                BlendStart(tree["start"]["epoch"], _losses(tree["start"])) if tree["start"] else None,
            )
    except (KeyError, TypeError, AttributeError, InputError):
        pass
    raise InputError(
        f"blending: must be as it was written, of schema {SCHEMA}; it is not.",
        hint="Train from the beginning.",
    )


def _tree(estimate: BlendEstimate) -> dict[str, Any]:
    changes = estimate.changes
    return {
        "before": asdict(estimate.before) if estimate.before else None,
        "after": asdict(estimate.after) if estimate.after else None,
        "dO": {head: one.overfitting for head, one in changes.items()},
        "dG": {head: one.generalisation for head, one in changes.items()},
        "OGR": {head: one.ratio if math.isfinite(one.ratio) else None for head, one in changes.items()},
        "weights": dict(estimate.weights),
        "guards": {guard: list(heads) for guard, heads in estimate.guards.items()},
    }


def _estimate(tree: Mapping[str, Any]) -> BlendEstimate:
    before, after = (_losses(tree[name]) for name in ("before", "after"))
    return BlendEstimate(tree["weights"], before, after, tree["guards"])


def _losses(tree: Mapping[str, Any]) -> HeadLosses:
    return HeadLosses(tree["train"], tree["validation"])
