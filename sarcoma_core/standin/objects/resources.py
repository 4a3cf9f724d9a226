"""Resources: folders of files that belong to an object, each with a number, a catalog and a format.

The files lie in the archive; the number and the rest in the documents, under the folder's path. The catalog
is written anew after each change. No file is ever read or written through a link.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sarcoma_core.archive.catalog import CatalogEntry, md5, read_catalog, write_catalog, write_dicom_catalog
from sarcoma_core.archive.folder import DICOM_RESOURCES, is_catalog
from sarcoma_core.archive.instance import read_instance
from sarcoma_core.errors import DicomError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.names import require_file_name, require_label

_KIND, _FILE_KIND = "resource", "file of "


@dataclass(frozen=True)
class ResourceInfo:
    """What a client tells of a resource or a file (``XnatResourceInfo``).

    Args:
        format: such as `DICOM` or `NIFTI`.
        content: such as `RAW`.
        tags: comma-separated.
    """

    format: str = ""
    content: str = ""
    tags: str = ""


@dataclass(frozen=True)
class Resource:
    """A resource.

    Args:
        id: its number on this server.
        label: its label, which is its folder's name.
        folder: where its files are.
        info: its format, content and tags.
        scan: id of the scan that it belongs to; empty when it belongs to something else.
    """

    id: int
    label: str
    folder: Path
    info: ResourceInfo
    scan: str = ""

    @property
    def is_dicom(self) -> bool:
        """Whether its catalog lists UIDs."""
        return bool(self.scan) and self.label in DICOM_RESOURCES

    @property
    def catalog(self) -> Path:
        """Its catalog: a scan's is named after the scan."""
        name = f"scan_{self.scan}" if self.is_dicom else self.label
        return self.folder / f"{name}_catalog.xml"


@dataclass(frozen=True)
class ResourceFile:
    """A file of a resource: its name below the resource's folder, and what the catalog says of it."""

    name: str
    path: Path
    size: int
    digest: str
    info: ResourceInfo = field(default_factory=ResourceInfo)


class ResourceCatalogs:
    """The resources of a server's objects (each an ``xnat:resourceCatalog``).

    Args:
        root: the archive's folder.
        documents: where all but the files is kept.
    """

    def __init__(self, root: Path, documents: Documents) -> None:
        self._root = root
        self._documents = documents

    def of(self, owner: Path) -> tuple[Resource, ...]:
        """The resources of an object, by its folder, sorted by label."""
        if not owner.is_dir() or owner.is_symlink():
            return ()
        folders = (p for p in owner.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != ".")
        return tuple(self._resource(folder) for folder in sorted(folders))

    def find(self, owner: Path, name: str) -> Resource | None:
        """A resource of an object by label or number."""
        return next((r for r in self.of(owner) if name in (r.label, str(r.id))), None)

    def _resource(self, folder: Path, info: ResourceInfo | None = None) -> Resource:
        key = folder.relative_to(self._root).as_posix()
        scan = folder.parent.name if folder.parent.parent.name == "SCANS" else ""
        with self._documents.lock:
            kept = self._documents.get(_KIND, key)
            if kept is None:
                dicom = (
                    ResourceInfo("DICOM", "RAW")
                    if scan and folder.name in DICOM_RESOURCES
                    else ResourceInfo()
                )
                told = info or dicom
                kept = {"id": self._documents.next_id(_KIND), **vars(told)}
                self._documents.put(_KIND, key, kept)
        return Resource(int(kept["id"]), folder.name, folder, _info(kept), scan)

    def create(self, owner: Path, label: str, info: ResourceInfo | None = None) -> Resource:
        """Make a resource; one that is there keeps what was told of it first.

        Raises:
            Refusal: 400, the label is not legal.
        """
        folder = owner / require_label(label, "Resource label")
        folder.mkdir(parents=True, exist_ok=True)
        resource = self._resource(folder, info)
        if not resource.catalog.is_file():
            self._write_catalog(resource, {})
        return resource

    def change_info(self, resource: Resource, changes: Mapping[str, str]) -> None:
        """Change the format, content or tags of a resource."""
        key = resource.folder.relative_to(self._root).as_posix()
        self._documents.put(_KIND, key, {"id": resource.id, **vars(resource.info), **changes})

    def files(self, resource: Resource) -> tuple[ResourceFile, ...]:
        """The files of a resource in name order, without its catalog and whatever links lead elsewhere."""
        digests = {entry.uri: entry.digest for entry in read_catalog(resource.catalog)}
        told = self._documents.all(_FILE_KIND + str(resource.id))
        return tuple(
            ResourceFile(name, path, path.stat().st_size, digests.get(name, ""), _info(told.get(name, {})))
            for name, path in _plain_files(resource.folder)
            if not is_catalog(path)
        )

    def file(self, resource: Resource, name: str) -> Path:
        """The path of a file.

        Raises:
            Refusal: 404, there is none; 400, the name is not legal.
        """
        path = self._inside(resource, name)
        if not path.is_file():
            raise Refusal(404, f"File not found: {resource.label}.")
        return path

    def _inside(self, resource: Resource, name: str) -> Path:
        """Where a file of this name is or would be: below the folder, with no link on the way."""
        path = resource.folder.joinpath(*require_file_name(name))
        if path.resolve() != resource.folder.resolve() / path.relative_to(resource.folder):
            raise Refusal(404, f"File not found: {resource.label}.")
        return path

    def put(
        self,
        resource: Resource,
        incoming: Mapping[str, Path],
        *,
        overwrite: bool = False,
        info: ResourceInfo | None = None,
    ) -> None:
        """Move files into a resource: all of them, or none when one is in the way.

        Args:
            resource: where to.
            incoming: files by the name that they get; they lie in `staging` and are moved from there.
            overwrite: whether a file of the same name is replaced.
            info: what is told of each.

        Raises:
            Refusal: 409, a file of the same name is there; 400, a name is not legal.
        """
        targets = {name: self._inside(resource, name) for name in incoming if not is_catalog(Path(name))}
        files = set(targets.values())
        for name, target in targets.items():
            above = tuple(_folders_above(target, resource.folder))
            if target.is_dir() or any(parent.is_file() or parent in files for parent in above):
                raise Refusal(409, "A name is that of a file and of a folder.")
            if target.exists() and not overwrite:
                raise Refusal(409, f"{len(incoming)} file(s) specified already exist: {_shown(name)}.")
        for name, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            incoming[name].replace(target)
            if info and info != ResourceInfo():
                self._documents.put(_FILE_KIND + str(resource.id), name, dict(vars(info)))
        self._write_catalog(resource, targets)

    def merge(self, resource: Resource, source: Path) -> None:
        """Copy the files of a folder into a resource: same names are overwritten, stale ones stay.

        Raises:
            Refusal: 409, a name is that of a file here and of a folder there.
        """
        with self.staging() as aside:
            copies: dict[str, Path] = {}
            for number, (name, path) in enumerate(_plain_files(source)):
                copies[name] = Path(shutil.copyfile(path, aside / str(number)))
            self.put(resource, copies, overwrite=True)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for files on their way in: on the archive's disk, so that each appears whole."""
        with tempfile.TemporaryDirectory(prefix=".upload-", dir=self._root) as aside:
            yield Path(aside)

    def remove(self, resource: Resource, names: Sequence[str]) -> None:
        """Delete files of a resource.

        Raises:
            Refusal: 404, one of them is not there; nothing is deleted then.
        """
        paths = [self.file(resource, name) for name in names]
        for name, path in zip(names, paths, strict=True):
            path.unlink()
            self._documents.delete(_FILE_KIND + str(resource.id), name)
            for parent in _folders_above(path, resource.folder):
                if any(parent.iterdir()):
                    break
                parent.rmdir()
        self._write_catalog(resource, {})

    def delete(self, resource: Resource) -> None:
        """Delete a resource with its files."""
        shutil.rmtree(resource.folder)
        self.forget(resource.folder)

    def forget(self, folder: Path) -> None:
        """Drop the documents of every resource at or below a folder that is no more."""
        for key, kept in self._below(folder):
            self._documents.delete(_KIND, key)
            for name in self._documents.all(_FILE_KIND + str(kept["id"])):
                self._documents.delete(_FILE_KIND + str(kept["id"]), name)

    def moved(self, old: Path, new: Path) -> None:
        """Follow a folder that was renamed: its resources keep their numbers."""
        before, after = (str(p.relative_to(self._root).as_posix()) for p in (old, new))
        for key, kept in self._below(old):
            self._documents.delete(_KIND, key)
            self._documents.put(_KIND, after + key.removeprefix(before), dict(kept))

    def _below(self, folder: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
        place = PurePosixPath(folder.relative_to(self._root).as_posix())
        for key, kept in self._documents.all(_KIND).items():
            if PurePosixPath(key).is_relative_to(place):
                yield key, kept

    def refresh(self, resource: Resource) -> None:
        """Write a catalog anew from the files on disk, all digests included."""
        self._write_catalog(resource, dict(_plain_files(resource.folder)))

    def _write_catalog(self, resource: Resource, changed: Iterable[str]) -> None:
        """Write a catalog; only changed files and those that it did not know are read."""
        known = {entry.uri: entry for entry in read_catalog(resource.catalog)}
        for name in changed:
            known.pop(name, None)
        entries = [
            known.get(name) or _entry(name, path, dicom=resource.is_dicom)
            for name, path in _plain_files(resource.folder)
            if not is_catalog(path)
        ]
        if resource.is_dicom:
            series = _series_uid(resource)
            write_dicom_catalog(resource.catalog, series, entries)
        else:
            name = resource.catalog.name.removesuffix("_catalog.xml")
            write_catalog(resource.folder, name, resource_label=resource.label, entries=entries)


def _series_uid(resource: Resource) -> str:
    """SeriesInstanceUID of a DICOM resource, from the first file that tells."""
    for _, path in _plain_files(resource.folder):
        if not is_catalog(path):
            try:
                return read_instance(path).series_uid
            except DicomError:
                continue
    return ""


def _entry(name: str, path: Path, *, dicom: bool) -> CatalogEntry:
    digest = md5(path)
    if dicom:
        try:
            instance = read_instance(path)
        except DicomError:
            return CatalogEntry(name, digest)
        return CatalogEntry(name, digest, instance.sop_uid, instance.instance_number)
    return CatalogEntry(name, digest)


def _plain_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder with its name there, in order; no link is followed or listed."""
    paths = []
    for place, _, names in os.walk(folder, followlinks=False):
        paths += [Path(place) / name for name in names]
    for path in sorted(paths):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


def _folders_above(path: Path, folder: Path) -> Iterator[Path]:
    """The folders between a file and its resource's folder, the nearest first."""
    for parent in path.parents:
        if parent == folder:
            return
        yield parent


def _shown(name: str) -> str:
    """What XNAT tells of a file that is there; ours tells no name, for it may be a patient's."""
    return PurePosixPath(name).suffix or "no extension"


def _info(kept: Mapping[str, object]) -> ResourceInfo:
    return ResourceInfo(*(str(kept.get(key, "")) for key in ("format", "content", "tags")))
