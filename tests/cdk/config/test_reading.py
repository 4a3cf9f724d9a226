"""A site's file is read whole, or refused in words that its writer understands."""

from pathlib import Path

import pytest

from sarcoma_cdk.config import Site, example_sites, read_site, reading, schema, site_file
from sarcoma_cdk.errors import ConfigError

pytestmark = pytest.mark.cdk


@pytest.mark.parametrize("path", example_sites(), ids=lambda path: path.stem)
def test_every_example_is_a_site_of_its_own_name(path: Path) -> None:
    assert read_site(path).site == path.stem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must hold keys and values; mine.yaml holds NoneType"),
        ("- a\n- b\n", "holds list"),
        ("site: [1\nx", "must be YAML; mine.yaml is not at line 2"),
        ("site: &a [*a]\n", "to mend"),
    ],
)
def test_a_file_that_is_no_site_is_told_in_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"mine\.yaml") as found:
        read_site(path)
    assert told in str(found.value)


def test_a_file_that_is_not_there_is_told_with_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"FileNotFoundError.*Begin with a copy of aws_cdk/sites/example.yaml"
    ):
        read_site(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01\x02\x81")
    with pytest.raises(ConfigError, match="must be"):
        read_site(path)


def test_yaml_that_would_run_code_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"site: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n", "utf-8")
    with pytest.raises(ConfigError, match="must be YAML"):
        read_site(path)
    assert not (tmp_path / "made").exists()


def test_the_schema_describes_every_key_of_every_part() -> None:
    lines = schema()
    parts = [
        Site,
        *{
            type(value)
            for value in read_site(example_sites()[0]).__dict__.values()
            if hasattr(value, "model_fields_set")
        },
    ]
    for part in parts:
        for name, field in part.model_fields.items():
            assert f'"{name}"' in lines
            assert field.description, f"{part.__name__}.{name}"


def test_a_site_cannot_be_changed_once_it_is_read() -> None:
    from pydantic import ValidationError  # noqa: PLC0415  of the extra

    site = read_site(example_sites()[0])
    with pytest.raises(ValidationError, match="frozen"):
        site.site = "other"


def test_a_site_is_named_by_its_file_or_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("example", "university", "muhc"):
        (tmp_path / f"{name}.yaml").write_text("site: x\n", "utf-8")
    monkeypatch.setattr(reading, "_FOLDER", tmp_path)
    assert site_file("muhc") == site_file(str(tmp_path / "muhc.yaml")) == tmp_path / "muhc.yaml"
    assert site_file("") == tmp_path / "muhc.yaml"  # the only one that is no example
    with pytest.raises(ConfigError, match=r"nowhere is neither\. Known are: muhc, example, university"):
        site_file("nowhere")
    (tmp_path / "other.yaml").write_text("site: x\n", "utf-8")
    with pytest.raises(ConfigError, match=r"has not just one of yours; it has 2\."):
        site_file("")
    for name in ("muhc", "other"):
        (tmp_path / f"{name}.yaml").unlink()
    with pytest.raises(ConfigError, match=r"it has 0\."):
        site_file("")
