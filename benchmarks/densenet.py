"""DenseNet-121 of images in three axes: seconds and peak memory, against MONAI's.

    .venv/bin/python benchmarks/densenet.py [--sizes 64 128] [--rounds N] [--threads N] [--blocks N ...]

Two channels, 12 outputs, one image of noise, the same weights of chance in both. MONAI's has what ours always
has, norms of 8 groups and no operation in place; else gradients of single patients could not be taken. A
forward pass predicts; a step is forward, backward and SGD. One after the other in turns, in one process;
medians. The seconds of the processors are beside those of the clock, for a machine that others use as well.

Memory is the largest resident set of a process of its own that does the thing once, above that of one that
has all but does nothing; what is freed is given back at once, else the same step holds 260 to 380 MiB by
chance (64^3). Exits 1 where outputs differ by more than 1e-5, before a step or after it, or where ours takes
more of the processors, or holds more, than MONAI's and a tenth: the operations are the same, so less than
that is chance. So is more, of three rounds on a busy machine: ratios of .83 to 1.17 were seen there.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import torch
from monai.networks.nets import DenseNet
from torch import nn

from sarcoma_core.models.densenet import BLOCKS_121, DenseNet3d

CHANNELS, OUTPUTS, GROUPS, WIDTH, GROWTH = 2, 12, 8, 64, 32
SAME: Final = 1e-5
"""Most that outputs may differ."""
SLACK: Final = 1.1
"""Times what MONAI's takes or holds that ours may."""
RATE: Final = 1e-3
METHODS: Final = ("nothing", "MONAI", "ours")
GIVES_BACK: Final = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
"""What makes the allocator of glibc return each tensor to the system, and keep no pool for each thread."""


class Sizes(NamedTuple):
    """Of a comparison: voxels along each axis, layers of each block."""

    image: int
    blocks: tuple[int, ...] = BLOCKS_121


@dataclass
class Costs:
    """What repetitions of one thing took, by the clock and of the processors."""

    seconds: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[], object]) -> None:
        """One more repetition."""
        start = time.perf_counter(), time.process_time()
        work()
        self.seconds.append(time.perf_counter() - start[0])
        self.processors.append(time.process_time() - start[1])

    @property
    def medians(self) -> tuple[float, float]:
        """By the clock, of the processors."""
        return statistics.median(self.seconds), statistics.median(self.processors)


def networks(blocks: Sequence[int]) -> Mapping[str, nn.Module]:
    """Both, with the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        images = DenseNet3d(channels=CHANNELS, width=WIDTH, growth=GROWTH, blocks=blocks, groups=GROUPS)
        ours = nn.Sequential(images, nn.Linear(images.features, OUTPUTS))
        peer = DenseNet(
            spatial_dims=3,
            in_channels=CHANNELS,
            out_channels=OUTPUTS,
            init_features=WIDTH,
            growth_rate=GROWTH,
            block_config=tuple(blocks),
            norm=("group", {"num_groups": GROUPS}),
            act=("relu", {"inplace": False}),
        )
    peer.load_state_dict(dict(zip(peer.state_dict(), ours.state_dict().values(), strict=True)))
    return {"MONAI": peer, "ours": ours}


def noise(size: int) -> torch.Tensor:
    """An image; 1 x channels x three axes."""
    return torch.randn(1, CHANNELS, size, size, size, generator=torch.Generator().manual_seed(2))


def predict(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """A forward pass."""
    with torch.inference_mode():
        outputs: torch.Tensor = network.eval()(image)
    return outputs


def step(network: nn.Module, image: torch.Tensor) -> None:
    """A step of training; gradients are given back at its end."""
    optimizer = torch.optim.SGD(network.train().parameters(), RATE)
    network(image).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


WORKS: Final[Mapping[str, Callable[[nn.Module, torch.Tensor], object]]] = {"forward": predict, "step": step}


def apart(both: Mapping[str, nn.Module], image: torch.Tensor) -> float:
    """How far the outputs of both are apart at most."""
    ours, peer = (predict(both[name], image) for name in ("ours", "MONAI"))
    return float((ours - peer).abs().max())


def compare(sizes: Sizes, rounds: int) -> tuple[Mapping[str, Mapping[str, Costs]], float]:
    """What each took of each work, and how far outputs are apart at most, before and after a step."""
    both, image = networks(sizes.blocks), noise(sizes.image)
    differ = apart(both, image)  # the first pass pays for what is set up once
    for network in both.values():
        step(network, image)
    differ = max(differ, apart(both, image))
    costs = {work: {name: Costs() for name in both} for work in WORKS}
    for work, measured in costs.items():
        for _ in range(rounds):
            for name, network in both.items():
                measured[name].measure(partial(WORKS[work], network, image))
    return costs, differ


def held_by(method: str, work: str, sizes: Sizes) -> float:
    """MiB at the peak of this process, after it has done the thing once.

    What `nothing` holds is what the others hold before: packages, both networks and the image.
    """
    both, image = networks(sizes.blocks), noise(sizes.image)
    if method in both:
        WORKS[work](both[method], image)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024  # `ru_maxrss` begins with what its parent held


def memory(work: str, sizes: Sizes, threads: int) -> Mapping[str, float]:
    """MiB that each holds above `nothing`, in processes of their own.

    They run at the same time, as no time is asked of them.
    """
    running = {}
    for method in METHODS:
        command = [sys.executable, __file__, "--memory", method, work, "--threads", str(threads)]
        command += ["--sizes", str(sizes.image), "--blocks", *map(str, sizes.blocks)]
        running[method] = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | GIVES_BACK
        )
    told = {method: process.communicate()[0] for method, process in running.items()}
    if any(process.returncode for process in running.values()):
        sys.exit("memory: a process failed; what it said is above")
    return {method: float(told[method]) - float(told["nothing"]) for method in METHODS[1:]}


def show(title: str, costs: Mapping[str, Costs], held: Mapping[str, float]) -> bool:
    """A line for each; whether ours neither takes nor holds more than it may."""
    (peer, peer_cpu), (_, own_cpu) = costs["MONAI"].medians, costs["ours"].medians
    print(f"{title:<20}{'s':>9}{'ratio':>8}{'s of CPU':>10}{'ratio':>8}{'MiB, at peak':>14}{'ratio':>8}")
    for name, cost in costs.items():
        seconds, processors = cost.medians
        line = f"{name:<20}{seconds:>9.3f}{peer / seconds:>8.2f}"
        line += f"{processors:>10.3f}{peer_cpu / processors:>8.2f}"
        print(f"{line}{held[name]:>14.1f}{held['MONAI'] / held[name]:>8.2f}", flush=True)
    return own_cpu <= peer_cpu * SLACK and held["ours"] <= held["MONAI"] * SLACK


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=(64, 128), help="voxels of an image along each axis"
    )
    parser.add_argument("--rounds", type=int, default=9, help="repetitions of each")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--blocks", type=int, nargs="+", default=BLOCKS_121, help="layers of each block")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Two tables for each size."""
    asked = arguments(given)
    torch.set_num_threads(asked.threads)
    of_size = [Sizes(size, tuple(asked.blocks)) for size in asked.sizes]
    if asked.memory:
        print(held_by(*asked.memory, of_size[0]))
        return 0
    counts = {name: sum(map(torch.numel, net.parameters())) for name, net in networks(asked.blocks).items()}
    print(f"blocks {asked.blocks}, {counts['ours']} parameters (MONAI {counts['MONAI']})")
    print(f"{asked.rounds} rounds, {asked.threads} threads, torch {torch.__version__}")
    good = counts["ours"] == counts["MONAI"]
    for sizes in of_size:
        costs, differ = compare(sizes, asked.rounds)
        for work, measured in costs.items():
            good &= show(f"{sizes.image}^3: {work}", measured, memory(work, sizes, asked.threads))
        print(f"outputs differ by {differ:.1e} at most", flush=True)
        good &= differ <= SAME
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
