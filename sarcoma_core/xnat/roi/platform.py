"""What keeps a session, as a step that sends regions of interest to it sees it.

One law, two implementations: `in_archive.ArchivePlatform`, and `xnat.rest.platform.RemotePlatform`. Both ask
the OHIF plugin's rules first, so that a step is refused here in the words in which a server would refuse it.
"""

from typing import NamedTuple, Protocol


class HeldCollection(NamedTuple):
    """A region-of-interest collection of the session.

    Attributes:
        label: unique in the project.
        type: `SEG` or `RTSTRUCT`; another where the server knows more kinds.
        uid: SOPInstanceUID: another one for every version that was saved.
    """

    label: str
    type: str
    uid: str


class Platform(Protocol):
    """Our archive, or an XNAT, with one session of it."""

    @property
    def session(self) -> str:
        """Label of the session."""

    @property
    def viewer(self) -> str:
        """The address at which a person opens the session in the viewer; empty where there is none."""

    def collections(self) -> tuple[HeldCollection, ...]:
        """The collections of the session.

        Raises:
            ServerError: the server does not answer.
            OSError: the disk fails.
        """

    def put_roi(self, content: bytes, *, label: str) -> None:
        """Store a collection; one that is there is never replaced.

        Args:
            content: of a DICOM SEG or RTSTRUCT.
            label: unique in its project.

        Raises:
            DicomError: it is neither SEG nor RTSTRUCT.
            RoiRefusedError: as the OHIF plugin refuses it; its `refused.label_taken` asks for another label.
            ServerError: the server does not answer, or has no such plugin.
            OSError: the disk fails.
        """
