"""Where networks look for a risk: Grad-CAM of the mean risk over the networks of a model, on its cube.

The slope of the risk along each map of each level tells how much that map counts; maps times slopes, added
up, tell where. Where the network averages maps over regions, slopes differ from region to region, so they are
taken voxel by voxel and not first averaged over the image (HiResCAM); where it averages over the whole they
are the same in every voxel, and this is Grad-CAM as published. All levels are told: each is laid on the cube
where its voxels lie, a voxel's part of the risk shared among those that it covers, and levels and networks
are added with their signs. What lowers the risk is cut off in the end.

The last level alone is a few voxels wide, and slopes averaged over the image lose the regions. Measured by
the pointing game, of a spot that was planted in the tumour and made the hazard: how often the hottest voxel
of a patient of high risk lay in it, by its brightness (12 trainings of tiny networks, edge 16) and by its
presence (6); by chance .07 within the tumour.

    last level, slopes averaged over the image      .00   .02
    last level, voxel by voxel                      .31   .08
    all levels, slopes averaged over the image      .53   .59
    all levels, slopes also through later levels    .82   .79
    all levels, as here                             .86   .79

Of the last two, which are alike, the parts of this one add up to what the maps add to the risk, and nothing
goes back through the network.

Maps count against those of a blank image: the same mask in tissue of mean brightness (z-scores of 0). So
parts add up to how far the image raises the risk above that of a blank one. Outputs of hazards lie far below
0, so that maps as they are lower the risk in every voxel: of the demo's model the map was empty for 12 of 12
unseen patients; and against their own means the border of the cube, where padding begins, was hottest in 3 of
3. (The table is of maps as they are; against a blank image it was 12 of the 13 patients of the test.)

What the mask's volume and the clinical table add to a risk has no place in the image, and is not shown.

Source: Selvaraju et al., Grad-CAM, ICCV 2017; Draelos and Carin, arXiv 2011.08891 (HiResCAM); Adebayo et al.,
Sanity checks for saliency maps, NeurIPS 2018 (networks with random weights).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, cast

import numpy as np
import torch
from scipy import stats

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats
from sarcoma_core.models.architectures import build
from sarcoma_core.models.multimodal import ImageMaps, MultimodalNetwork
from sarcoma_core.models.prognosis_task import GRADE, PrognosisTask
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.network_model import PrognosisModel
from sarcoma_core.prognosis.network_outputs import MAIN_HEAD
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.training.outcomes.grade_loss import level_probabilities
from sarcoma_core.training.outcomes.patients import PatientBatch, as_they_are

RANDOM_SEEDS: Final = tuple(range(1, 9))
"""Of the networks with random weights: the same for all, so that equal maps are equally like them."""


def heat_cube(model: PrognosisModel, row: ClinicalRow, image: TumourImage, endpoint: str) -> Floats:
    """Where the networks of a model look for the risk of an endpoint; see `heat_cubes`.

    Args:
        model: at work.
        row: of the clinical table.
        image: of the tumour, on the model's cube.
        endpoint: that the model foretells.

    Raises:
        InputError: see `heat_cubes`.
    """
    return heat_cubes(model, row, image, (endpoint,))[endpoint]


def heat_cubes(
    model: PrognosisModel, row: ClinicalRow, image: TumourImage, endpoints: Sequence[str]
) -> Mapping[str, Floats]:
    """Where the networks of a model look for risks; the image goes through each network once.

    Args:
        model: at work.
        row: of the clinical table.
        image: of the tumour, on the model's cube.
        endpoints: that the model foretells.

    Returns:
        Of each endpoint an array of shape (edge, edge, edge), 0 to 1, the hottest voxel 1; all 0 where
        nothing in the image raises the risk.

    Raises:
        InputError: the model takes no image or does not foretell an endpoint, or a value is none of its
            variable.
    """
    task = model.folder.task
    if not task.sequences:
        raise InputError("model: must take an image for a heat map; it takes the clinical table alone.")
    if not set(endpoints) <= set(task.endpoints):
        raise InputError(f"endpoints: must be of {', '.join(task.endpoints)}; found another.")
    parts: dict[str, list[Floats]] = {name: [] for name in endpoints}
    for network, notes in zip(model.networks, model.folder.notes.networks, strict=True):
        inputs = model.inputs((row.subject,), (row.values,), (image,), notes)
        batch = as_they_are(inputs, (0,)).to(model.device)
        with torch.no_grad():
            maps = network.image_maps(batch.image, batch.present)
            blanks = network.image_maps(_blank(batch.image), batch.present).levels
        for name, found in parts.items():
            intervals = 0 if name == GRADE else len(notes.times[name].months) - 1
            risk = partial(risk_of, task=task, endpoint=name, intervals=intervals)
            found.append(_parts_of_risk(network, batch, (maps, blanks), risk, edge=task.edge))
    return {name: positive_share(np.mean(found, axis=0)) for name, found in parts.items()}


def positive_share(parts: Floats) -> Floats:
    """What raises a risk, as a share of what raises it most; all 0 where nothing does.

    Args:
        parts: of the risk, with their signs, of any shape.
    """
    raised = np.maximum(parts, 0)
    most = float(raised.max())
    return np.asarray(raised / most if most > 0 else raised, np.float32)


def random_models(model: PrognosisModel, seeds: Sequence[int] = RANDOM_SEEDS) -> tuple[PrognosisModel, ...]:
    """Models of one network each, of the same form, whose weights are random.

    Args:
        model: whose form; of what belongs to its weights, that of its first network counts.
        seeds: one for each.
    """
    notes = model.folder.notes
    folder = replace(model.folder, notes=replace(notes, networks=notes.networks[:1]))
    found = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = cast("MultimodalNetwork", build(folder.model.config))
        found.append(PrognosisModel(folder, (network.to(model.device).eval(),), model.device))
    return tuple(found)


def like_random(heat: Floats, random: Sequence[Floats]) -> float:
    """Rank correlation (Spearman) of a map with the mean map of networks with random weights, -1 to 1.

    Near 1 the map tells of the image, as an edge detector would, and not of what was learned. A low one says
    that it hangs on the weights, not that these are right: maps of random networks are as unlike each other.
    A map that is the same everywhere, such as one of 0, is like nothing: 0.

    Args:
        heat: a map.
        random: maps of the same image by networks with random weights, one at least.
    """
    mean = np.mean(random, axis=0)
    if np.ptp(heat) == 0 or np.ptp(mean) == 0:
        return 0.0
    return float(stats.spearmanr(heat.ravel(), mean.ravel()).statistic)


def risk_of(outputs: torch.Tensor, *, task: PrognosisTask, endpoint: str, intervals: int) -> torch.Tensor:
    """A number with a slope that rises with the risk of an endpoint.

    Of an endpoint that comes with time it is the logarithm of the sum of the exponentials of the event's
    outputs over the intervals: whatever the head, hazards and chances of an interval rise with its output;
    Cox has one output, which it is. That a competing cause may come first is not counted. Of the grade it is
    the level to be expected.

    Args:
        outputs: of one head for one patient, shape (outputs,).
        task: of the network.
        endpoint: which.
        intervals: of time that the network was trained on; of the grade of no matter.
    """
    own = outputs[task.places[endpoint]]
    if endpoint != GRADE:
        return torch.logsumexp(own[: task.outcome(endpoint).intervals][:intervals], dim=0)
    ordinal = task.graded is None or task.graded.ordinal
    chances = level_probabilities(own[None], ordinal=ordinal)[0]
    return (chances * torch.arange(len(chances), device=own.device)).sum()


def _parts_of_risk(
    network: MultimodalNetwork,
    batch: PatientBatch,
    seen: tuple[ImageMaps, tuple[torch.Tensor, ...]],
    risk: Callable[[torch.Tensor], torch.Tensor],
    *,
    edge: int,
) -> Floats:
    """What each voxel of the cube adds to the risk that one network tells, with its sign.

    Args:
        network: of the model.
        batch: of one patient.
        seen: maps of the image, and those of the blank one.
        risk: of the outputs of one head.
        edge: of the cube.
    """
    maps, blanks = seen
    levels = tuple(level.detach().requires_grad_() for level in maps.levels)
    outputs = network.from_maps(ImageMaps(levels, maps.mask), batch.present, batch.clinical)
    slopes = torch.autograd.grad(risk(outputs[0, MAIN_HEAD]), levels)
    found = np.zeros((edge,) * 3, np.float32)
    places = network.level_places
    for level, blank, slope, (start, step) in zip(levels, blanks, slopes, places, strict=True):
        added = ((level.detach() - blank) * slope)[0].sum(dim=0).float().cpu()
        found += _on_cube(added, start, step, edge).numpy() / step**3
    return found


def _blank(image: torch.Tensor) -> torch.Tensor:
    """The same tumour in tissue of mean brightness: each sequence 0, as z-scores are, and the same mask."""
    blank = torch.zeros_like(image)
    blank[:, -1] = image[:, -1]
    return blank


def _on_cube(level: torch.Tensor, start: float, step: float, edge: int) -> torch.Tensor:
    """A map on the voxels of the cube, linear between its own; beyond its last ones as these.

    Args:
        level: three axes of one length.
        start: where its first voxel lies in the cube.
        step: from one to the next.
        edge: of the cube.
    """
    have = torch.arange(level.shape[0], dtype=torch.float32)
    places = ((torch.arange(edge) - start) / step).clamp(0, level.shape[0] - 1)
    weights = (1 - (places[:, None] - have[None, :]).abs()).clamp(min=0)
    for _ in range(level.ndim):  # one axis after the other, each of which goes to the end
        level = torch.tensordot(level, weights, dims=([0], [1]))
    return level
