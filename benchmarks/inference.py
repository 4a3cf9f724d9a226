"""Windows over an image, and steps of a training: seconds and peak memory, against MONAI's.

    .venv/bin/python benchmarks/inference.py [--image N] [--roi N] [--width N] [--batch N] [--full]

One residual U-Net of four levels with weights of chance, an image of noise. Inference: `windows.slide` as
`Segmenter` uses it, and MONAI's `sliding_window_inference`; same windows, overlap of a half, Gaussian
weights, batch and network, nothing mirrored, no window of air. Training: `loop.train`, and a plain loop as
MONAI's tutorials have it (their Dataset, DataLoader and DiceCELoss, no worker) on the same network, patches,
batch and augmentation; a step holds all of them. One after the other in turns, in one process and on one
thread unless asked otherwise; medians. The seconds of the processors are beside those of the clock, for a
machine that others use as well.

Memory is the largest resident set of a process of its own that looks at the image once, above that of one
that has all but looks at nothing; on CUDA the most that tensors held. A GPU computes in half precision on
both sides. Exits 1 where inference of ours is slower or holds more, or the probabilities differ by more
than 1e-5 (on a GPU 1e-2). A step of ours does more than one of the plain loop: gradients are clipped, and
every operation gives the same bits again.
"""

import argparse
import copy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from monai.data import DataLoader, Dataset
from monai.inferers import sliding_window_inference
from monai.losses import DiceCELoss

from sarcoma_core.models.resunet import ResidualUNet
from sarcoma_core.segmentation.inference.predicting import looking
from sarcoma_core.segmentation.inference.windows import OVERLAP, slide, window_places
from sarcoma_core.training.segmentation.augmenting import views
from sarcoma_core.training.segmentation.cases import NativeCase, PreparedCase, prepare
from sarcoma_core.training.segmentation.loop import TrainingOrder, train
from sarcoma_core.training.segmentation.plan import SegmentationPlan

CPU: Final = torch.device("cpu")
SAME: Final = {"cpu": 1e-5, "cuda": 1e-2}
"""Most that probabilities may differ, by the kind of device."""
LEVELS, REGIONS = 4, ("tumour", "oedema")
CASES, EPOCHS = 12, 2
FULL: Final = {"image": 128, "roi": 96, "width": 32, "patch": 64}
METHODS: Final = ("nothing", "MONAI", "ours")
Looks = Callable[[torch.Tensor], torch.Tensor]


@dataclass
class Costs:
    """What repetitions of one thing took, by the clock and of the processors."""

    seconds: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)

    @contextmanager
    def measured(self, device: torch.device) -> Iterator[None]:
        """One more repetition."""
        start = time.perf_counter(), time.process_time()
        yield
        _wait(device)
        self.seconds.append(time.perf_counter() - start[0])
        self.processors.append(time.process_time() - start[1])

    @property
    def medians(self) -> tuple[float, float]:
        """By the clock, of the processors."""
        return statistics.median(self.seconds), statistics.median(self.processors)


class Sizes(NamedTuple):
    """Of an inference: voxels along each axis, channels of the finest level, windows at once."""

    image: int
    roi: int
    width: int
    batch: int


def network(width: int) -> ResidualUNet:
    """One input, two regions; each has its weights from one seed."""
    widths = [width * 2**level for level in range(LEVELS)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return ResidualUNet(
            channels=1, classes=len(REGIONS), widths=widths, strides=[(2, 2, 2)] * (LEVELS - 1)
        )


def noise(size: int) -> torch.Tensor:
    """An image of which every window is worth a look; 1 x three axes."""
    return torch.randn(1, size, size, size, generator=torch.Generator().manual_seed(2))


def methods(sizes: Sizes, device: torch.device) -> Mapping[str, Looks]:
    """Both on networks of their own with the same weights, as each lays them out."""
    roi = (sizes.roi,) * 3
    plain = network(sizes.width).eval().to(device)
    look = looking(copy.deepcopy(plain), device)

    def probabilities(windows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, enabled=device.type == "cuda"):
            logits = plain(windows)
        return torch.sigmoid(logits.float())

    def monai(image: torch.Tensor) -> torch.Tensor:
        found: Any = sliding_window_inference(
            image[None], roi, sizes.batch, probabilities, overlap=OVERLAP, mode="gaussian"
        )
        result: torch.Tensor = found[0]
        return result

    return {"MONAI": monai, "ours": lambda image: slide(image, roi, look, batch=sizes.batch)}


def compare(sizes: Sizes, repeats: int, device: torch.device) -> tuple[Mapping[str, Costs], float]:
    """What each took, and how far their probabilities are apart at most."""
    both = methods(sizes, device)
    image, costs, found = noise(sizes.image).to(device), {name: Costs() for name in both}, {}
    with torch.inference_mode():
        for method in both.values():  # the first window pays for what is set up once
            method(noise(sizes.roi).to(device))
        _wait(device)
        for _ in range(repeats):
            for name, method in both.items():
                with costs[name].measured(device):
                    found[name] = method(image)
    return costs, float((found["ours"] - found["MONAI"]).abs().max())


def held_by(method: str, sizes: Sizes) -> float:
    """MiB at the peak of this process, after one look at the image.

    What `nothing` holds is what the others hold before they look: packages, networks and image.
    """
    both, image = methods(sizes, CPU), noise(sizes.image)
    if method in both:
        with torch.inference_mode():
            both[method](image)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024  # `ru_maxrss` begins with what its parent held


def memory(sizes: Sizes, threads: int) -> Mapping[str, float]:
    """MiB that each holds above `nothing`, in processes of their own.

    They run at the same time, as no time is asked of them.
    """
    running = {}
    for method in METHODS:
        command = [sys.executable, __file__, "--memory", method, "--threads", str(threads)]
        command += [text for name, size in sizes._asdict().items() for text in (f"--{name}", str(size))]
        running[method] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = {method: process.communicate()[0] for method, process in running.items()}
    if any(process.returncode for process in running.values()):
        sys.exit("memory: a process failed; what it said is above")
    return {method: float(told[method]) - float(told["nothing"]) for method in METHODS[1:]}


def memory_on_gpu(sizes: Sizes, device: torch.device) -> Mapping[str, float]:
    """MiB that tensors hold at most while each looks, above what they hold before."""
    both, image, held = methods(sizes, device), noise(sizes.image).to(device), {}
    with torch.inference_mode():
        for name, method in both.items():
            before = torch.cuda.memory_allocated(device)
            torch.cuda.reset_peak_memory_stats(device)
            method(image)
            held[name] = (torch.cuda.max_memory_allocated(device) - before) / 2**20
    return held


def cases(patch: int) -> list[PreparedCase]:
    """Patients as large as a patch, each a ball in noise."""
    random, grid = np.random.default_rng(3), np.indices((patch,) * 3)
    found = []
    for number in range(CASES):
        middle, radius = random.uniform(0.4, 0.6, 3) * patch, random.uniform(0.1, 0.3) * patch
        ball = ((grid - middle[:, None, None, None]) ** 2).sum(0) <= radius**2
        image = (random.normal(size=ball.shape) + 2 * ball).astype(np.float32)
        native = NativeCase((image,), np.eye(4), dict.fromkeys(REGIONS, ball))
        found.append(prepare(f"S{number}", native, REGIONS, (1.0, 1.0, 1.0), slices_last=False))
    return found


def plan(patch: int, width: int, batch: int) -> SegmentationPlan:
    """Of a training of the same network."""
    return SegmentationPlan(
        sequences=("T1CE",),
        regions=REGIONS,
        spacing=(1.0, 1.0, 1.0),
        slices_last=False,
        patch=(patch, patch, patch),
        widths=tuple(width * 2**level for level in range(LEVELS)),
        strides=((2, 2, 2),) * (LEVELS - 1),
        epochs=EPOCHS,
        batch=batch,
        learning_rate=1e-3,
        why=(),
    )


def monai_steps(
    patients: Sequence[PreparedCase], planned: SegmentationPlan, device: torch.device
) -> Iterator[None]:
    """A plain loop, step by step, for ever."""
    views_of = views(planned.patch, slices_last=planned.slices_last)
    data = [
        {name: torch.from_numpy(getattr(p, name).astype(np.float32)) for name in ("image", "soft")}
        for p in patients
    ]
    loader = DataLoader(Dataset(data, views_of), batch_size=planned.batch, shuffle=True, num_workers=0)
    model = network(planned.widths[0]).to(device)
    loss_function, optimizer = DiceCELoss(sigmoid=True), torch.optim.AdamW(model.parameters(), 1e-3)
    while True:
        for batch in loader:
            inputs, labels = batch["image"].to(device), batch["soft"].to(device)
            optimizer.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                outputs = model(inputs)
            loss = loss_function(outputs.float(), labels)
            loss.backward()
            optimizer.step()
            loss.item()
            yield


def compare_training(planned: SegmentationPlan, device: torch.device) -> Mapping[str, Costs]:
    """Steps of both in turns: before each of ours, the plain loop does one of its own."""
    patients, costs = cases(planned.patch[0]), {"MONAI": Costs(), "ours": Costs()}
    peer, began = monai_steps(patients, planned, device), [0.0, 0.0]

    def step_of_peer(epoch: int, number: int) -> None:
        _wait(device)
        if number:  # else an epoch has ended in between, with its checkpoint
            costs["ours"].seconds.append(time.perf_counter() - began[0])
            costs["ours"].processors.append(time.process_time() - began[1])
        strict = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(mode=False)
        if epoch or number:
            with costs["MONAI"].measured(device):
                next(peer)
        else:
            next(peer)  # pays for what is set up once
        torch.use_deterministic_algorithms(mode=strict)
        began[:] = time.perf_counter(), time.process_time()

    order = TrainingOrder(planned, patients, (), seed=1, key="", device=device)
    with tempfile.TemporaryDirectory() as folder:
        train(order, Path(folder), killed=step_of_peer)
    return costs


def show(title: str, costs: Mapping[str, Costs], held: Mapping[str, float] | None = None) -> bool:
    """A line for each; whether ours is neither slower nor holds more."""
    (peer, peer_cpu), (own, _) = costs["MONAI"].medians, costs["ours"].medians
    print(
        f"{title:<30}{'per s':>9}{'s':>9}{'ratio':>8}{'s of CPU':>10}{'ratio':>8}"
        + " MiB, at peak" * bool(held)
    )
    for name, cost in costs.items():
        seconds, processors = cost.medians
        line = f"{name:<30}{1 / seconds:>9.3f}{seconds:>9.3f}{peer / seconds:>8.2f}"
        line += f"{processors:>10.3f}{peer_cpu / processors:>8.2f}"
        print(line + (f"{held[name]:>13.1f}" if held else ""), flush=True)
    return own <= peer and (not held or held["ours"] <= held["MONAI"])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", type=int, help="voxels of the image along each axis (128)")
    parser.add_argument("--roi", type=int, help="of a window (64)")
    parser.add_argument("--width", type=int, help="channels of the finest level (16)")
    parser.add_argument("--batch", type=int, default=1, help="windows at once")
    parser.add_argument("--repeats", type=int, default=3, help="looks of each at the image")
    parser.add_argument("--patch", type=int, help="of the training (32)")
    parser.add_argument("--patients", type=int, default=2, help="at once in the training")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--full", action="store_true", help=f"{FULL}; half an hour on two cores")
    parser.add_argument("--memory", choices=METHODS, help=argparse.SUPPRESS)
    asked = parser.parse_args(given)
    usual = FULL if asked.full else {"image": 128, "roi": 64, "width": 16, "patch": 32}
    for name, size in usual.items():
        setattr(asked, name, getattr(asked, name) or size)
    return asked


def main(given: Sequence[str] | None = None) -> int:
    """Compare on the CPU, then on a GPU where there is one."""
    asked = arguments(given)
    torch.set_num_threads(asked.threads)
    sizes = Sizes(asked.image, asked.roi, asked.width, asked.batch)
    if asked.memory:
        print(held_by(asked.memory, sizes))
        return 0
    devices = [CPU, *([torch.device("cuda")] if torch.cuda.is_available() else [])]
    windows = len(list(window_places((sizes.image,) * 3, (sizes.roi,) * 3)))
    print(
        f"{sizes.image}^3 in {windows} windows of {sizes.roi}^3, {sizes.batch} at once, width {sizes.width}"
    )
    print(
        f"training on {asked.patch}^3, {asked.patients} at once; "
        f"{asked.threads} threads, torch {torch.__version__}"
    )
    good = True
    for device in devices:
        held = memory(sizes, asked.threads) if device == CPU else memory_on_gpu(sizes, device)
        costs, apart = compare(sizes, asked.repeats, device)
        good &= show(f"{device}: volumes", costs, held)
        print(f"probabilities differ by {apart:.1e} at most")
        good &= apart <= SAME[device.type]
        planned = plan(asked.patch, asked.width, asked.patients)
        show(f"{device}: training steps", compare_training(planned, device))
    if len(devices) == 1:
        print("no GPU")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
