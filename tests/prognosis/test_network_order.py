"""What networks are trained with: each choice names an endpoint, each size gives a network that runs."""

from dataclasses import fields, replace
from typing import Any, get_args

import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.models.multimodal import MultimodalNetwork  # noqa: E402
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS  # noqa: E402
from sarcoma_core.prognosis.network_order import (  # noqa: E402
    ENDPOINT_OF,
    MODALITIES,
    SIZES,
    EndpointChoice,
    Modalities,
    NetworkSize,
)
from tests.prognosis.made_networks import DM, OS, order  # noqa: E402


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
        arguments = order(size=SIZES[name], modalities="both").arguments(columns=11, outputs=10)
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
    other = not value if isinstance(value, bool) else (9,) if isinstance(value, tuple) else value + 1
    moved = order(size=replace(size, **{name: other}), modalities="both")
    wanted = {**order(size=size, modalities="both").arguments(columns=3, outputs=2), name: other}
    assert moved.arguments(columns=3, outputs=2) == wanted
