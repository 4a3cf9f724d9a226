"""Publishing: everything once, each thing by its checksum, and a lock only when all of it is there."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.bundle import make_bundle
from sarcoma_cdk.cli import main
from sarcoma_cdk.config import Publication, lock_path, read_publication, write_publication
from sarcoma_cdk.errors import CloudError, ConfigError, RefusedError, SiteError
from sarcoma_cdk.naming import artefact_bucket_name
from sarcoma_cdk.publish import Order, publish
from sarcoma_cdk.publish.artefacts import read_artefacts
from sarcoma_cdk.publish.engine import Local
from tests.cdk.tools.account import Account
from tests.cdk.tools.publishing import IMAGES, FakeEngine, built, digest, fetched, put

pytestmark = pytest.mark.cdk

BUCKET = "sarcoma-example-artefacts-123456789012-ca-central-1"
Publish = Callable[..., Publication]


@pytest.fixture
def engine(account: Account) -> FakeEngine:
    built(account)
    return FakeEngine(account)


@pytest.fixture
def publishing(account: Account, engine: FakeEngine, tmp_path: Path) -> Publish:
    artefacts = fetched(tmp_path / "artefacts")

    def run(said: list[str] | None = None, **order: Any) -> Publication:
        lines = said if said is not None else []
        return publish(
            account.cloud(),
            Order(**order),
            say=lines.append,
            engine=engine,  # type: ignore[arg-type]
            images=IMAGES,
            artefacts=artefacts,
        )

    return run


def stored(account: Account) -> dict[str, bytes]:
    s3 = account.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}


def test_all_of_it_arrives_under_names_that_are_their_checksums(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    made = publishing()
    objects = stored(account)
    assert len(objects) == 5
    for key, content in objects.items():
        assert hashlib.sha256(content).hexdigest() in key
    assert engine.pushes == ["sarcoma-example/sarcoma/convert:0.4.0", "sarcoma-example/sarcoma/database:16.9"]
    assert made.bundle == make_bundle().sha256
    told = json.loads(objects[f"publications/{made.publication}.json"])
    assert told == {"images": made.images, "artefacts": made.artefacts, "bundle": made.bundle}
    assert made.images["convert"].startswith("sarcoma-example/sarcoma/convert:0.4.0@sha256:")
    assert f"artefacts/{made.artefacts['docker-compose']}/docker-compose" in objects


def test_the_lock_that_it_makes_is_one_that_is_read(publishing: Publish, tmp_path: Path) -> None:
    made = publishing()
    path = tmp_path / "example.lock.json"
    write_publication(path, made)
    assert read_publication(path, "example") == made
    assert made.machine_image.startswith("ami-")


def test_a_second_time_nothing_is_sent_and_the_publication_is_the_same(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    first = publishing()
    account.calls.clear()
    engine.pushes.clear()
    said: list[str] = []
    assert publishing(said, before=first) == first
    assert engine.pushes == []
    assert engine.door is None
    assert account.called("PutObject") == []
    assert said
    assert all(line.startswith("there ") for line in said)


def test_one_changed_file_is_all_that_is_sent_again(
    account: Account, publishing: Publish, tmp_path: Path, engine: FakeEngine
) -> None:
    first = publishing()
    (tmp_path / "artefacts" / "plugin.jar").write_bytes(b"another jar")
    lock = tmp_path / "artefacts" / "artefacts.lock"
    lock.write_text(
        lock.read_text("utf-8").replace(
            hashlib.sha256(b"a jar").hexdigest(), hashlib.sha256(b"another jar").hexdigest()
        ),
        "utf-8",
    )
    account.calls.clear()
    second = publish(
        account.cloud(),
        Order(before=first),
        say=lambda _: None,
        engine=engine,  # type: ignore[arg-type]
        images=IMAGES,
        artefacts=read_artefacts(tmp_path / "artefacts"),
    )
    assert [call["Key"].partition("/")[0] for call in account.called("PutObject")] == [
        "artefacts",
        "publications",
    ]
    assert second.publication != first.publication


def test_every_object_is_sent_with_its_checksum_for_s3_to_compare(
    account: Account, publishing: Publish
) -> None:
    publishing()
    calls = account.called("PutObject")
    assert len(calls) == 5
    assert all(call["ChecksumSHA256"] and call["ExpectedBucketOwner"] == "123456789012" for call in calls)


def test_an_object_that_somebody_changed_is_told(account: Account, publishing: Publish) -> None:
    made = publishing()
    key = f"artefacts/{made.artefacts['plugin.jar']}/plugin.jar"
    account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"else", ChecksumAlgorithm="SHA256")
    with pytest.raises(CloudError, match=r"must have the SHA-256 .* aws s3 rm s3://"):
        publishing()


def test_an_object_whose_checksum_s3_does_not_know_is_sent_again(
    account: Account, publishing: Publish
) -> None:
    made = publishing()
    key = f"artefacts/{made.artefacts['plugin.jar']}/plugin.jar"
    account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"else")
    assert publishing(before=made) == made
    assert stored(account)[key] == b"a jar"


def test_a_tag_that_another_image_has_is_refused_before_anything_is_sent(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    put(account, "sarcoma-example/sarcoma/convert", "0.4.0", digest("another"))
    with pytest.raises(RefusedError, match=r"convert:0\.4\.0.*raise __version__.*--tag SUFFIX"):
        publishing()
    assert engine.pushes == []
    assert stored(account) == {}


def test_with_a_suffix_that_image_alone_gets_another_tag(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    put(account, "sarcoma-example/sarcoma/convert", "0.4.0", digest("another"))
    made = publishing(suffix="b")
    assert engine.pushes == [
        "sarcoma-example/sarcoma/convert:0.4.0-b",
        "sarcoma-example/sarcoma/database:16.9",
    ]
    assert made.images["convert"].startswith("sarcoma-example/sarcoma/convert:0.4.0-b@")
    engine.pushes.clear()
    assert publishing(suffix="b", before=made) == made
    assert engine.pushes == []
    engine.has["sarcoma/convert:0.4.0"] = Local(digest("a third"), "amd64")
    with pytest.raises(RefusedError, match=r"convert:0\.4\.0-b: must be a free tag"):
        publishing(suffix="b")


@pytest.mark.parametrize(
    ("suffix", "good"), [("a" * 40, True), ("a" * 41, False), ("a b", False), ("a/b", False)]
)
def test_a_suffix_makes_a_tag(suffix: str, good: bool) -> None:  # noqa: FBT001
    if good:
        Order(suffix=suffix)
    else:
        with pytest.raises(ConfigError, match="--tag: must be letters"):
            Order(suffix=suffix)


def test_an_image_of_ours_that_was_not_built_is_refused_and_one_of_others_is_pulled(
    engine: FakeEngine, publishing: Publish
) -> None:
    del engine.has[IMAGES[1].local]
    publishing()
    assert engine.pulls == [IMAGES[1].local]
    del engine.has[IMAGES[0].local]
    with pytest.raises(RefusedError, match=r"sarcoma/convert:0\.4\.0: must be built.*make images"):
        publishing()


def test_an_image_of_another_architecture_is_refused(engine: FakeEngine, publishing: Publish) -> None:
    engine.has["sarcoma/convert:0.4.0"] = Local(digest("x"), "arm64")
    with pytest.raises(RefusedError, match=r"must be of architecture amd64, the machine's; found arm64"):
        publishing()


def test_broken_off_it_leaves_nothing_that_refers_to_a_part_and_goes_on_later(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    engine.fails_at = "database"
    with pytest.raises(SiteError, match="the line went dead"):
        publishing()
    assert stored(account) == {}
    engine.fails_at = ""
    engine.pushes.clear()
    publishing()
    assert engine.pushes == ["sarcoma-example/sarcoma/database:16.9"]


def test_a_registry_that_has_something_else_afterwards_is_told(
    account: Account, engine: FakeEngine, publishing: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        engine,
        "push",
        lambda _, target: put(account, target.partition("/")[2].rpartition(":")[0], "0.4.0", digest("x")),
    )
    with pytest.raises(
        CloudError, match=r"convert:0\.4\.0: the registry must have what was sent; it does not"
    ):
        publishing()


def test_with_the_containerd_store_an_image_is_its_manifest(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    manifest = json.dumps({"schemaVersion": 2, "manifests": []})
    put(account, "sarcoma-example/sarcoma/convert", "0.4.0", "", manifest)
    engine.has["sarcoma/convert:0.4.0"] = Local(digest(manifest), "amd64")
    assert publishing().images["convert"].endswith(digest(manifest))
    assert engine.pushes == ["sarcoma-example/sarcoma/database:16.9"]


def test_without_the_stack_store_it_is_told_what_to_deploy_first(account: Account, tmp_path: Path) -> None:
    artefacts = fetched(tmp_path / "artefacts")

    def run() -> None:
        publish(
            account.cloud(),
            Order(),
            say=lambda _: None,
            engine=FakeEngine(account),  # type: ignore[arg-type]
            images=IMAGES,
            artefacts=artefacts,
        )

    with pytest.raises(
        RefusedError, match=r"bucket .* it is not\. First, in aws_cdk: .*deploy sarcoma-example-store"
    ):
        run()
    account.client("s3").create_bucket(
        Bucket=artefact_bucket_name(account.site()),
        CreateBucketConfiguration={"LocationConstraint": "ca-central-1"},
    )
    with pytest.raises(RefusedError, match=r"repository sarcoma-example/sarcoma/convert: must be there"):
        run()


def test_the_ami_of_the_last_lock_stays_until_a_new_one_is_asked_for(publishing: Publish) -> None:
    first = publishing()
    old = dataclasses.replace(first, machine_image="ami-00000000000000000")
    assert publishing(before=old).machine_image == "ami-00000000000000000"
    assert publishing(before=old, new_machine_image=True).machine_image == first.machine_image


def stack(account: Account, name: str) -> None:
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}})
    account.client("cloudformation").create_stack(StackName=name, TemplateBody=body)


def test_a_new_ami_is_refused_while_the_machine_s_stack_is_there(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    first = publishing()
    stack(account, "sarcoma-example-edge")
    assert publishing(before=first, new_machine_image=True) == first
    stack(account, "sarcoma-example-machine")
    engine.pushes.clear()
    with pytest.raises(RefusedError, match=r"stack sarcoma-example-machine .*'Another machine' in docs/how"):
        publishing(before=first, new_machine_image=True)
    assert publishing(before=first) == first


def test_a_site_that_stands_without_its_lock_is_not_given_another(
    account: Account, engine: FakeEngine, publishing: Publish
) -> None:
    stack(account, "sarcoma-example-store")
    stack(account, "sarcoma-other-machine")
    first = publishing()
    account.calls.clear()
    engine.pushes.clear()
    for part in ("boot", "machine"):
        stack(account, f"sarcoma-example-{part}")
    with pytest.raises(
        RefusedError, match=r"\(sarcoma-example-machine, sarcoma-example-boot\).*Restore it from git"
    ):
        publishing()
    assert (account.called("PutObject"), engine.pushes) == ([], [])
    assert publishing(before=first) == first


def test_a_stack_that_is_only_a_change_set_does_not_stand(account: Account, publishing: Publish) -> None:
    account.answer(
        "cloudformation.DescribeStacks",
        {"Stacks": [{"StackName": "sarcoma-example-machine", "StackStatus": "REVIEW_IN_PROGRESS"}]},
    )
    assert publishing()


def test_a_parameter_that_names_no_ami_is_told(account: Account, engine: FakeEngine) -> None:
    cloud = account.cloud(machine__image="/aws/service/ecs/optimized-ami/amazon-linux-2023/none/image_id")
    with pytest.raises(RefusedError, match=r"machine\.image: must be a parameter of the region"):
        publish(cloud, Order(), say=lambda _: None, engine=engine, images=(), artefacts=())  # type: ignore[arg-type]


@pytest.fixture
def here(account: Account, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    artefacts = fetched(tmp_path / "artefacts")
    monkeypatch.setattr("boto3.Session", lambda **_: account.session)
    monkeypatch.setattr("sarcoma_cdk.publish.publishing.Engine", lambda: engine)
    monkeypatch.setattr("sarcoma_cdk.publish.publishing.wanted", lambda: IMAGES)
    monkeypatch.setattr("sarcoma_cdk.publish.publishing.read_artefacts", lambda: artefacts)
    return engine


def test_the_verb_writes_the_lock_beside_the_file_and_says_what_is_next(
    account: Account, here: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.pushes == []
    path = account.file()
    assert main(["publish", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "next: commit it, then in aws_cdk: npx --no-install cdk deploy --all" in out
    assert "sent convert:0.4.0" in err
    found = read_publication(lock_path(path), "example")
    assert found
    assert main(["publish", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == dataclasses.asdict(found)


def test_a_verb_that_is_broken_off_leaves_the_lock_as_it_was(
    account: Account, here: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    path = account.file()
    here.fails_at = "database"
    assert main(["publish", str(path)]) == 1
    assert not lock_path(path).exists()
    here.fails_at = ""
    assert main(["publish", str(path)]) == 0
    before = lock_path(path).read_bytes()
    here.has["sarcoma/convert:0.4.0"] = Local(digest("another"), "amd64")
    assert main(["publish", str(path)]) == 1
    assert lock_path(path).read_bytes() == before
    assert "error: convert:0.4.0: its tag has another image" in capsys.readouterr().err
