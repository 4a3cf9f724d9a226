"""Pull data from headers: what DICOM files that were uploaded one by one tell of their session and scans."""

from collections.abc import Iterator
from dataclasses import replace

from sarcoma_core.archive.folder import DICOM_RESOURCES
from sarcoma_core.archive.instance import Instance, read_instance
from sarcoma_core.archive.store import Scan, Session
from sarcoma_core.errors import DicomError
from sarcoma_core.standin.objects.tree import Change, Tree


def pull_data_from_headers(tree: Tree, session: Session) -> None:
    """Take UIDs, modality, frames and dates from the headers; a scan's type only where it is empty.

    Raises:
        Refusal: 404, the session was deleted meanwhile.
    """
    with tree.lock(session.project):
        session = tree.session(session.id)
        read = [(scan, tuple(_instances(tree, session, scan))) for scan in session.scans]
        first = next((instances[0] for _, instances in read if instances), None)
        if first is None:
            return
        changed = replace(
            session,
            study_uid=first.study_uid,
            date=first.study_date or session.date,
            scans=tuple(_told_by(scan, instances) for scan, instances in read),
        )
        tree.archive.write(changed)
    tree.tell(Change("SessionEvent", "UPDATED", changed))


def _instances(tree: Tree, session: Session, scan: Scan) -> Iterator[Instance]:
    for label in DICOM_RESOURCES:
        resource = tree.resources.find(session.path / "SCANS" / scan.id, label)
        for file in tree.resources.files(resource) if resource else ():
            try:
                yield read_instance(file.path)
            except DicomError:
                continue


def _told_by(scan: Scan, instances: tuple[Instance, ...]) -> Scan:
    if not instances:
        return scan
    first = min(instances, key=lambda instance: not instance.is_image)
    return replace(
        scan,
        uid=first.series_uid,
        number=first.series_number,
        modality=first.modality,
        description=scan.description or first.description,
        frames=sum(instance.frames for instance in instances),
    )
