"""XNAT's role has the password of its secret, and no statement holds it."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sarcoma_cdk.boot import database
from sarcoma_cdk.boot.compose import Project
from sarcoma_cdk.boot.database import remote_sql
from sarcoma_cdk.boot.scram import verifier
from sarcoma_cdk.boot.settings import RemoteDatabase, read_settings
from sarcoma_core.images.engine import connect
from tests.cdk.boot.building import build, run
from tests.cdk.boot.conftest import RDS, Told
from tests.cdk.boot.programs import Programs

PASSWORDS = {"arn:database": "d" * 20, "arn:master": "m@ster " * 3}


def set_role(told: Told, places: Any, programs: Programs, **changed: Any) -> tuple[tuple[str, ...], str]:
    def get(asked: Sequence[str], _: str) -> str:
        return json.dumps({"SecretString": PASSWORDS[asked[asked.index("--secret-id") + 1]]})

    programs.answer("aws", "secretsmanager", by=get)
    programs.answer("docker", "compose", by="0123456789ab\n")
    for verb in ("exec", "run"):
        programs.answer("docker", verb)
    settings = read_settings(told(**changed))
    database.set_role(settings, Project(settings, places))
    return programs.asked[-1], programs.texts[-1]


def test_the_verifier_is_that_of_rfc_7677() -> None:
    salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}".encode()
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")

    method, parameters, keys = verifier("pencil", base64.b64decode(salt)).split("$")
    stored, server = (base64.b64decode(key) for key in keys.split(":"))

    assert (method, parameters) == ("SCRAM-SHA-256", f"4096:{salt}")
    signature = hmac.new(server, message, hashlib.sha256).digest()
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    mask = hmac.new(stored, message, hashlib.sha256).digest()
    client = bytes(one ^ other for one, other in zip(proof, mask, strict=True))
    assert hashlib.sha256(client).digest() == stored


def test_the_machines_own_database_is_told_through_its_socket(
    told: Told, places: Any, programs: Programs
) -> None:
    asked, text = set_role(told, places, programs)
    assert asked[:4] == ("docker", "exec", "--interactive", "0123456789ab")
    assert text.startswith("ALTER ROLE xnat PASSWORD 'SCRAM-SHA-256$4096:")


def test_rds_gets_a_role_that_is_not_the_masters_over_tls(
    told: Told, places: Any, programs: Programs
) -> None:
    asked, text = set_role(told, places, programs, **RDS)
    assert {"--env=PGSSLMODE=require", "--host=db.example", "--port=5433", "--username=postgres"} <= set(
        asked
    )
    assert programs.environments[-1]["PGPASSWORD"] == PASSWORDS["arn:master"]
    for each in (
        'CREATE ROLE "xnat"',
        'GRANT "xnat" TO CURRENT_USER',
        'ALTER DATABASE "xnat" OWNER TO "xnat"',
    ):
        assert each in text


def test_no_password_is_an_argument_or_a_statement(told: Told, places: Any, programs: Programs) -> None:
    for changed in ({}, RDS):
        set_role(told, places, programs, **changed)
    said = [*programs.texts, *(word for asked in programs.asked for word in asked)]
    assert not [each for each in said for password in PASSWORDS.values() if password in each]


@pytest.mark.docker
@pytest.mark.cdk
def test_a_master_who_is_no_superuser_may_say_it_again_and_again_and_xnat_logs_in() -> None:
    engine = connect(to_build=True)
    build(engine)
    name = f"sarcoma-boot-{uuid.uuid4().hex[:8]}"
    there = RemoteDatabase("db.example", 5432, "xnat", "xnat")
    run(
        *(engine, "run", "--detach", "--name", name, "--env=POSTGRES_USER=root", "--env=POSTGRES_DB=none"),
        *("--env=POSTGRES_PASSWORD_FILE=/etc/hostname", "--network=none", "sarcoma-boot:database"),
    )
    master = "CREATE ROLE postgres LOGIN CREATEROLE CREATEDB"
    psql = ("exec", "--interactive", name, "psql", "--set=ON_ERROR_STOP=1")
    try:
        _wait_until(
            lambda: run(engine, *psql, "--username=root", "--dbname=none", "--command=SELECT 1", check=False)
        )
        for each in (master, "CREATE DATABASE xnat OWNER postgres"):
            run(engine, *psql, "--username=root", "--dbname=none", f"--command={each}")
        for password in ("a" * 20, "b" * 20, "b" * 20):
            told = remote_sql(there, verifier(password, b"0123456789abcdef"))
            engine.output(*psql, "--username=postgres", "--dbname=xnat", "--file=-", text=told)
        login = (
            "exec",
            f"--env=PGPASSWORD={'b' * 20}",
            name,
            "psql",
            "--host=127.0.0.1",
            "--username=xnat",
            "xnat",
        )
        assert run(engine, *login, "--command=CREATE TABLE proof (n int)") == "CREATE TABLE"
    finally:
        run(engine, "rm", "--force", "--volumes", name)


def _wait_until(seen: Callable[[], str]) -> None:
    for _ in range(60):
        if seen():
            return
        time.sleep(0.5)
    raise AssertionError("the database does not answer")
