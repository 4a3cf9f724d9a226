"""`verify` on two sites that the real CDK command line has deployed to the emulator.

Each check is green there, red while what it looks at is broken through boto3, and green again when
that is undone.
"""

import datetime as dt
import importlib
import io
import json
from dataclasses import replace

import pytest

from sarcoma_cdk.verify import CHECKS, verify_command
from tests.cdk.verify.breaks import BREAKS, Break
from tests.cdk.verify.commands import invented
from tests.cdk.verify.recorded import Recorded, operations
from tests.cdk.verify.standing import Standing

for _each in ("network", "machine", "storage", "edge", "alarms"):
    importlib.import_module(f"tests.cdk.verify.breaks.{_each}")

pytestmark = pytest.mark.cdk
_BY_NAME = {check.name: check for check in CHECKS}
_READING = ("Describe", "Get", "Head", "List", "Lookup")
_FINE = {"ok", "not applicable"}


@pytest.fixture(scope="module")
def recorded(standing: dict[str, Standing]) -> dict[str, Recorded]:
    return {name: Recorded.of(at) for name, at in standing.items()}


def test_there_are_forty_checks_at_least_and_no_two_of_one_name() -> None:
    assert len(CHECKS) == len(_BY_NAME) >= 40


def test_every_check_has_a_break_and_every_break_a_check() -> None:
    assert {each.check for each in BREAKS} == set(_BY_NAME)


def test_every_rule_is_a_sentence_and_every_check_has_a_fix() -> None:
    assert [each.name for each in CHECKS if not each.rule.endswith(".") or not each.fix] == []


def test_an_operation_or_an_option_that_aws_does_not_have_is_seen() -> None:
    fix = "aws ec2 forget-vpc --vpc-id x && aws ec2 delete-vpc --vpc-id x --quickly, then aws ec2 delete-vpc"
    assert invented(fix) == ["aws ec2 forget-vpc", "aws ec2 delete-vpc --quickly"]


@pytest.mark.parametrize("name", ["example", "university"])
def test_a_site_that_was_just_deployed_passes_every_check(name: str, standing: dict[str, Standing]) -> None:
    outcomes = standing[name].check_all()
    assert [each for each in outcomes if each.status not in _FINE] == []


def test_every_check_applies_to_one_of_the_two_sites(standing: dict[str, Standing]) -> None:
    applied = {each.check.name for at in standing.values() for each in at.check_all() if each.status == "ok"}
    assert applied == set(_BY_NAME)


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_a_check_is_red_while_it_is_broken_and_green_when_that_is_undone(
    broken: Break, standing: dict[str, Standing]
) -> None:
    at, check = standing[broken.site], _BY_NAME[broken.check]
    with at.broken(broken.do):
        outcome = at.check(check)
        assert outcome.status == "wrong", outcome
        fixes = [check.fix_for(each, at.site) for each in outcome.wrong]
    assert [each for each in fixes if len(each) < 25] == []
    assert [word for fix in fixes for word in invented(fix)] == []
    assert at.check(check).status == "ok"


class TestReading:
    """It only reads, and what it may not read it does not call right."""

    @pytest.mark.parametrize("name", ["example", "university"])
    def test_every_call_is_one_that_reads(self, name: str, standing: dict[str, Standing]) -> None:
        called = operations(standing[name])
        assert called
        assert [each for each in called if not each.partition(":")[2].startswith(_READING)] == []

    @pytest.mark.parametrize("name", ["example", "university"])
    def test_no_secret_is_read(self, name: str, standing: dict[str, Standing]) -> None:
        assert not {"secretsmanager:GetSecretValue", "s3:GetObject"} & operations(standing[name])

    @pytest.mark.parametrize("name", ["example", "university"])
    def test_whichever_call_is_refused_nothing_is_called_wrong_and_the_permission_is_told(
        self, name: str, recorded: dict[str, Recorded]
    ) -> None:
        record = recorded[name]
        for service, operation in sorted(record.calls):
            outcomes = record.refusing(service, operation)
            assert {each.status for each in outcomes} <= {*_FINE, "unknown"}, (service, operation)
            notes = {each.note for each in outcomes if each.status == "unknown"}
            assert len(notes) == 1, (service, operation, notes)
            assert notes.pop().startswith("the credentials lack the permission ")

    def test_the_permission_is_told_by_the_name_that_iam_gives_it(
        self, recorded: dict[str, Recorded]
    ) -> None:
        notes = {
            each.note
            for operation in ("get_bucket_encryption", "get_public_access_block")
            for each in recorded["example"].refusing("s3", operation)
            if each.status == "unknown"
        }
        lack = "the credentials lack the permission"
        assert notes == {f"{lack} s3:GetEncryptionConfiguration", f"{lack} s3:GetBucketPublicAccessBlock"}

    def test_when_every_call_is_refused_no_check_is_ok(self, recorded: dict[str, Recorded]) -> None:
        assert {each.status for each in recorded["university"].refusing_all()} == {"unknown"}

    def test_one_answer_serves_many_checks(self, standing: dict[str, Standing]) -> None:
        told = json.loads(standing["university"].tell(as_json=True)[1])
        assert told["calls"] < 150


class TestTime:
    def test_a_certificate_is_told_thirty_days_before_it_ends(self, standing: dict[str, Standing]) -> None:
        at = standing["example"]
        found = at.api("acm").describe_certificate(CertificateArn=at.site.edge.certificate)
        ends, check = found["Certificate"]["NotAfter"], _BY_NAME["edge.validity"]
        for days, status in ((31, "ok"), (29, "wrong")):
            later = replace(at, now=ends - dt.timedelta(days=days))
            assert later.check(check).status == status

    def test_a_backup_may_be_26_hours_old(self, standing: dict[str, Standing]) -> None:
        at, check = standing["example"], _BY_NAME["keeping.recent"]
        for hours, status in ((25, "ok"), (27, "wrong")):
            with at.broken(lambda at, hours=hours: _backed_up(at, hours)):  # type: ignore[misc]
                assert at.check(check).status == status

    def test_a_site_s_first_day_may_have_no_backup_and_its_second_may_not(
        self, standing: dict[str, Standing]
    ) -> None:
        at, check = standing["example"], _BY_NAME["keeping.recent"]
        with at.broken(lambda at: setattr(at.doubles, "newest", None)):
            assert at.check(check).status == "not applicable"
            assert replace(at, now=at.now + dt.timedelta(days=2)).check(check).status == "wrong"


def _backed_up(at: Standing, hours: int) -> None:
    at.doubles.newest = at.now - dt.timedelta(hours=hours)


class TestStates:
    def test_a_machine_that_is_asleep_need_not_answer(self, standing: dict[str, Standing]) -> None:
        def asleep(at: Standing) -> None:
            at.api("ec2").stop_instances(InstanceIds=[at.facts().machine["InstanceId"]])

        at = standing["university"]
        with at.broken(asleep):
            outcomes = {each.check.name: each for each in at.check_all()}
        assert [each for each in outcomes.values() if each.status not in _FINE] == []
        for name in ("edge.answers", "receiver.answers", "boot.managed"):
            assert outcomes[name].note == "the machine is stopped"

    def test_before_the_first_publication_the_machine_is_not_missed(
        self, recorded: dict[str, Recorded]
    ) -> None:
        outcomes = recorded["example"].unpublished()
        assert [each for each in outcomes if each.status not in _FINE] == []
        waiting = {each.check.subject for each in outcomes if "nothing is published yet" in each.note}
        assert {"boot", "machine", "edge", "receiver", "alerts"} <= waiting

    def test_of_a_site_that_is_not_there_no_check_is_ok_but_of_what_others_made(
        self, standing: dict[str, Standing]
    ) -> None:
        at = standing["university"]
        nowhere = at.site.model_copy(update={"site": "nowhere"})
        good = {each.check.name for each in at.check_all(nowhere) if each.status != "wrong"}
        assert good == {"boot.lock", "edge.validity", "identity.login-secrets"}  # the file names the last two


class TestTelling:
    def test_a_person_reads_rule_finding_and_fix_by_subject(self, standing: dict[str, Standing]) -> None:
        def opened(at: Standing) -> None:
            world = [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ]
            at.api("ec2").authorize_security_group_ingress(
                GroupId=at.facts().group("machine"), IpPermissions=world
            )

        at = standing["example"]
        with at.broken(opened):
            code, text = at.tell()
        lines = text.splitlines()
        here = next(number for number, line in enumerate(lines) if line.startswith("  WRONG"))
        rule = _BY_NAME["doors.machine"].rule
        assert lines[here] == f"  WRONG    doors.machine: {rule}"
        assert lines[here + 1] == "           found: it also lets in tcp 22 from 0.0.0.0/0"
        assert lines[here + 2].startswith(
            "           fix:   aws ec2 revoke-security-group-ingress --group-id sg-"
        )
        assert lines[0] == "site example, account 123456789012, ca-central-1"
        assert "1 wrong" in lines[-2]
        assert (
            lines[-1]
            == "next: export AWS_REGION=ca-central-1, run the fixes, then sarcoma-site verify example"
        )
        assert code == 1

    def test_a_site_without_fault_ends_well_and_says_where_to_go(self, standing: dict[str, Standing]) -> None:
        code, text = standing["university"].tell()
        assert code == 0
        assert text.splitlines()[-2] == f"{len(CHECKS)} checks: {len(CHECKS)} ok"
        assert text.splitlines()[-1] == "next: open https://xnat.university.example"

    def test_a_program_reads_the_same_as_json(self, standing: dict[str, Standing]) -> None:
        at = standing["example"]
        with at.broken(lambda at: setattr(at.doubles, "ping", "ConnectionLost")):
            code, text = at.tell(as_json=True)
        told = json.loads(text)
        (wrong,) = [each for each in told["checks"] if each["status"] == "wrong"]
        assert (code, told["good"], wrong["name"]) == (1, False, "boot.managed")
        assert wrong["wrong"][0]["found"] == "it is ConnectionLost"
        assert "reboot-instances" in wrong["wrong"][0]["fix"]

    def test_what_only_another_machine_mends_is_told_with_where_that_is_described(
        self, standing: dict[str, Standing]
    ) -> None:
        at = standing["university"]
        hint, told = "see 'Another machine' in docs/how-to/run-a-site.md", {}
        for broken in BREAKS:
            if broken.site == "university" and broken.check.startswith("machine."):
                with at.broken(broken.do):
                    check = _BY_NAME[broken.check]
                    told[broken.check] = [check.fix_for(each, at.site) for each in at.check(check).wrong]
        places = {name for name, fixes in told.items() if any(hint in fix for fix in fixes)}
        assert {f"machine.{name}" for name in ("power", "key-pair", "subnet", "image", "user-data")} <= places
        assert [fixes for fixes in told.values() if "terminate-instances" in str(fixes)] == []

    def test_a_site_whose_lock_is_lost_is_not_called_good(self, standing: dict[str, Standing]) -> None:
        at = standing["university"]
        with at.broken(lambda at: setattr(at, "lock", None)):
            code, text = at.tell()
        assert code == 1
        assert "found: there is no lock, but a stack sarcoma-university-machine" in text
        assert "fix:   restore it from git: the lock is the file aws_cdk/sites/university.lock.json" in text

    def test_of_a_site_that_is_not_there_two_lines_are_said(self, standing: dict[str, Standing]) -> None:
        at = standing["example"]
        out = io.StringIO()
        nowhere = at.site.model_copy(update={"site": "nowhere"})
        code = verify_command(nowhere, at.session, publication=None, as_json=False, out=out)
        lines = out.getvalue().splitlines()
        assert (code, len(lines)) == (1, 2)
        assert lines[0] == "Nothing of site nowhere is deployed in account 123456789012, ca-central-1."
        assert "cdk bootstrap -c site=nowhere" in lines[1]

    def test_no_password_is_printed(self, standing: dict[str, Standing]) -> None:
        at = standing["university"]
        secrets = [
            at.api("secretsmanager").get_secret_value(SecretId=f"sarcoma/university/{use}")["SecretString"]
            for use in ("admin", "database")
        ]
        text = at.tell()[1] + at.tell(as_json=True)[1]
        assert [each for each in secrets if each in text] == []
