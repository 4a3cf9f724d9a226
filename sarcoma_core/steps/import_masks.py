"""`import-masks`: what people drew, on the grid of its image, every version kept."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import MASKS_FILE, MASKS_LABEL
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes, recorded_scan_id

if TYPE_CHECKING:
    from sarcoma_core.segmentation.importing import ImportedFile
    from sarcoma_core.segmentation.mask_book import MaskBook
    from sarcoma_core.segmentation.targets import ImageSeries

LABEL = MASKS_LABEL
READS = ("NIFTI", DRAWN_LABEL)

Lock = Literal["keep", "newest", "none"]


class ImportMasksOutputs(NamedTuple):
    """What the step writes."""

    masks: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="every version of every region, on the grid of its image",
            title="Masks",
        ),
    ]


def import_masks(
    session: Annotated[SessionFolder, Input(level="session", resource=READS)],
    names: Annotated[
        AssetFolder | None,
        Asset(label="ROI_NAMES", help="what the site calls its regions of interest", optional=True),
    ],
    out: OutputDir,
    *,
    lock: Annotated[
        Lock,
        Param(help="which versions are final: as before, the newest of each region as well, or none"),
    ] = "keep",
) -> ImportMasksOutputs:
    """Bring the masks that people and programs drew onto the native grid of their image.

    They come from region-of-interest collections of the OHIF viewer, from DICOM SEG and RTSTRUCT among the
    scans, and from the session's resource DRAWN (SEG, RTSTRUCT, or NIfTI in a folder that is called as its
    scan). Each that is new becomes a version of its region, with what it changed against the one before; no
    version is ever replaced or lost. The newest locked version counts; where none is locked, the newest,
    which is marked as not locked. What several readers' study has locked as a reference is locked, and no
    other version of that region.
    """
    from sarcoma_core.archive.drawn import drawn_files
    from sarcoma_core.archive.masks import read_masks
    from sarcoma_core.archive.references import read_references
    from sarcoma_core.segmentation.importing import import_files
    from sarcoma_core.segmentation.mask_book import MaskBook
    from sarcoma_core.segmentation.region_names import NAMES_FILE, read_name_rules
    from sarcoma_core.segmentation.targets import image_series

    rules = read_name_rules(names.file(NAMES_FILE).read_bytes()) if names else ()
    images = image_series(session)
    book = MaskBook(read_masks(session), out / LABEL)
    imported = import_files(tuple(drawn_files(session)), images, book, rules)
    book.mark(read_references(session))
    if lock == "newest":
        book.lock_newest()
    elif lock == "none":
        book.unlock()
    book.write()
    return ImportMasksOutputs(masks=(*(_of_image(one, book) for one in images), *_of_files(imported)))


def _of_image(image: "ImageSeries", book: "MaskBook") -> Outcome:
    versions = book.of(image.name)
    if not versions:
        return image.files.told("not applicable", "no mask lies on it")
    regions = [
        {"roi": v.roi, "version": v.version, "volume_ml": round(v.volume_ml, 3), "locked": v.locked}
        for v in versions
    ]
    files = (MASKS_FILE, *(version.file for version in versions))
    return image.files.told("done", files=files, facts={"regions": regions})


def _of_files(imported: Iterable["ImportedFile"]) -> Outcomes:
    """One outcome of each scan of masks, one of each other file."""
    of_scan: dict[str, list[ImportedFile]] = defaultdict(list)
    for number, one in enumerate(imported):
        of_scan[one.drawn.name if one.drawn.place == "scan" else f" {number}"].append(one)
    return tuple(_of_source(files) for files in of_scan.values())


def _of_source(files: "list[ImportedFile]") -> Outcome:
    first = files[0].drawn
    is_scan = first.place == "scan"
    told = "; ".join(one.told.rstrip(".") for one in files)
    facts: dict[str, Any] = {
        "added": [version.handle for one in files for version in one.added],
        "refused": [region._asdict() for one in files for region in one.refused],
    }
    useless = all(one.useless for one in files)
    return Outcome(
        scan=recorded_scan_id(first.name) if is_scan else "",
        modality=first.kind,
        status="refused" if useless else "set apart",
        reason=told if is_scan else f"{first.told}: {told}",
        facts=facts,
    )


STEP = describe(
    import_masks,
    image="core",
    title="Sarcoma: import masks",
    methods=(
        "Regions of interest (DICOM SEG, RTSTRUCT, NIfTI) were brought onto the native grid of their image: "
        "segments as they are stored, contours by the even-odd rule at voxel centres, and masks of another "
        "grid by linear interpolation; every version was kept."
    ),
    resources=Resources(reserve_memory=2048, limit_memory=4096, limit_cpu=1),
    revision=2,
)
