"""`check-model`: load a model and run it once, before it is trusted with a session."""

import json
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes

if TYPE_CHECKING:
    import torch
    from torch import nn

LABEL = "CHECK_MODEL"
_SEED = 0


class CheckModelOutputs(NamedTuple):
    """What the step writes."""

    check: Annotated[
        Outcomes,
        Output(resource=LABEL, format="JSON", help="what was found of the model", title="Model check"),
    ]


def check_model(
    session: Annotated[SessionFolder, Input(level="session", help="any session; none of it is read")],
    model: Annotated[AssetFolder, Asset(label="MODEL_*", help="the model to check")],
    out: OutputDir,
    *,
    use: Annotated[
        Literal["research", "commercial"],
        Param(help="what the model is to be used for; its licence must permit it"),
    ] = "research",
) -> CheckModelOutputs:
    """Load a model and run it once, before it is trusted with a session.

    The model is a folder with weights as safetensors, a config and a card. Its files must be those that its
    manifest and card tell, its licence must permit the use, its weights must fit its architecture and be
    finite, and one forward pass over noise must give finite numbers. The device and the seconds of that pass
    are told. A pickle is refused unread.
    """
    from sarcoma_core.models.folder import open_model, require_use

    del session
    found = open_model(model)
    require_use(found.card, use)

    import torch

    from sarcoma_core.models.architectures import load

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = load(found, device)
    ran = _run_once(network, found.config.input_shape, device)
    card = {
        "name": found.card.name,
        "version": found.card.version,
        "licence": found.card.licence,
        "architecture": found.config.architecture,
        "parameters": sum(tensor.numel() for tensor in network.parameters()),
        "weights_sha256": found.card.weights_sha256,
        "output_shape": ran["output_shape"],
    }
    path = out / LABEL / "check.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    told = f"{card['name']} {card['version']}: {ran['seconds']:.3f} s on {ran['device']}"
    facts = {**card, **ran}
    return CheckModelOutputs(check=(Outcome("", "", "done", told, files=(path.name,), facts=facts),))


def _run_once(network: "nn.Module", shape: tuple[int, ...], device: "torch.device") -> dict[str, Any]:
    """One forward pass over noise: what came out, where, and how long it took.

    Raises:
        InputError: the network cannot take such an input, or gives numbers that are not finite.
    """
    import torch

    try:
        noise = torch.randn((1, *shape), generator=torch.Generator().manual_seed(_SEED)).to(device)
        started = perf_counter()
        with torch.inference_mode():
            result = network(noise)
            is_finite = bool(torch.isfinite(result).all())  # waits for the device
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"--model: must run on an input of its shape {list(shape)}; it does not: {reason}"
        ) from None
    seconds = perf_counter() - started
    if not is_finite:
        raise InputError("--model: must give finite numbers for noise; it does not.")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {"output_shape": list(result.shape[1:]), "device": name, "seconds": seconds}


STEP = describe(
    check_model,
    image="torch",
    title="Sarcoma: check a model",
    methods="Each model was loaded and run once on noise before use; no image was changed.",
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=2),
    gpu=True,
)
