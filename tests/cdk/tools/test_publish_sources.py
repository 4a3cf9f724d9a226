"""What is published comes from the checkout, as its files and its lock of artefacts say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sarcoma_cdk import images
from sarcoma_cdk.errors import RefusedError, SiteError
from sarcoma_cdk.publish.artefacts import read_artefacts
from sarcoma_cdk.publish.wanted import wanted
from tests.cdk.tools.publishing import fetched

pytestmark = pytest.mark.cdk


def test_the_images_are_those_that_the_stack_has_repositories_for() -> None:
    found = wanted()
    assert {image.name for image in found} == set(images.names())
    by_name = {image.name: image for image in found}
    assert by_name["database"].local.startswith("postgres:")
    assert "@sha256:" in by_name["database"].local
    assert "@" not in by_name["database"].tag
    assert by_name["tomcat"].tag in (images.checkout() / "containers/compose/xnat/Dockerfile").read_text(
        "utf-8"
    )
    assert by_name["admin"].local == f"sarcoma/admin:{by_name['admin'].tag}"


def test_a_checkout_without_its_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="Run it from a checkout"):
        wanted(tmp_path)
    (tmp_path / "sarcoma_core").mkdir()
    (tmp_path / "sarcoma_core" / "__init__.py").write_text("", "utf-8")
    with pytest.raises(SiteError, match="must have a line like"):
        wanted(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "artefacts.lock").unlink(), "must be in artefacts/; it is not"),
        (
            lambda folder: (folder / "artefacts.lock").write_text("x", "utf-8"),
            "must have lines as of sha256sum",
        ),
        (
            lambda folder: (folder / "artefacts.lock").write_text(
                f"{'0' * 64}  ../x.war\n{'0' * 64}  docker-compose\n", "utf-8"
            ),
            "must have lines as of sha256sum",
        ),
        (lambda folder: (folder / "artefacts.lock").write_text("", "utf-8"), "must have a line of XNAT"),
        (
            lambda folder: (folder / "artefacts.lock").write_text(f"{'0' * 64}  x.war\n", "utf-8"),
            "must have a line of docker-compose",
        ),
        (lambda folder: (folder / "plugin.jar").unlink(), "plugin.jar: must be in artefacts/"),
        (lambda folder: (folder / "plugin.jar").write_bytes(b"?"), "plugin.jar: must have the SHA-256"),
    ],
)
def test_artefacts_that_are_not_as_the_lock_says_are_refused(
    tmp_path: Path, spoil: Callable[[Path], object], told: str
) -> None:
    folder = tmp_path / "artefacts"
    fetched(folder)
    spoil(folder)
    with pytest.raises(RefusedError, match=r"fetch\.py") as found:
        read_artefacts(folder)
    assert told in str(found.value)
