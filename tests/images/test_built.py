"""The images as they were built on this machine (`make images`), on a real engine."""

import json

import pytest

from sarcoma_core import __version__
from sarcoma_core.errors import RunError
from sarcoma_core.images import Engine, measure
from sarcoma_core.images.catalogue import PARENTS, checkout, lineage, step_images
from sarcoma_core.images.torch_builds import base_reference, suffix, torch_build
from sarcoma_core.interface import Base, Service, Step
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.steps.running import IMAGE_VARIABLE
from sarcoma_core.xnat.command.declaring import image_reference
from tests.images.conftest import inspect, unavailable
from tests.images.holding import canonical, held, named_in_extras

pytestmark = pytest.mark.docker

TORCH = torch_build(checkout())
"""The build of PyTorch in the images that the tests look at: the usual one."""

STRANGER = "12345:54321"
LEAST = ("--rm", "--network=none", "--read-only", "--tmpfs=/tmp", f"--user={STRANGER}")
"""As little as a container may need: nobody's uid, nothing to write to but /tmp, no network."""

every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def run(engine: Engine, image: str, program: str, *arguments: str) -> str:
    return engine.output("run", *LEAST, f"--entrypoint={program}", image, *arguments)


def distributions(engine: Engine, image: str) -> set[str]:
    code = "from importlib.metadata import distributions; print(*(d.name.lower() for d in distributions()))"
    return set(run(engine, image, "python", "-c", code).split())


def layers(engine: Engine, image: str) -> list[str]:
    found: list[str] = inspect(engine, image)["RootFS"]["Layers"]
    return found


@every_step
def test_the_label_is_the_committed_command(engine: Engine, step: Step) -> None:
    label = inspect(engine, image_reference(step.name))["Config"]["Labels"]["org.nrg.commands"]
    committed = json.loads((checkout() / "xnat_commands" / f"{step.name}.json").read_text("utf-8"))
    [command] = json.loads(label)
    # The service takes `image` from the image that carries the label, so a label may leave it out.
    assert {"image": image_reference(step.name), **command} == committed


@every_step
def test_the_label_survives_the_build_byte_for_byte(engine: Engine, step: Step) -> None:
    [image] = step_images(checkout(), (step.name,))
    assert (
        inspect(engine, image_reference(step.name))["Config"]["Labels"]["org.nrg.commands"] == image.commands
    )


def test_no_character_of_a_label_is_lost(engine: Engine, core: str) -> None:
    label = r"""org.nrg.commands=[{"d":"\"quoted\" $HOME ${HOME} \\ 'it' <&> ü"}]"""
    tag = "sarcoma-test/label:latest"
    engine.output("build", "--quiet", f"--tag={tag}", f"--label={label}", "-", text=f"FROM {core}\n")
    try:
        kept = inspect(engine, tag)["Config"]["Labels"]["org.nrg.commands"]
    finally:
        engine.output("image", "rm", tag)
    assert f"org.nrg.commands={kept}" == label


@every_step
def test_the_entry_point_is_the_step_and_the_service_adds_arguments(engine: Engine, step: Step) -> None:
    config = inspect(engine, image_reference(step.name))["Config"]
    assert config["Entrypoint"] == ["sarcoma", "step", step.name]
    assert not config["Cmd"]
    assert f"{IMAGE_VARIABLE}={image_reference(step.name)}{suffix(step.image, TORCH)}" in config["Env"]


@every_step
def test_the_image_says_what_it_is(engine: Engine, step: Step) -> None:
    labels = inspect(engine, image_reference(step.name))["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == step.title
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


@every_step
def test_help_works_for_a_stranger_on_a_read_only_root(engine: Engine, step: Step) -> None:
    text = engine.output("run", *LEAST, image_reference(step.name), "--help")
    assert f"sarcoma step {step.name}" in text
    assert all(param.flag in text for param in step.params)


@every_service
def test_a_service_starts_with_its_entry_point_and_xnat_is_told_of_no_command(
    engine: Engine, service: Service
) -> None:
    config = inspect(engine, image_reference(service.name))["Config"]
    assert config["Entrypoint"] == [*service.entrypoint]
    assert not config["Cmd"]
    assert "org.nrg.commands" not in config["Labels"]
    assert config["Labels"]["org.opencontainers.image.title"] == service.title


@every_service
def test_a_service_works_for_a_stranger_on_a_read_only_root(engine: Engine, service: Service) -> None:
    image = image_reference(service.name)
    assert "bootstrap" in engine.output("run", *LEAST, image, "xnat", "--help")
    # What it imports when it works, up to where there is no server: not one package is missing.
    words = ("xnat", "doctor", "--server", "http://127.0.0.1:9")
    login = ("--env=XNAT_USER=admin", "--env=XNAT_PASS=nobody")
    with pytest.raises(RunError, match=r"http://127\.0\.0\.1:9: does not answer"):
        engine.output("run", *LEAST, *login, image, *words)


@every_service
def test_a_service_is_its_base_and_the_layer_of_our_wheel(engine: Engine, service: Service) -> None:
    *below, ours = layers(engine, image_reference(service.name))
    assert below == layers(engine, base_reference(service.base, TORCH))
    assert ours == layers(engine, image_reference(STEPS[0].name))[-1]


def test_nobody_is_root_unless_asked(engine: Engine, step_image: str) -> None:
    user, _, group = inspect(engine, step_image)["Config"]["User"].partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000


def test_a_stranger_has_a_home_to_write_to(engine: Engine, step_image: str) -> None:
    code = """
import getpass, os, pathlib, tempfile
home = pathlib.Path.home()
(home / "probe").write_text("x")
print(os.getuid(), os.getgid(), home, tempfile.gettempdir(), getpass.getuser())
"""
    assert run(engine, step_image, "python", "-c", code).split()[:4] == ["12345", "54321", "/tmp", "/tmp"]  # noqa: S108  in the container


def test_the_science_imports_without_a_warning(engine: Engine, step_image: str) -> None:
    code = "import dcm2niix, jinja2, nibabel, numpy, PIL.Image, pydicom, SimpleITK, sarcoma_core.cli"
    assert run(engine, step_image, "python", "-W", "error", "-c", code) == ""


def test_what_is_imported_is_already_compiled(engine: Engine, step_image: str) -> None:
    code = """
import importlib, pathlib, sys
for name in ("nibabel", "numpy", "pydicom", "SimpleITK", "sarcoma_core.cli.main"):
    importlib.import_module(name)
compiled = {n: m.__cached__ for n, m in sys.modules.items() if getattr(m, "__cached__", None)}
assert len(compiled) > 300
print(*(name for name, path in compiled.items() if not pathlib.Path(path).exists()))
"""
    assert run(engine, step_image, "python", "-c", code).split() == []


def test_a_step_has_what_its_base_names(engine: Engine, step_image: str) -> None:
    assert held("core") <= {canonical(name) for name in distributions(engine, step_image)}


@pytest.fixture(params=PARENTS)
def base(request: pytest.FixtureRequest, engine: Engine) -> Base:
    """Each base, built."""
    found: Base = request.param
    if not engine.has(base_reference(found, TORCH)):
        unavailable(f"the base is not built on this engine: sarcoma images build --base {found}")
    return found


def test_a_base_has_what_it_names_and_nothing_that_others_name(engine: Engine, base: Base) -> None:
    inside = {canonical(name) for name in distributions(engine, base_reference(base, TORCH))}
    # Needed by something of the base and named by another extra too: by tensorboard, by the client of XNAT.
    brought = {"grpcio", "protobuf"} if base == "train" else set()
    brought |= {"pyyaml"} if "edge" in lineage(base) else set()
    assert held(base) <= inside
    assert not (named_in_extras() - held(base) - brought) & inside
    server_side = {"nvflare"} if base == "site" else {"docker", "rich", "starlette", "nvflare"}
    assert server_side <= named_in_extras() - held(base)


IMPORTS = {
    "core": "dcm2niix, highdicom, jinja2, nibabel, numpy, PIL.Image, pydicom, SimpleITK",
    "edge": "pydantic, requests, xnat, numpy",
    "torch": "torch, monai.networks.nets, monai.inferers, safetensors.torch, scipy.ndimage",
    "site": "docker, jsonpath, multipart, rich.table, starlette.applications, uvicorn, xnat, numpy",
    "train": "torch, pycox.models, torchtuples, lifelines, sklearn.model_selection, pandas, numba, h5py",
}


def test_what_a_base_holds_imports_for_a_stranger(engine: Engine, base: Base) -> None:
    code = f"import {IMPORTS[base]}"
    run(engine, base_reference(base, TORCH), "python", "-c", code)


@pytest.mark.parametrize("base", [base for base in PARENTS if "torch" in lineage(base)], indirect=True)
def test_a_prediction_runs_for_a_stranger(engine: Engine, base: Base) -> None:
    code = """
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import UNet
from safetensors.torch import load, save
torch.manual_seed(1)
net = UNet(3, 1, 2, (4, 8), (2,)).eval()
net.load_state_dict(load(save(net.state_dict())))
with torch.inference_mode():
    print(*sliding_window_inference(torch.ones(1, 1, 20, 20, 20), 16, 1, net).shape, torch.__version__)
"""
    said = run(engine, base_reference(base, TORCH), "python", "-c", code).split()
    assert said == ["1", "2", "20", "20", "20", TORCH.version]


@pytest.mark.parametrize("step", [step for step in STEPS if step.sends], ids=lambda step: step.name)
def test_a_step_that_sends_has_what_it_sends_with(engine: Engine, step: Step) -> None:
    modules = ("segmentation.outbox", "segmentation.exporting", "xnat.rest.platform", "xnat.roi.in_archive")
    code = f"import {', '.join(f'sarcoma_core.{module}' for module in modules)}"
    assert run(engine, image_reference(step.name), "python", "-W", "error", "-c", code) == ""


def test_no_python_inside_has_pip(engine: Engine, step_image: str) -> None:
    base = run(engine, step_image, "python", "-c", "import sys; print(sys._base_executable)").strip()
    code = """
from importlib.util import find_spec
print(*(name for name in ("pip", "setuptools", "ensurepip") if find_spec(name)))
"""
    for python in ("/opt/venv/bin/python", base):
        assert run(engine, step_image, python, "-c", code).split() == []


def test_nothing_inside_can_install_or_compile(engine: Engine, step_image: str) -> None:
    tools = "pip pip3 easy_install gcc cc g++ c++ clang ld as make git"
    found = run(
        engine, step_image, "/bin/sh", "-c", f"for tool in {tools}; do command -v $tool || true; done"
    )
    assert found == ""


def test_core_adds_at_most_650_mb_to_its_base(engine: Engine) -> None:
    [core] = measure(engine, [image_reference("core")])
    assert core.added <= 650_000_000


@every_step
def test_a_step_is_its_base_and_one_layer_more(engine: Engine, step: Step) -> None:
    *below, _ours = layers(engine, image_reference(step.name))
    assert below == layers(engine, base_reference(step.image, TORCH))


def test_all_steps_share_the_layer_of_our_wheel(engine: Engine) -> None:
    assert len({layers(engine, image_reference(step.name))[-1] for step in STEPS}) == 1


def test_our_wheel_is_in_a_step_and_not_in_its_base(engine: Engine, core: str, step_image: str) -> None:
    assert distributions(engine, step_image) - distributions(engine, core) == {"sarcoma"}
    look = "find /opt /usr/lib /usr/local -ipath '*sarcoma*'"
    assert run(engine, core, "/bin/sh", "-c", look) == ""
    assert "/opt/venv/bin/sarcoma\n" in run(engine, step_image, "/bin/sh", "-c", look)


def test_our_wheel_adds_at_most_14_mb(engine: Engine) -> None:
    [step] = measure(engine, [image_reference("convert")])
    assert 0 < step.added <= 14_000_000
