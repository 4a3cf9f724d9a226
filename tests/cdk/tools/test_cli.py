"""The command line: light until a verb runs, one line for an error, the exit codes that its help promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sarcoma_cdk.cli import main
from tests.cdk.tools.account import Account, Refusal

pytestmark = pytest.mark.cdk

VERBS = ("plan", "publish", "cost", "verify", "sleep", "wake", "destroy")
HEAVY = ("aws_cdk", "boto3", "botocore", "jsii", "pydantic", "yaml", "sarcoma_core")


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_imports_nothing_heavy(verb: str) -> None:
    program = (
        "import sys\nfrom sarcoma_cdk.cli import main\n"
        f"try:\n    main({[each for each in (verb, '--help') if each]!r})\n"
        "except SystemExit as ended:\n    assert ended.code == 0\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("heavy: []")
    assert "usage: sarcoma-site" in done.stdout


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sarcoma_cdk", "cost", "example"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Site example, ca-central-1")


def test_without_a_verb_usage_is_wrong() -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("nowhere", "site: must be a name in aws_cdk/sites/ or a YAML file; nowhere is neither. Known are: "),
        ("none/of/it.yaml", "none/of/it.yaml is neither"),
        ("aws_cdk", "aws_cdk is neither"),
    ],
)
def test_a_site_that_is_not_there_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], named: str, told: str
) -> None:
    assert main(["cost", named]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert told in err


def test_a_site_is_its_name_or_its_file(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "example"]) == 0
    by_name = capsys.readouterr().out
    assert main(["cost", str(account.file())]) == 0
    assert capsys.readouterr().out == by_name


@pytest.mark.parametrize("verb", VERBS)
def test_a_copy_in_which_the_site_s_name_was_forgotten_is_refused_by_every_verb(
    account: Account, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    copy = account.file().rename(account.folder / "muhc.yaml")
    assert main([verb, str(copy)]) == 2
    assert "site: must be muhc, as its file is called; found 'example'." in capsys.readouterr().err


def test_a_broken_rule_is_exit_code_2(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(account.file(dicom__port=1))]) == 2
    assert "error: example.yaml: 1 to mend:\n  dicom.port: must be greater" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["plan", "publish", "verify", "sleep", "wake"])
def test_another_account_is_refused_before_anything_is_asked(
    account: Account, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    other = {
        "account": "210987654321",
        "edge__certificate": "arn:aws:acm:ca-central-1:210987654321:certificate/1",
    }
    assert main([verb, str(account.file(**other))]) == 1
    assert capsys.readouterr().err == (
        "error: account: must be 210987654321, which the site's file names; the credentials are those of "
        "123456789012. Choose others: export AWS_PROFILE=...\n"
    )


def test_no_credentials_are_one_line(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(account.folder / "none"))
    assert main(["plan", "example"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: AWS: must answer; ")
    assert "aws sts get-caller-identity" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["plan", "publish", "verify", "sleep", "wake"])
def test_a_profile_that_is_not_there_is_one_line(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(account.folder / "none"))
    assert main([verb, str(account.file())]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: AWS: must answer; The config profile (nobodys) could not be found.")
    assert err.endswith("Name one of these: aws configure list-profiles; then: export AWS_PROFILE=...\n")
    assert err.count("\n") == 1


def test_a_log_in_that_has_run_out_is_one_line(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = account.folder / "config"
    config.write_text(
        "[profile x]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
        "[sso-session s]\nsso_start_url = https://x.example/start\nsso_region = ca-central-1\n",
        "utf-8",
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "x")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(account.folder))
    assert main(["plan", str(account.file())]) == 1
    err = capsys.readouterr().err
    assert err.endswith("Log in again: aws sso login\n")
    assert err.count("\n") == 1


def test_help_says_when_wake_asks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["wake", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "A stopped machine is started in its usual size without a question" in told
    assert "before it restarts a running one" in told


def test_what_aws_refuses_is_told_with_its_word_and_what_to_do(account: Account) -> None:
    from sarcoma_cdk.cloud import errors_told  # noqa: PLC0415  beside what it wraps
    from sarcoma_cdk.errors import CloudError  # noqa: PLC0415

    account.answer("ec2.DescribeVpcs", Refusal("AccessDenied", "You are not\n authorized."))
    with (
        pytest.raises(
            CloudError,
            match=r"^AWS refused DescribeVpcs: AccessDenied: You are not authorized\. Ask the account's",
        ),
        errors_told(),
    ):
        account.cloud().client("ec2").describe_vpcs()


def test_the_cost_in_json_is_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "example", "--json", "--awake", "730"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["always_awake"] == found["awake_else_asleep"]
    assert sum(each["cost"] for each in found["items"]) == pytest.approx(
        found["always_awake"] + found["network_and_backup"], abs=0.1
    )


@pytest.mark.parametrize(
    ("option", "wrong", "right"),
    [
        ("--awake", "730.1", "730"),
        ("--awake", "-1", "0"),
        ("--awake", "x", "1"),
        ("--stored", "65537", "65536"),
    ],
)
def test_hours_and_sizes_have_bounds(
    capsys: pytest.CaptureFixture[str], option: str, wrong: str, right: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "example", f"{option}={wrong}"])
    assert ended.value.code == 2
    assert "must be a number of" in capsys.readouterr().err
    assert main(["cost", "example", f"{option}={right}"]) == 0


def test_an_interrupted_verb_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sarcoma_cdk.cli import cost  # noqa: PLC0415  the verb that is broken here

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cost, "named_site", stop)
    assert main(["cost", "example"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_a_file_that_cannot_be_used_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from sarcoma_cdk.cli import cost  # noqa: PLC0415  the verb that is broken here

    def fail(_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(cost, "named_site", fail)
    assert main(["cost", "example"]) == 1
    assert "Permission denied" in capsys.readouterr().err


def test_verify_is_given_the_site_its_account_and_its_lock(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, object] = {}

    def command(site: object, session: object, **named: object) -> int:
        told.update(named, site=site, session=session)
        return 1

    monkeypatch.setattr("boto3.Session", lambda **_: account.session)
    monkeypatch.setattr("sarcoma_cdk.verify.verify_command", command)
    path = account.file()
    assert main(["verify", str(path), "--json"]) == 1
    assert (told["site"], told["session"]) == (account.site(), account.session)
    assert (told["publication"], told["as_json"]) == (None, True)
    path.with_suffix(".lock.json").write_text("{}", "utf-8")
    assert main(["verify", str(path)]) == 2
    assert "example.lock.json: must be as `sarcoma-site publish` writes it" in capsys.readouterr().err


def test_another_endpoint_is_taken_as_boto3_takes_it(account: Account) -> None:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  here alone

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        done = subprocess.run(
            [sys.executable, "-m", "sarcoma_cdk", "plan", str(account.file()), "--json"],
            env={**os.environ, "AWS_ENDPOINT_URL": f"http://{host}:{port}"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.stop()
    assert done.returncode == 1, done.stderr
    found = {each["rule"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["zone ca-central-1a is available"]["ok"]
    assert not found["CDK's bootstrap has version 6 at least"]["ok"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("InvalidClientTokenId", "is the region enabled"),
        ("ExpiredToken", "Log in again: aws sso login"),
        ("RequestExpired", "Log in again: aws sso login"),
        ("SignatureDoesNotMatch", "Are the credentials valid"),
        ("AccessDeniedException", "Ask the account's administrator"),
        ("Throttling", "AWS refused GetCallerIdentity: Throttling: said AWS.\n"),
    ],
)
def test_a_refusal_of_the_credentials_says_what_to_do(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: str,
    told: str,
) -> None:
    account.answer("sts.GetCallerIdentity", Refusal(code))
    monkeypatch.setattr("boto3.Session", lambda **_: account.session)
    assert main(["plan", "example"]) == 1
    assert told in capsys.readouterr().err
