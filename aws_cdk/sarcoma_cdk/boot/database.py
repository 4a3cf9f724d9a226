"""XNAT's role in PostgreSQL has the password of its secret, whichever that was when the database was made."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .calls import docker
from .passwords import password_of
from .scram import verifier

if TYPE_CHECKING:
    from .compose import Project
    from .settings import RemoteDatabase, Settings

MASTER = "postgres"
"""The master of an RDS instance, as the stack names it."""
_SALT = 16


def set_role(settings: Settings, project: Project) -> None:
    """Have the role, with its password.

    Args:
        settings: which database, and its secrets.
        project: the containers, where PostgreSQL runs on the machine.

    Raises:
        BootError: the database does not answer, or refuses.
    """
    kept = verifier(password_of(settings, "database"), secrets.token_bytes(_SALT))
    if settings.database is None:
        psql = ("exec", "--interactive", project.container("database"), "psql")
        docker(*psql, "--username=xnat", "--dbname=xnat", *_STRICT, text=local_sql(kept))
        return
    there = settings.database
    docker(
        *("run", "--rm", "--interactive", "--network=host", "--env=PGPASSWORD", "--env=PGSSLMODE=require"),
        *("--entrypoint=psql", settings.images["database"].at(settings.registry)),
        *(
            f"--host={there.host}",
            f"--port={there.port}",
            f"--username={MASTER}",
            f"--dbname={there.name}",
            *_STRICT,
        ),
        text=remote_sql(there, kept),
        environment={"PGPASSWORD": password_of(settings, "database_master")},
    )


_STRICT = ("--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file=-")


def local_sql(kept: str) -> str:
    """What the machine's own PostgreSQL is told; the image has made role and database.

    Args:
        kept: the password's verifier.
    """
    return f"ALTER ROLE xnat PASSWORD '{kept}';\n"


def remote_sql(database: RemoteDatabase, kept: str) -> str:
    """What RDS is told: a role that is not the master's, and owns the database.

    Args:
        database: name and role, both checked when the settings were read.
        kept: the password's verifier.
    """
    role, name = f'"{database.user}"', f'"{database.name}"'
    return (
        f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS "  # noqa: S608  names that settings.py has checked
        f"(SELECT FROM pg_roles WHERE rolname = '{database.user}') \\gexec\n"
        f"ALTER ROLE {role} LOGIN PASSWORD '{kept}';\n"
        f"GRANT {role} TO CURRENT_USER;\n"  # who is no superuser gives a database to a role of his own only
        f"ALTER DATABASE {name} OWNER TO {role};\n"
    )
