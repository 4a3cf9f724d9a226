"""What networks are trained with: each choice names an endpoint, each size gives a network that runs."""

from dataclasses import fields, replace
from typing import Any, get_args

import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.models.densenet import DenseNet3d  # noqa: E402
from sarcoma_core.models.multimodal import MultimodalNetwork  # noqa: E402
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS  # noqa: E402
from sarcoma_core.prognosis.network_order import (  # noqa: E402
    ENDPOINT_OF,
    MODALITIES,
    SIZES,
    EndpointChoice,
    Modalities,
    NetworkSize,
    PrognosisOrder,
)
from sarcoma_core.prognosis.tumour_image import CubeRules  # noqa: E402
from tests.prognosis.made_networks import CUBE, DM, OS, order  # noqa: E402


def test_a_choice_is_the_short_name_of_an_endpoint_or_the_grade() -> None:
    assert set(ENDPOINT_OF) == set(get_args(EndpointChoice))
    assert set(ENDPOINT_OF.values()) == {one.name for one in ENDPOINTS} | {"grade"}
    assert (ENDPOINT_OF["os"], ENDPOINT_OF["dm"]) == (OS, DM)


def test_the_grade_does_not_come_with_time() -> None:
    assert order(endpoints=(OS, "grade", DM)).timed == (OS, DM)
    assert order(endpoints=("grade",)).timed == ()


def test_each_fold_has_a_network_for_each_seed() -> None:
    assert order(folds=5, seeds=3).networks == 15


@pytest.mark.parametrize("modalities", MODALITIES)
def test_arguments_build_the_network_of_the_modalities(modalities: Modalities) -> None:
    arguments = order(modalities=modalities).arguments(columns=7, outputs=4)
    network = MultimodalNetwork(**arguments)
    assert (
        network.heads
        == {
            "both": ("joint", "image", "clinical"),
            "image": ("image",),
            "clinical": ("clinical",),
        }[modalities]
    )
    image, present = torch.zeros(2, 3, 8, 8, 8), torch.ones(2, 2)
    assert network.eval()(image, present, torch.zeros(2, 7)).shape == (2, len(network.heads), 4)


@pytest.mark.parametrize("name", SIZES)
def test_each_size_gives_a_network(name: str) -> None:
    with torch.device("meta"):
        cube = replace(CUBE, edge=SIZES[name].least_edge)
        arguments = order(size=SIZES[name], cube=cube, modalities="both").arguments(columns=11, outputs=10)
        network = MultimodalNetwork(**arguments)
    assert {one.num_groups for one in network.modules() if isinstance(one, torch.nn.GroupNorm)} >= {
        SIZES[name].groups
    }


def test_the_121_has_the_blocks_and_the_widths_of_its_papers() -> None:
    """Huang et al., CVPR 2017, table 1; the clinical part of Bozzo et al. 2024 ends in widths of 8."""
    size = SIZES["121"]
    assert (size.blocks, size.growth, size.width, size.bottleneck) == ((6, 12, 24, 16), 32, 64, 4)
    # with the first convolution, two in each layer, three between blocks and the linear layer: 121
    assert 1 + 2 * sum(size.blocks) + 3 + 1 == 121
    assert size.clinical_widths == (32, 16, 8, 8, 8)


@pytest.mark.parametrize("name", [one.name for one in fields(NetworkSize)])
def test_every_field_of_a_size_reaches_the_network(name: str) -> None:
    size = SIZES["tiny"]
    value = getattr(size, name)
    longer = (5, 1, 0) if name == "stem" else (9,)
    other = not value if isinstance(value, bool) else longer if isinstance(value, tuple) else value + 1
    moved = order(size=replace(size, **{name: other}), modalities="both")
    wanted = {**order(size=size, modalities="both").arguments(columns=3, outputs=2), name: other}
    assert moved.arguments(columns=3, outputs=2) == wanted


@pytest.mark.parametrize("name", list(SIZES))
def test_the_least_edge_is_the_one_at_which_the_network_still_runs(name: str) -> None:
    """Just inside and just outside, by the network itself, of meta tensors: nothing is computed."""
    size = SIZES[name]
    with torch.device("meta"):
        network = DenseNet3d(
            channels=1, width=size.width, growth=size.growth, blocks=size.blocks, stem=size.stem
        )
        least = size.least_edge
        assert network(torch.zeros((1, 1, least, least, least))).shape == (1, network.features)
        with pytest.raises(RuntimeError):
            network(torch.zeros((1, 1, least - 1, least - 1, least - 1)))


def test_a_cube_that_is_too_small_is_refused_where_images_are_taken() -> None:
    least = SIZES["121"].least_edge
    assert least == 29
    for edge in (least, least - 1):
        cube = CubeRules(("T1CE",), edge, 2.0)
        if edge < least:
            with pytest.raises(InputError, match="edge: must be 29 voxels or more"):
                PrognosisOrder(("overall_survival",), "cox", "0" * 64, cube, SIZES["121"])
        PrognosisOrder(("overall_survival",), "cox", "0" * 64, cube, SIZES["121"], modalities="clinical")
    PrognosisOrder(("overall_survival",), "cox", "0" * 64, CubeRules(("T1CE",), least, 2.0), SIZES["121"])
