"""What makes the benchmark of DenseNet fair: the same function on both sides; never how long it takes."""

from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from benchmarks import densenet  # noqa: E402
from benchmarks.densenet import Costs, Sizes  # noqa: E402

TINY = (1, 2)


@pytest.fixture(autouse=True)
def as_it_was() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("size", [16, 24])
def test_both_say_the_same_before_a_step_and_after_it(size: int) -> None:
    costs, differ = densenet.compare(Sizes(size, TINY), 2)
    assert differ <= densenet.SAME
    assert set(costs) == {"forward", "step"}
    for measured in costs.values():
        assert {name: len(cost.seconds) for name, cost in measured.items()} == {"MONAI": 2, "ours": 2}
        assert all(len(cost.processors) == 2 for cost in measured.values())


def test_a_step_changes_what_is_said_and_both_alike() -> None:
    both, image = densenet.networks(TINY), densenet.noise(16)
    before = densenet.predict(both["ours"], image)
    for net in both.values():
        densenet.step(net, image)
    after = densenet.predict(both["ours"], image)
    assert float((after - before).abs().max()) > 10 * densenet.SAME
    assert densenet.apart(both, image) <= densenet.SAME
    densenet.step(both["ours"], image)  # once more than the other
    assert densenet.apart(both, image) > densenet.SAME


def test_outputs_that_differ_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    made = densenet.networks

    def networks(blocks: Any) -> Any:
        both = made(blocks)
        with torch.no_grad():
            both["ours"][0].stem.weight[0] *= 1.1
        return both

    monkeypatch.setattr(densenet, "networks", networks)
    assert densenet.compare(Sizes(16, TINY), 1)[1] > densenet.SAME


def test_both_have_the_weights_and_the_size_of_the_121() -> None:
    with torch.device("meta"):
        both = densenet.networks(densenet.BLOCKS_121)
    assert {sum(map(torch.numel, net.parameters())) for net in both.values()} == {11_276_876}


def test_neither_side_has_an_operation_in_place_or_a_norm_of_batches() -> None:
    for net in densenet.networks(TINY).values():
        layers = list(net.modules())
        assert not [layer for layer in layers if getattr(layer, "inplace", False)]
        norms = [layer for layer in layers if isinstance(layer, torch.nn.GroupNorm)]
        assert len(norms) == 1 + 2 * 3 + 1 + 1
        assert {norm.num_groups for norm in norms} == {8}
        assert not [layer for layer in layers if isinstance(layer, torch.nn.BatchNorm3d)]


@pytest.mark.parametrize(
    ("seconds", "mib", "good"),
    [(1.09, 10.9, True), (0.9, 9.0, True), (1.11, 10.0, False), (1.0, 11.1, False)],
)
def test_neither_slower_nor_larger_by_more_than_a_tenth_is_good(
    capsys: pytest.CaptureFixture[str], seconds: float, mib: float, *, good: bool
) -> None:
    costs = {"MONAI": Costs([0.5], [9.0, 1.0, 0.1]), "ours": Costs([1.0], [seconds])}
    assert densenet.show("64^3: step", costs, {"MONAI": 10.0, "ours": mib}) is good
    line = capsys.readouterr().out.splitlines()[-1].split()
    told = ["1.000", "0.50", f"{seconds:.3f}", f"{1 / seconds:.2f}", f"{mib:.1f}", f"{10 / mib:.2f}"]
    assert line == ["ours", *told]


def test_all_of_it_runs_and_says_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(densenet, "memory", lambda *_: {"MONAI": 2.0, "ours": 1.0})
    given = ["--sizes", "16", "24", "--blocks", "1", "2", "--rounds", "1", "--threads", "1"]
    assert densenet.main(given) in (0, 1)  # whether it is as fast is not asked of a busy machine
    told = capsys.readouterr().out.splitlines()
    titles = ["16^3: forward", "16^3: step", "24^3: forward", "24^3: step"]
    assert [line.split("  ")[0] for line in told if "^3" in line] == titles
    assert sum(line.startswith("outputs differ by") for line in told) == 2
    assert [line.split()[0] for line in told].count("ours") == 4


def test_what_a_process_holds_is_more_where_it_steps_and_the_same_of_both() -> None:
    """Of 24^3: the maps of the stem, 64 channels of 12^3, before and after its norm and its ReLU."""
    held = densenet.memory("step", Sizes(24, TINY), 1)
    assert set(held) == {"MONAI", "ours"}
    assert all(mib > 3 * 64 * 12**3 * 4 / 2**20 for mib in held.values())
    assert 0.9 < held["ours"] / held["MONAI"] < 1.1
