"""`export-masks`: a session's masks as DICOM SEG and RTSTRUCT, put where people draw."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import (
    COLLECTIONS_LABEL,
    MASKS_LABEL,
    SEG_LABEL,
    SessionMasks,
    read_masks,
)
from sarcoma_core.errors import ArchiveError
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, Sends, describe
from sarcoma_core.provenance import Outcome, Outcomes, Status, recorded_scan_id
from sarcoma_core.steps.launcher import platform_of
from sarcoma_core.xnat.roi.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sarcoma_core.segmentation.outbox import Export

LABEL = COLLECTIONS_LABEL
READS = (MASKS_LABEL, SEG_LABEL)

Which = Literal["current", "locked"]
Objects = Literal["both", "SEG", "RTSTRUCT"]

_IMAGES: Mapping[str, tuple[Status, ...]] = {
    MASKS_LABEL: ("done", "not applicable"),
    SEG_LABEL: ("done", "not applicable", "refused"),
}
"""What those resources tell of series that masks can lie on; of others MASKS tells where masks came from."""
_WORDS = {MASKS_LABEL: "", SEG_LABEL: "auto"}
"""What stands in the name of a collection, so that what a network drew is told from what people did."""


class ExportMasksOutputs(NamedTuple):
    """What the step writes."""

    collections: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="DICOM",
            help="the masks as DICOM SEG and RTSTRUCT, as they were sent",
            title="Collections of regions",
        ),
    ]


def export_masks(
    session: Annotated[SessionFolder, Input(level="session", resource=READS)],
    platform: Annotated[
        Platform,
        Sends(kind="roi-collection", to=platform_of, help="the masks, as collections of the OHIF viewer"),
    ],
    out: OutputDir,
    *,
    which: Annotated[
        Which, Param(help="of each region the version that counts, or that only where it is locked")
    ] = "current",
    objects: Annotated[Objects, Param(help="which objects are made")] = "both",
    send: Annotated[
        bool, Param(help="whether they are put where the viewer finds them, or only written")
    ] = True,
) -> ExportMasksOutputs:
    """Put masks into the OHIF viewer: as DICOM SEG and RTSTRUCT on the images that they were drawn on.

    They become region-of-interest collections of the session, and lie in its resource ROI_COLLECTIONS as
    well. What the viewer holds already is not sent again, and nothing there is replaced: where the name of a
    collection is taken, the new one is called `<name>_v2`. What the viewer's plugin would refuse is refused
    before it is sent, in its words.
    """
    from sarcoma_core.segmentation.outbox import Outbox

    outbox = Outbox(
        platform,
        out / LABEL,
        ("SEG", "RTSTRUCT") if objects == "both" else (objects,),
        send=send,
        earlier=_earlier(session),
    )
    told = tuple(outbox.put(one) for one in _exports(session, which))
    with_masks = tuple(one for one in told if one.status != "not applicable")
    return ExportMasksOutputs(collections=with_masks or told)


def _earlier(session: SessionFolder) -> Mapping[str, Outcome]:
    """What an earlier run recorded of each series; a manifest that cannot be read is written anew."""
    with suppress(ArchiveError):
        record = session.record(LABEL)
        return {one.series: one for one in record.outcomes} if record else {}
    return {}


def _exports(session: SessionFolder, which: Which) -> "Iterator[Export]":
    """Each series that may have masks.

    Raises:
        ArchiveError: no step has looked for masks, or what it left is damaged.
    """
    from sarcoma_core.segmentation.outbox import Export

    records = {label: record for label in READS if (record := session.record(label))}
    if not records:
        raise ArchiveError(
            f"--session: must hold a resource {' or '.join(READS)}; it has neither.",
            hint="Bring in what was drawn first: sarcoma run masks",
        )
    images = {recorded_scan_id(scan.id): scan.files for scan in session.scans()}
    resources = {label: read_masks(session, label) for label in READS}
    outcomes = {
        o.series: o
        for label, record in records.items()
        for o in record.outcomes
        if o.scan and o.status in _IMAGES[label]
    }
    for series, told in outcomes.items():
        on_it = {label: SessionMasks(held.of(series), held.folder) for label, held in resources.items()}
        chosen = {_WORDS[label]: _chosen(held, which) for label, held in on_it.items()}
        lacking = "none of its masks is locked" if any(h.versions for h in on_it.values()) else ""
        over = frozenset().union(*(_saved_over(on_it[label], chosen[_WORDS[label]]) for label in READS))
        yield Export(told, chosen, images.get(told.scan, ()), lacking or "no mask lies on it", over)


def _saved_over(masks: SessionMasks, going: SessionMasks) -> frozenset[str]:
    """UIDs of objects of which a later version came than the one that goes out: they were saved over."""
    newest = {(one.uid, one.key): one for one in masks.versions}  # by version, so that the last wins
    return frozenset(one.uid for one in going.versions if newest[one.uid, one.key] is not one)


def _chosen(masks: SessionMasks, which: Which) -> SessionMasks:
    taken = (one for one in masks.current() if one.locked or which == "current")
    return SessionMasks(tuple(taken), masks.folder)


STEP = describe(
    export_masks,
    image="edge",
    title="Sarcoma: export masks",
    methods=(
        "Masks were stored as DICOM segmentations and RT structure sets on the images that they were drawn "
        "on, and put into the viewer as collections of regions of interest."
    ),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=1),
)
