"""Networks on the CPU: the numbers of torch, but to the last digits, and without its slow convolution."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from torch.nn import functional  # noqa: E402
from torch.profiler import ProfilerActivity, profile  # noqa: E402

from sarcoma_core.models.resunet import ResidualUNet  # noqa: E402
from sarcoma_core.segmentation.inference.on_cpu import OnCpu, group_norm  # noqa: E402
from sarcoma_core.segmentation.inference.predicting import looking  # noqa: E402

LAST = torch.channels_last_3d
CPU = torch.device("cpu")
SLOW = "aten::slow_conv3d_forward"


def normal(*shape: int, seed: int = 1) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def network(width: int = 8) -> ResidualUNet:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return ResidualUNet(channels=1, classes=2, widths=[width, 2 * width], strides=[(2, 2, 2)]).eval()


def operations(work: Callable[[], Any]) -> set[str]:
    """What torch does, by its own names."""
    with profile(activities=[ProfilerActivity.CPU]) as seen, torch.inference_mode():
        work()
    return {event.key for event in seen.key_averages()}


def error(found: Any, exact: Any) -> float:
    return float((found.double() - exact).abs().max())


@pytest.mark.parametrize(
    "shape", [(1, 8, 6, 7, 5), (3, 16, 9, 4, 8), (2, 6, 1, 1, 1), (1, 8, 48, 48, 48)], ids=str
)
@pytest.mark.parametrize("mean", [0.0, 5.0])
def test_a_norm_is_that_of_double_precision(shape: tuple[int, ...], mean: float) -> None:
    values = (normal(*shape) + mean).contiguous(memory_format=LAST)
    weight, bias = normal(shape[1], seed=3), normal(shape[1], seed=4)
    wanted = functional.group_norm(values.double(), 2, weight.double(), bias.double(), 1e-3)
    found = group_norm(values, 2, weight, bias, 1e-3)
    assert found.dtype == torch.float32
    assert found.is_contiguous(memory_format=LAST)
    assert error(found, wanted) < 1e-5
    assert error(group_norm(values, 2), functional.group_norm(values.double(), 2)) < 1e-5


def test_where_channels_are_last_torch_by_itself_loses_digits() -> None:
    """The reason for a norm of our own. Where this fails, torch has mended it, and ours can go."""
    values = normal(1, 8, 96, 96, 96)
    exact = functional.group_norm(values.double(), 8)
    values = values.contiguous(memory_format=LAST)
    assert error(functional.group_norm(values, 8), exact) > 5e-5
    assert error(group_norm(values, 8), exact) < 5e-6


@pytest.mark.parametrize("height", [0.0, 3.5, -100.0])
def test_what_is_the_same_everywhere_is_its_bias(height: float) -> None:
    """Up to what single precision holds of a height that is divided by the root of 1e-5."""
    values = torch.full((1, 4, 5, 5, 5), height).contiguous(memory_format=LAST)
    found = group_norm(values, 2, torch.ones(4), torch.full((4,), 0.25))
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, torch.full_like(values, 0.25), atol=0.01, rtol=0)


def test_one_voxel_far_from_all_others_leaves_every_number_finite() -> None:
    """Sums are above the first voxel of a group: here all others are far above it."""
    for height in (1e3, -1e4, 1e6):
        values = torch.full((1, 2, 40, 40, 40), height)
        values[..., 0, 0, 0] = 0
        found = group_norm(values.contiguous(memory_format=LAST), 2)
        assert torch.isfinite(found).all()


def test_one_small_window_goes_to_the_slow_convolution_unless_it_is_told_otherwise() -> None:
    """The reason for this module: where the first line fails, torch has mended it."""
    model, window = network(), normal(1, 1, 16, 16, 16)
    assert SLOW in operations(lambda: model(window))
    assert SLOW not in operations(lambda: looking(model, CPU)(window))
    assert SLOW in operations(lambda: model(window))  # it is as it was afterwards


@pytest.mark.parametrize("size", [8, 20, 48])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_network_says_what_it_says_in_double_precision(size: int, batch: int) -> None:
    windows = normal(batch, 1, size, size, size)
    with torch.inference_mode():
        wanted = torch.sigmoid(network().double()(windows.double()))
        assert error(looking(network(), CPU)(windows), wanted) < 2e-6


@pytest.mark.parametrize(
    "layer",
    [
        torch.nn.Conv3d(4, 6, 3, padding="same"),
        torch.nn.Conv3d(4, 6, 3, padding=1, padding_mode="replicate"),
        torch.nn.Conv3d(4, 6, (3, 1, 2), stride=(2, 1, 1), dilation=(1, 2, 1), bias=False),
        torch.nn.Conv3d(4, 8, 3, groups=4, padding=(0, 1, 2)),
        torch.nn.ConvTranspose3d(4, 6, 2, stride=2),
        torch.nn.GroupNorm(2, 4, affine=False),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("layout", [LAST, torch.contiguous_format])
def test_layers_of_any_kind_are_what_they_are(layer: Any, dtype: Any, layout: Any) -> None:
    values, layer = normal(2, 4, 7, 6, 8).to(dtype).contiguous(memory_format=layout), layer.to(dtype)
    with torch.inference_mode():
        wanted = layer(values)
        with OnCpu():
            found = layer(values)
    assert found.dtype == dtype
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_a_single_volume_without_a_batch_is_convolved_as_well() -> None:
    layer, volume = torch.nn.Conv3d(1, 2, 3), normal(1, 6, 6, 6)
    with torch.inference_mode(), OnCpu():
        torch.testing.assert_close(layer(volume), layer(volume[None])[0], atol=1e-6, rtol=1e-5)


def test_weights_stay_the_numbers_that_they_were() -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    looking(model, CPU)(normal(1, 1, 8, 8, 8))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
