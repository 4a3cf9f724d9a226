"""`check-model`: load a model and run it once, before it is trusted with a session."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes

if TYPE_CHECKING:
    from sarcoma_core.models.folder import ModelFolder
    from sarcoma_core.models.trying import Trial

LABEL = "CHECK_MODEL"


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

    The model is a folder with weights as safetensors, a config and a card, or a set of such folders, each of
    which is checked. Its files must be those that its manifest and card tell, its licence must permit the
    use, its weights must fit its architecture and be finite, and one forward pass over noise must give finite
    numbers. The device and the seconds of that pass are told. A pickle is refused unread.
    """
    from sarcoma_core.models.folder import require_use
    from sarcoma_core.models.model_set import open_set

    del session
    found = open_set(model)
    for member in found.members.values():
        require_use(member.card, use)
    if not found.members:
        raise InputError(
            "model: must hold a model whose training has ended; it holds none yet.",
            hint="Go on with its training: sarcoma run train-segmentation",
        )

    from sarcoma_core.models.trying import try_model

    trials = {name: try_model(member) for name, member in found.members.items()}
    models = {name: _told(found.members[name], trial) for name, trial in trials.items()}
    tree = {"models": models, "unfinished": list(found.unfinished)}
    path = out / LABEL / "check.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(tree, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    said = "; ".join(_line(name, found.members[name], trial) for name, trial in trials.items())
    seconds = {name: trial.seconds for name, trial in trials.items()}
    facts = {**tree, "device": next(iter(trials.values())).device, "seconds": seconds}
    return CheckModelOutputs(check=(Outcome("", "", "done", said, files=(path.name,), facts=facts),))


def _told(model: "ModelFolder", trial: "Trial") -> Mapping[str, Any]:
    return {
        "name": model.card.name,
        "version": model.card.version,
        "licence": model.card.licence,
        "architecture": model.config.architecture,
        "weights_sha256": dict(model.card.weights_sha256),
        "parameters": trial.parameters,
        "output_shape": list(trial.output_shape),
    }


def _line(name: str, model: "ModelFolder", trial: "Trial") -> str:
    member = f"{name}: " if model.config.segmentation else ""
    return f"{member}{model.card.name} {model.card.version}: {trial.seconds:.3f} s on {trial.device}"


STEP = describe(
    check_model,
    image="torch",
    revision=2,  # 2: a set of models is told by member
    title="Sarcoma: check a model",
    methods="Each model was loaded and run once on noise before use; no image was changed.",
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=2),
    gpu=True,
)
