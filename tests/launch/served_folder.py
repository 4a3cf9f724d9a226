"""A test double of a server that serves one session's folder, as XNAT lists and serves it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sarcoma_core.xnat.rest.answering import Answer
from tests.launch.fake_xnat import FakeXnat, listing


class ServedFolder(FakeXnat):
    """The session `E0`: whatever lies in its folder when it is asked for.

    Args:
        path: the session's folder.
    """

    def __init__(self, path: Path) -> None:
        super().__init__({"E0": {}})
        self._path = path

    def _answer(self, path: str, accept: tuple[int, ...]) -> Any:
        resources = self._path / "RESOURCES"
        self.sessions["E0"] = {folder.name: "" for folder in _folders(resources)}
        match path.strip("/").split("/"):
            case ["data", "experiments", "E0", "scans", "ALL", "files"]:
                scans = _folders(self._path / "SCANS")
                return listing(
                    [row for s in scans for r in _folders(s) for row in _rows(r, f"scans/{s.name}/")]
                )
            case ["data", "experiments", "E0", "resources", label, "files"]:
                return listing(list(_rows(resources / label)) if (resources / label).is_dir() else [])
            case ["data", "experiments", "E0", "resources", label, "files", name] if (
                resources / label / name
            ).is_file():
                content = (resources / label / name).read_bytes()
                return Answer(200, content.decode(errors="replace"), content)
        return super()._answer(path, accept)

    def _tree(self, name: str) -> dict[str, Any]:
        tree = super()._tree(name)
        tree["items"][0]["children"][0]["items"] = [
            {"data_fields": {"ID": scan.name}, "meta": {}, "children": []}
            for scan in _folders(self._path / "SCANS")
        ]
        return tree


def _folders(place: Path) -> list[Path]:
    return [path for path in place.iterdir() if path.is_dir()] if place.is_dir() else []


def _rows(resource: Path, above: str = "") -> Iterator[dict[str, str]]:
    """The rows of a listing, in no order of ours."""
    for file in resource.rglob("*"):
        if file.is_file():
            below = file.relative_to(resource).as_posix()
            uri = f"/data/experiments/E0/{above}resources/{resource.name}/files/{below}"
            size = str(file.stat().st_size)
            yield {"Name": file.name, "Size": size, "URI": uri, "collection": resource.name}
