"""A site's file is read whole, or refused in words that its writer understands."""

from pathlib import Path

import pytest

from sarcoma_cdk.config import Site, example_sites, named_site, read_site, reading, schema, site_file
from sarcoma_cdk.errors import ConfigError

pytestmark = pytest.mark.cdk


@pytest.mark.parametrize("path", example_sites(), ids=lambda path: path.stem)
def test_every_example_is_a_site_of_its_own_name(path: Path) -> None:
    assert read_site(path).site == path.stem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must hold keys and values; mine.yaml is empty"),
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("site: a\nzones: []\nsite: b\n", r"mine\.yaml says site again at line 3\. Remove one of the two"),
        ("storage:\n  archive: 1\n  'archive': 2\n", r"says archive again at line 3\."),
        ("storage: {archive: 1, archive: 1}\n", r"says archive again at line 1\."),
    ],
)
def test_a_key_that_is_there_twice_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=told):
        read_site(path)


def test_the_same_key_in_two_parts_is_not_twice_and_a_part_may_take_in_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("storage: &a {archive: 1}\nbackup: {<<: *a, archive: 2}\n", "utf-8")
    with pytest.raises(ConfigError, match="to mend") as found:
        read_site(path)
    assert "again" not in str(found.value)


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


def test_what_lies_in_the_current_folder_is_meant_by_its_path_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, ours = tmp_path / "here", tmp_path / "sites"
    for folder, name in ((here, "muhc"), (here, "muhc.yaml"), (here, "other.yml"), (ours, "muhc.yaml")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("site: x\n", "utf-8")
    monkeypatch.setattr(reading, "_FOLDER", ours)
    monkeypatch.chdir(here)
    assert site_file("muhc") == ours / "muhc.yaml"
    assert site_file("./muhc") == Path("muhc")
    assert site_file("muhc.yaml") == Path("muhc.yaml")
    assert site_file("other.yml") == Path("other.yml")
    with pytest.raises(ConfigError, match="other is neither"):
        site_file("other")


def test_a_file_of_another_name_than_its_site_is_told(tmp_path: Path) -> None:
    path = tmp_path / "muhc.yaml"
    path.write_text(example_sites()[0].read_text("utf-8"), "utf-8")
    with pytest.raises(ConfigError, match="site: must be muhc, as its file is called; found 'example'"):
        named_site(str(path))
    path.write_text(path.read_text("utf-8").replace("site: example", "site: muhc"), "utf-8")
    assert named_site(str(path))[1].site == "muhc"


def test_a_list_whose_one_element_is_wrong_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    text = example_sites()[0].read_text("utf-8")
    path.write_text(text.replace("pacs: [10.9.1.20/32]", "pacs: [10.9.1.20/31x]"), "utf-8")
    with pytest.raises(ConfigError, match="1 to mend") as told:
        read_site(path)
    assert "dicom.pacs.0" in str(told.value)
