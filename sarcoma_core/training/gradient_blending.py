"""Gradient blending: how much each head's loss counts, so that none overfits on behalf of the others.

A network has a head for each modality, and one for all of them. Its loss is the sum over heads k of w_k L_k;
a head that gains much and overfits little between two checkpoints gets much of the weight.

Losses are per event, or relative in another way, so that sets of different size can be compared. A Cox loss
also holds the logarithm of its risk sets' size: what is added to all losses of a head falls out of both
differences, if the same sets, parted into the same batches, are taken at both checkpoints. Both sets are
measured alike: without dropout, without augmentation.

Source: Wang, Tran and Feiszli, CVPR 2020 (arXiv 1905.12681). The guards of `BlendRules` are ours.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import Literal, NamedTuple, Self

from sarcoma_core.errors import InputError

Guard = Literal["no gain", "epsilon", "cap", "floor", "none gained", "inertia"]


class LossPair(NamedTuple):
    """Losses of one head at one checkpoint, per event."""

    train: float
    validation: float


EstimateHead = Callable[[str], tuple[LossPair, LossPair]]
"""Trains the head of that name ALONE for some epochs, from the network's weights now, which it leaves as they
are; tells the losses before and after. The paper's GB_Estimate."""


@dataclass(frozen=True)
class HeadLosses:
    """Losses of each head at one checkpoint, per event.

    Args:
        train: of each head by name.
        validation: of the same heads.

    Raises:
        InputError: there is no head, the sets tell of different ones, or a loss is not finite.
    """

    train: Mapping[str, float]
    validation: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.train or self.train.keys() != self.validation.keys():
            raise InputError("losses: must be of the same heads, one or more, in both sets; they are not.")
        for name, losses in (("train", self.train), ("validation", self.validation)):
            if wild := sorted(head for head, loss in losses.items() if not math.isfinite(loss)):
                raise InputError(
                    f"losses: must be finite; of {name} that of {', '.join(wild)} is not.",
                    hint="Lower the learning rate, or go on from an earlier checkpoint.",
                )


class HeadChange(NamedTuple):
    """What became of a head between two checkpoints.

    Attributes:
        overfitting: dO, by how much validation fell further behind training.
        generalisation: dG, by how much the loss of validation fell: below 0 where it rose.
    """

    overfitting: float
    generalisation: float

    @property
    def ratio(self) -> float:
        """OGR = |dO / dG|, the less the better; infinite without a gain or loss."""
        return abs(self.overfitting / self.generalisation) if self.generalisation else math.inf


def overfitting_and_generalisation(before: HeadLosses, after: HeadLosses) -> dict[str, HeadChange]:
    """Of each head dO and dG; validation stands for the loss that is wanted, L*.

    Args:
        before: at checkpoint N, where O_N is the loss of validation less that of training.
        after: at checkpoint N + n, of the same heads.

    Raises:
        InputError: the heads differ.
    """
    if before.train.keys() != after.train.keys():
        raise InputError("before and after: must be of the same heads; they are not.")

    def change(head: str) -> HeadChange:
        learnt = before.train[head] - after.train[head]
        gained = before.validation[head] - after.validation[head]
        return HeadChange(learnt - gained, gained)

    return {head: change(head) for head in before.train}


def optimal_weights(gain: Mapping[str, float], noise: Mapping[str, float]) -> dict[str, float]:
    """Weights in proportion to gain / noise^2, with sum 1: the least overfitting for what is gained.

    They minimise E[((sum of w_k e_k) / (sum of w_k gain_k))^2] if the heads' overfitting terms e_k, of mean
    square noise_k^2, are uncorrelated. (Proposition 1; heads that share an encoder are not quite so.)

    Args:
        gain: of each head, 0 or more.
        noise: of the same heads, above 0.

    Raises:
        InputError: heads differ, no head gains, one gains less than 0, or has no noise.
    """
    gains = [amount for amount in gain.values() if amount]
    if gain.keys() != noise.keys() or not gains or not all(0 < amount < math.inf for amount in gains):
        raise InputError("gain: must be finite, of the heads of noise, 0 or more, once above; it is not.")
    if not all(0 < amount < math.inf for amount in noise.values()):
        raise InputError("noise: must be finite and above 0 for each head; it is not.")
    # Of the most and the least: a square of what is small would be 0.
    most, least = max(gains), min(noise[head] for head, amount in gain.items() if amount)
    return _shares(
        {head: (gain[head] / most) * (least / noise[head]) ** 2 if gain[head] else 0.0 for head in gain}
    )


@dataclass(frozen=True)
class BlendRules:
    """What is done where the formula would go astray; each default is OURS, and each can be off.

    Args:
        clip: a head that does not gain gets 0; if off, one that loses is refused.
        epsilon: added to the overfitting, in squares, as a part of its root mean square over heads: one draw
            says little of a variance, and a head that by chance did not overfit would get all. 0 is off.
        cap: no head gets more than so many times the median of those above 0, of two the lower (their mean
            would never cap). None is off.
        floor: the part of the whole that is shared evenly, so that no head dies. 0 is off.
        equal: where no head gains, all get the same; if off, this is refused.
        inertia: the part that weights keep of those before, after all of this. 0 is off.

    Raises:
        InputError: a number is out of its range.
    """

    clip: bool = True
    epsilon: float = 0.1
    cap: float | None = 10.0
    floor: float = 0.2
    equal: bool = True
    inertia: float = 0.5

    def __post_init__(self) -> None:
        ranged = 0 <= self.epsilon < math.inf and 0 <= self.floor <= 1 and 0 <= self.inertia < 1
        if not ranged or (self.cap is not None and not 1 <= self.cap < math.inf):
            raise InputError(
                "rules: must be epsilon from 0, cap from 1 or none, floor 0 to 1, inertia 0 to below 1; "
                f"found {self.epsilon}, {self.cap}, {self.floor} and {self.inertia}."
            )

    @classmethod
    def plain(cls) -> Self:
        """The paper's formula alone: what the guards are for is refused."""
        return cls(clip=False, epsilon=0.0, cap=None, floor=0.0, equal=False, inertia=0.0)


@dataclass(frozen=True)
class BlendEstimate:
    """Weights, and what they were made of.

    Args:
        weights: of each head, with sum 1.
        before: losses at the first checkpoint; None for a network of one head, of which nothing is estimated.
        after: losses at the second.
        guards: those that acted, and on which heads: epsilon where it outweighs the head's own overfitting,
            the floor where the head had less.

    Raises:
        InputError: weights are no such shares.
    """

    weights: Mapping[str, float]
    before: HeadLosses | None = None
    after: HeadLosses | None = None
    guards: Mapping[Guard, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_shares(self.weights)

    @property
    def changes(self) -> dict[str, HeadChange]:
        """Of each head dO and dG."""
        return overfitting_and_generalisation(self.before, self.after) if self.before and self.after else {}


def blend_between(
    before: HeadLosses, after: HeadLosses, rules: BlendRules, previous: Mapping[str, float] | None = None
) -> BlendEstimate:
    """Estimate weights from two checkpoints, w_k in proportion to dG_k / dO_k^2 but for the guards.

    Multiplying all losses by a number changes nothing.

    Args:
        before: losses at the first checkpoint.
        after: losses at the second.
        rules: the guards.
        previous: weights until now, for the inertia; None at first.

    Raises:
        InputError: heads differ, previous weights are no shares, or the rules leave a head that is refused.
    """
    changes = overfitting_and_generalisation(before, after)
    if previous is not None:
        _check_shares(previous, changes)
    if len(changes) == 1:
        return BlendEstimate(dict.fromkeys(changes, 1.0), before, after)
    acted: dict[Guard, list[str]] = {}
    weights, even = _guarded(changes, rules, acted), 1 / len(changes)
    if rules.floor:
        acted["floor"] = [head for head, weight in weights.items() if weight < rules.floor * even]
        weights = {h: (1 - rules.floor) * weight + rules.floor * even for h, weight in weights.items()}
    if rules.inertia and previous is not None:
        acted["inertia"] = list(weights)
        weights = {h: rules.inertia * previous[h] + (1 - rules.inertia) * w for h, w in weights.items()}
    return BlendEstimate(weights, before, after, {guard: heads for guard, heads in acted.items() if heads})


def _guarded(
    changes: Mapping[str, HeadChange], rules: BlendRules, acted: dict[Guard, list[str]]
) -> dict[str, float]:
    """The formula with the guards that act within one estimate; notes which did."""
    gain = {head: one.generalisation for head, one in changes.items()}
    if rules.clip:
        acted["no gain"] = [head for head, amount in gain.items() if amount <= 0]
        gain = {head: max(amount, 0.0) for head, amount in gain.items()}
    if rules.equal and not any(gain.values()):
        acted["none gained"] = list(gain)
        return _shares(dict.fromkeys(gain, 1.0))
    own = {head: abs(one.overfitting) for head, one in changes.items()}
    added = rules.epsilon * math.hypot(*sorted(own.values())) / math.sqrt(len(own))
    if rules.epsilon:
        acted["epsilon"] = [head for head, amount in own.items() if amount <= added]
        # Where no head overfits, all do so alike.
        own = {head: math.hypot(amount, added) if added else 1.0 for head, amount in own.items()}
    weights = optimal_weights(gain, own)
    if rules.cap is not None:
        limit = rules.cap * median_low([weight for weight in weights.values() if weight > 0])
        acted["cap"] = [head for head, weight in weights.items() if weight > limit]
        weights = _shares({head: min(weight, limit) for head, weight in weights.items()})
    return weights


def blend_weights(
    before: HeadLosses, after: HeadLosses, rules: BlendRules, previous: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The weights of `blend_between`, and no more of it."""
    return dict(blend_between(before, after, rules, previous).weights)


def estimate_blend(
    heads: Sequence[str],
    estimate: EstimateHead,
    rules: BlendRules,
    previous: Mapping[str, float] | None = None,
) -> BlendEstimate:
    """Estimate weights by training each head alone: the paper's GB_Estimate for all heads.

    Args:
        heads: their names; of one head alone nothing is estimated, its weight is 1.
        estimate: trains one, and leaves the network as it was.
        rules: the guards.
        previous: weights until now; None at first.

    Raises:
        InputError: there is no head, one is named twice, or as of `blend_between`.
    """
    if not heads or len(set(heads)) < len(heads):
        raise InputError("heads: must be one or more, each named once; they are not.")
    if len(heads) == 1:
        return BlendEstimate({heads[0]: 1.0})
    found = {head: estimate(head) for head in heads}

    def losses_at(place: int) -> HeadLosses:
        pairs = {head: told[place] for head, told in found.items()}
        return HeadLosses({h: p.train for h, p in pairs.items()}, {h: p.validation for h, p in pairs.items()})

    return blend_between(losses_at(0), losses_at(1), rules, previous)


def _shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Parts of 1; the order of heads changes no digit."""
    whole = math.fsum(parts.values())
    return {head: part / whole for head, part in parts.items()}


def _check_shares(weights: Mapping[str, float], heads: Mapping[str, object] | None = None) -> None:
    known = heads is None or weights.keys() == heads.keys()
    whole = math.fsum(weights.values())
    if not known or not all(weight >= 0 for weight in weights.values()) or not math.isclose(whole, 1):
        raise InputError("weights: must be of these heads, 0 or more, with sum 1; they are not.")
