"""Truths: the words of ``CommandResolutionServiceImpl.resolveCommandOutput``."""

from pathlib import Path

import pytest

from sarcoma_core.xnat.resolution.objects import XnatObject, session_object
from sarcoma_core.xnat.resolution.refusals import ResolutionError
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from tests.xnat.launches import SESSION, Json, command, small_archive


@pytest.fixture
def session(tmp_path: Path) -> XnatObject:
    return session_object(small_archive(tmp_path).session("STS", "S1"))


def handled(session: XnatObject, *handlers: Json, required: bool = True) -> ResolvedCommand:
    names = {handler["accepts-command-output"] for handler in handlers} | {"o"}
    return resolve(
        command(
            mounts=[{"name": "out", "path": "/output"}],
            outputs=[{"name": name, "mount": "out", "required": required} for name in sorted(names)],
            **{
                "external-inputs": [SESSION, {"name": "text", "required": False}],
                "output-handlers": list(handlers),
            },
        ),
        None,
        session,
        {},
    )


def handler(name: str, parent: str, **more: object) -> Json:
    return {"name": name, "accepts-command-output": "o", "as-a-child-of": parent, **more}


def test_a_resource_may_go_below_what_an_earlier_handler_creates(session: XnatObject) -> None:
    found = handled(
        session,
        handler("assessor", "session", type="Assessor", **{"xsi-type": "icr:roiCollectionData"}),
        handler("data", "assessor", label="#session#-data", format="DICOM", tags=["a"]),
    )
    first, second = found.outputs
    assert (first.handler, first.type, first.label) == ("assessor", "Assessor", "o")
    assert (second.parent, second.parent_uri, second.tags) == ("assessor", None, ("a",))
    assert second.label == f"{session.uri}-data"


def test_outputs_come_in_the_order_of_the_handlers(session: XnatObject) -> None:
    second = {**handler("b", "session"), "accepts-command-output": "p"}
    found = handled(session, second, handler("a", "session"))
    assert [output.handler for output in found.outputs] == ["b", "a"]


def test_a_wrapup_command_is_named_with_what_it_reads(session: XnatObject) -> None:
    found = handled(session, handler("a", "session", **{"via-wrapup-command": "image:1:name"}))
    (after,) = found.wrapup
    assert (after.reference, after.mount, after.handler) == ("image:1:name", "out", "a")


def test_an_output_without_a_handler_is_refused(session: XnatObject) -> None:
    with pytest.raises(ResolutionError) as caught:
        handled(session)
    told = 'No wrapper output handler was configured to handle command output "o".'
    assert caught.value.message == told


@pytest.mark.parametrize(
    ("parent", "reason"),
    [
        (
            "text",
            'Input "text" is supposed to handle the output, but it does not have an XNAT object value.',
        ),
        ("nobody", 'supposed to be handled by "nobody", but either that isn\'t an input, or an output'),
        (
            "first",
            'Handler "last" must be type Resource, target handler "first" needs to be type Assessor OR',
        ),
    ],
)
def test_a_wrong_parent_is_refused_and_without_need_for_it_leaves_the_handler_empty(
    session: XnatObject, parent: str, reason: str
) -> None:
    handlers = handler("first", "session"), handler("last", parent)
    with pytest.raises(ResolutionError) as caught:
        handled(session, *handlers)
    assert reason in caught.value.message
    with pytest.raises(ResolutionError) as caught:
        handled(session, *handlers, required=False)
    told = 'Command wrapper output handler "last" has no resolved output to handle.'
    assert caught.value.message == told
