"""Where masks go out: objects into a step's resource, and to what keeps the session; each fault by itself."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sarcoma_core.archive.masks import MaskVersion, SessionMasks
from sarcoma_core.errors import InputError
from sarcoma_core.provenance import Outcome
from sarcoma_core.segmentation.exported import ExportKind
from sarcoma_core.segmentation.exporting import export_object
from sarcoma_core.xnat.roi.platform import Platform
from sarcoma_core.xnat.roi.sending import SentCollection, collection_label, send_collection


class Export(NamedTuple):
    """What is to go out of one series.

    Attributes:
        told: the series, as the resource of its masks tells of it.
        masks: of each resource, by the word that stands in the names of its collections.
        images: the DICOM files of its scan.
        lacking: what to say where there is no mask among them.
        saved_over: UIDs of objects from which a later version came than the one that goes out.
    """

    told: Outcome
    masks: Mapping[str, SessionMasks]
    images: tuple[Path, ...]
    lacking: str
    saved_over: frozenset[str] = frozenset()


class _Made(NamedTuple):
    """What became of one object.

    Attributes:
        told: in a few words.
        path: of its file; empty where none was made.
        facts: what is recorded of it.
        refused: whether it could not be made, or was not taken.
        sent: the hash of what the platform holds; empty where it holds none.
    """

    told: str
    path: str = ""
    facts: Mapping[str, Any] | None = None
    refused: bool = False
    sent: str = ""


@dataclass(frozen=True)
class Outbox:
    """A step's resource of objects, and the platform that they are sent to.

    Args:
        platform: what keeps the session.
        folder: of the resource; it is made with the first file.
        kinds: which objects are made.
        send: whether they go to the platform as well.
        earlier: what an earlier run recorded of each series, by its name.
    """

    platform: Platform
    folder: Path
    kinds: Sequence[ExportKind]
    send: bool
    earlier: Mapping[str, Outcome]

    def put(self, export: Export) -> Outcome:
        """Make the objects of one series, and send them.

        Raises:
            ServerError: the server does not answer; what was sent is known again.
            UsageError: nothing keeps the session that could take them.
            OSError: a disk fails.
        """
        told = export.told
        made = [
            self._try(kind, word, masks, export)
            for word, masks in export.masks.items()
            for kind in (self.kinds if masks.versions else ())
        ]
        if not made:
            return Outcome(told.scan, told.modality, "not applicable", export.lacking, part=told.part)
        facts = [one.facts for one in made if one.facts]
        return Outcome(
            told.scan,
            told.modality,
            "refused" if all(one.refused for one in made) else "done",
            "; ".join(one.told for one in made),
            files=tuple(one.path for one in made if one.path),
            facts={
                "collections": facts,
                "sent": self._sent(told.series, made),
                "refused": [one.told for one in made if one.refused],
                "viewer": self._viewer if self.send else "",
            },
            part=told.part,
        )

    def _sent(self, series: str, made: Sequence[_Made]) -> list[str]:
        """The hashes of all that was ever sent of a series: as long as it is as it was, nobody drew it."""
        before = self.earlier.get(series)
        earlier = before.facts.get("sent", ()) if before else ()
        return sorted({*map(str, earlier), *(one.sent for one in made if one.sent)})

    @cached_property
    def _viewer(self) -> str:
        return self.platform.viewer

    @cached_property
    def _held(self) -> frozenset[str]:
        """UIDs of what the platform held at first."""
        return frozenset(one.uid for one in self.platform.collections()) if self.send else frozenset()

    def _there(
        self, kind: ExportKind, versions: Sequence[MaskVersion], series: str
    ) -> Mapping[str, Any] | None:
        """A collection of ours that is still held, with these and more: nothing need be sent anew."""
        wanted = {version.sha256 for version in versions}
        before = self.earlier.get(series)
        for one in before.facts.get("collections", ()) if before else ():
            is_held = one.get("type") == kind and one.get("uid") in self._held
            if is_held and wanted < set(one.get("masks", ())):
                return dict(one)
        return None

    def _try(self, kind: ExportKind, word: str, masks: SessionMasks, export: Export) -> _Made:
        try:
            return self._make(kind, word, masks, export)
        except InputError as error:  # this object; the others may do
            return _Made(f"{kind} refused: {error.message.rstrip('.')}", refused=True)

    def _make(self, kind: ExportKind, word: str, masks: SessionMasks, export: Export) -> _Made:
        marked = [v for v in masks.versions if v.volume_ml]
        there = self._held - export.saved_over
        fresh = [v for v in marked if not (v.source == kind and v.uid in there)]
        if not fresh:
            why = "the viewer has it from who drew it" if marked else "nothing is marked"
            return _Made(f"{kind}: {why}")
        if (known := self._there(kind, fresh, export.told.series)) is not None:
            return _Made(f"{kind} there already as {known['label']}", facts=known)
        made = export_object(kind, fresh, masks.path, export.images)
        words = filter(None, (self.platform.session, export.told.series, word, kind))
        label, sent = collection_label(*words), None
        if self.send:
            sent = send_collection(self.platform, made.content, uid=made.uid, label=label)
            label = sent.label
        path = f"{export.told.scan}/{label}.dcm"
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(made.content)
        told = f"{kind} {_how(sent)} as {label}: {', '.join(made.regions)}"
        facts = {
            "label": label,
            "type": kind,
            "uid": made.uid,
            "regions": list(made.regions),
            "masks": sorted(version.sha256 for version in fresh),
            "held": sent is not None,
        }
        digest = hashlib.sha256(made.content).hexdigest() if sent else ""
        return _Made(told, path, facts, sent=digest)


def _how(sent: SentCollection | None) -> str:
    if sent is None:
        return "written, not sent,"
    return "sent" if sent.is_new else "there already"
