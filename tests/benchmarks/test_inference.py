"""What makes the benchmark of inference fair, and why ours holds less: never how long anything takes."""

import gc
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from benchmarks import inference  # noqa: E402
from benchmarks.inference import CPU, Costs, Sizes  # noqa: E402

SIZES = Sizes(image=32, roi=16, width=8, batch=1)


@pytest.fixture(autouse=True)
def as_it_was() -> Any:
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)


def look_of(method: str, sizes: Sizes, seen: Callable[[Any], None]) -> Any:
    """A method of the benchmark, told of the input of its network each time it is asked."""
    asked: list[Any] = []
    made = inference.network

    def network(width: int) -> Any:
        model = made(width)
        model.register_forward_pre_hook(lambda _, given: seen(given[0]))
        asked.append(model)
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "network", network)
        return inference.methods(sizes, CPU)[method]


@pytest.mark.parametrize("sizes", [SIZES, Sizes(40, 16, 8, 3), Sizes(16, 16, 12, 1)], ids=str)
def test_both_say_the_same_to_1e_5(sizes: Sizes) -> None:
    costs, apart = inference.compare(sizes, 1, CPU)
    assert apart <= 1e-5
    assert {name: len(cost.seconds) for name, cost in costs.items()} == {"MONAI": 1, "ours": 1}


def test_probabilities_that_differ_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight that is another by a thousandth is more than the benchmark lets pass."""
    made, count = inference.looking, []

    def looking(network: Any, device: Any) -> Any:
        count.append(1)
        with torch.no_grad():
            network.head.weight[0] *= 1.01
        return made(network, device)

    monkeypatch.setattr(inference, "looking", looking)
    _, apart = inference.compare(SIZES, 1, CPU)
    assert count == [1]
    assert apart > 1e-5


@pytest.mark.parametrize(("batch", "shown"), [(1, [1] * 27), (4, [4] * 6 + [3])])
def test_both_show_their_network_the_same_windows(batch: int, shown: list[int]) -> None:
    sizes = SIZES._replace(batch=batch)
    windows: dict[str, list[Any]] = {"MONAI": [], "ours": []}
    for name, seen in windows.items():
        look = look_of(name, sizes, lambda given, seen=seen: seen.append(given.clone()))
        with torch.inference_mode():
            look(inference.noise(sizes.image))
    assert [len(given) for given in windows["ours"]] == shown
    assert [len(given) for given in windows["MONAI"]] == shown
    for ours, peer in zip(windows["ours"], windows["MONAI"], strict=True):
        assert torch.equal(ours, peer)


EACH = 13
"""Windows from one count of all tensors to the next: counting takes longer than a window."""


def held() -> int:
    """Bytes of all tensors that there are, each storage once."""
    tensors = [one for one in gc.get_objects() if issubclass(type(one), torch.Tensor)]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())


@pytest.mark.parametrize("image", [32, 48])
def test_between_windows_ours_holds_the_sums_their_weights_and_a_window_and_no_more_than_monai(
    image: int,
) -> None:
    sizes = SIZES._replace(image=image)
    most = {}
    for name in ("MONAI", "ours"):
        found: list[int] = []
        calls = count()
        look = look_of(
            name,
            sizes,
            lambda _, found=found, calls=calls: None if next(calls) % EACH else found.append(held()),
        )
        volume = inference.noise(image)
        gc.collect()
        before = held()
        with torch.inference_mode():
            look(volume)
        most[name] = max(found) - before
        assert found[-1] == most[name] + before  # it does not grow from window to window
    voxels, window = image**3, 16**3
    regions = len(inference.REGIONS)
    sums, once = (regions + 1) * voxels, 1 + 1 + regions  # its weights, what is seen, what was found
    assert most["ours"] <= 4 * (sums + (once + 1) * window)
    assert most["ours"] >= 4 * sums
    assert most["ours"] <= most["MONAI"]


def test_inside_the_network_ours_writes_down_no_voxel_27_times() -> None:
    """The cause of what MONAI's holds more; `on_cpu` says when torch does."""
    names = {}
    for name, look in inference.methods(SIZES, CPU).items():
        with torch.profiler.profile() as seen, torch.inference_mode():
            look(inference.noise(16))
        names[name] = {event.key for event in seen.key_averages()}
    assert "aten::slow_conv3d_forward" in names["MONAI"]
    assert "aten::slow_conv3d_forward" not in names["ours"]


def test_both_train_the_same_network_on_as_many_patients() -> None:
    """Two epochs of 12 patients, 4 at once: ours has its checkpoint before the first step of an epoch."""
    planned = inference.plan(8, 8, 4)
    costs = inference.compare_training(planned, CPU)
    assert len(costs["ours"].seconds) == 2 * (3 - 1)
    assert len(costs["MONAI"].seconds) == 2 * 3 - 1
    assert len(costs["ours"].processors) == len(costs["ours"].seconds)


@pytest.mark.parametrize(
    ("seconds", "mib", "good"),
    [(1.0, 10.0, True), (0.9, 9.0, True), (1.1, 10.0, False), (1.0, 11.0, False)],
)
def test_neither_slower_nor_larger_is_good(
    capsys: pytest.CaptureFixture[str], seconds: float, mib: float, *, good: bool
) -> None:
    costs = {"MONAI": Costs([9.0, 1.0, 0.1], [1.0]), "ours": Costs([seconds], [0.5])}
    assert inference.show("volumes", costs, {"MONAI": 10.0, "ours": mib}) is good
    line = capsys.readouterr().out.splitlines()[-1].split()
    assert line == [
        "ours",
        f"{1 / seconds:.3f}",
        f"{seconds:.3f}",
        f"{1 / seconds:.2f}",
        "0.500",
        "2.00",
        str(mib),
    ]


def test_all_of_it_runs_and_says_that_there_is_no_gpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inference, "memory", lambda *_: {"MONAI": 2.0, "ours": 1.0})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    sizes = ["--image", "16", "--roi", "8", "--width", "8", "--patch", "8", "--repeats", "1"]
    assert inference.main(sizes) in (0, 1)  # whether it is as fast is not asked of a busy machine
    told = capsys.readouterr().out
    assert "16^3 in 27 windows of 8^3" in told
    assert told.splitlines()[-1] == "no GPU"


def test_what_a_process_holds_is_more_where_it_looks() -> None:
    """48^3 in one window: sums, window, and 8 channels of it at least."""
    sizes = Sizes(image=48, roi=48, width=8, batch=1)
    found = inference.memory(sizes, 1)
    assert set(found) == {"MONAI", "ours"}
    assert all(mib > 48**3 * 4 * 8 / 2**20 for mib in found.values())
