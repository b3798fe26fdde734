"""The walls around a process: namespaces, an empty root, limits, no rights, filters.

Runs in a fresh interpreter that was started for one program, before any of that program's code.
Every step either holds or raises `WallError`; none is skipped but Landlock, the second wall
around the files, where the kernel has none. Only ctypes and the standard library are used.

Follows namespaces(7), user_namespaces(7), pivot_root(2), capabilities(7), landlock(7) and
prctl(2); the way of building the root is bubblewrap's.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Callable

from .syscalls import filter_program

__all__ = ["INSIDE_ID", "WallError", "build_root", "enter_namespaces", "shut_in"]

INSIDE_ID = 1000
"""The user and group id that the program sees as its own."""

_NOBODY = 65534
_SCRATCH_FILES = 1024
_OPEN_FILES = 64
_THREADS = 64
_STACK_BYTES = 8 << 20

_NAMESPACES = {
    "user": 0x10000000,
    "mnt": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MS_NOATIME, _MS_NODIRATIME, _MS_RELATIME = 1024, 2048, 1 << 21
_ST_RELATIME = 4096
_MNT_DETACH = 2
_BARE = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 4, 22, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_POSSIBLE_CAPABILITY = 63

# Rights of Landlock's file rules (linux/landlock.h).
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_IN_SCRATCH = (
    _WRITE_FILE | _READ_FILE | _READ_DIR | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 14
)
"""Also: remove folders and files, make folders, files and symbolic links, truncate."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
]
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_libc.syscall.restype = ctypes.c_long
_SYSCALLS = {  # pivot_root, capset, and Landlock's three
    "x86_64": (155, 126, 444, 445, 446),
    "aarch64": (41, 91, 444, 445, 446),
}


class WallError(Exception):
    """A wall cannot be had here; the text names it and says why."""


def enter_namespaces() -> None:
    """Move into new namespaces of every kind; the next child is process 1 of the new ones.

    Inside, the caller has all rights over the new namespaces and none outside. An ordinary user
    becomes `INSIDE_ID`. The machine's root stays root until `shut_in`; then it becomes
    `INSIDE_ID` too, and outside that is the user `nobody`.

    Raises:
        WallError: the kernel or its settings refuse one.
    """
    user, group = os.geteuid(), os.getegid()
    before = {name: os.readlink(f"/proc/self/ns/{name}") for name in _NAMESPACES}
    map_root = _map_from_outside() if _is_real_root() else None
    for name, flag in _NAMESPACES.items():
        if _libc.unshare(flag) != 0:
            raise WallError(f"a new {name} namespace cannot be had ({_errno()})")
        if name == "user":
            if map_root is None:
                _write("/proc/self/setgroups", "deny")
                _write("/proc/self/uid_map", f"{INSIDE_ID} {user} 1")
                _write("/proc/self/gid_map", f"{INSIDE_ID} {group} 1")
            else:
                map_root()
    for name, old in before.items():
        # What is new for the pid is its children's namespace.
        if name != "pid" and os.readlink(f"/proc/self/ns/{name}") == old:
            raise WallError(f"the {name} namespace is still the machine's own")
    with open("/proc/self/net/dev") as table:
        interfaces = [line.split(":")[0].strip() for line in table if ":" in line]
    if interfaces not in ([], ["lo"]):
        raise WallError(f"the new network namespace has interfaces: {' '.join(interfaces)}")
    _libc.sethostname(b"sandbox", 7)
    _libc.setdomainname(b"", 0)


def _is_real_root() -> bool:
    """Whether this is the machine's root, and not a user who is called root in a container."""
    with open("/proc/self/uid_map") as table:
        return os.geteuid() == 0 and table.readline().split()[:2] == ["0", "0"]


def _map_from_outside() -> Callable[[], None]:
    """A child that maps two users, which only a process outside may do (user_namespaces(7))."""
    go_read, go = os.pipe()
    target = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(go)
            if not os.read(go_read, 1):
                os._exit(0)  # the namespace could not be had
            for kind in ("uid", "gid"):
                _write(f"/proc/{target}/{kind}_map", f"0 0 1\n{INSIDE_ID} {_NOBODY} 1\n")
            status = 0
        finally:
            os._exit(status)

    def finish() -> None:
        os.write(go, b"!")
        _, status = os.waitpid(child, 0)
        os.close(go_read)
        os.close(go)
        if status != 0:
            raise WallError(
                "root cannot map the user nobody into a user namespace; run it as an ordinary user"
            )

    return finish


def build_root(paths: list[str], covered: list[str], scratch: int) -> None:
    """Make a new root that holds these paths, read-only, and an empty `/tmp`; leave the old one.

    Args:
        paths: absolute paths of folders and files, shown at the same place.
        covered: folders within the paths that are shown empty.
        scratch: bytes that fit into `/tmp`, the working folder.

    Raises:
        WallError: a step fails.
    """
    base = "/tmp"
    sources = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in paths]
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", base, "tmpfs", _BARE, "size=1m,mode=0755")
    for path, source in sources:
        target = base + path
        if os.path.isdir(f"/proc/self/fd/{source}"):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o444))
        _mount(f"/proc/self/fd/{source}", target, None, _MS_BIND)
        _remount_read_only(target)
        os.close(source)
    for path in covered:
        _mount("tmpfs", base + path, "tmpfs", _BARE | _MS_RDONLY, "size=4k,mode=0755")
    os.mkdir(base + "/tmp")
    options = f"size={scratch},nr_inodes={_SCRATCH_FILES},mode=0700"
    owner = f",uid={INSIDE_ID},gid={INSIDE_ID}"
    _mount("tmpfs", base + "/tmp", "tmpfs", _BARE, options + owner)
    # The old root is stacked under the new one, then taken away (pivot_root(2), its notes).
    os.chdir(base)
    if _libc.syscall(_numbers()[0], b".", b".") != 0:
        raise WallError(f"the root cannot be changed ({_errno()})")
    if _libc.umount2(b".", _MNT_DETACH) != 0:
        raise WallError(f"the old root cannot be taken away ({_errno()})")
    _mount(None, "/", None, _MS_REMOUNT | _BARE | _MS_RDONLY)
    os.chdir("/tmp")


def _remount_read_only(target: str) -> None:
    # Flags that the machine set on the mount are locked and must be repeated (mount(2)).
    now = os.statvfs(target).f_flag
    kept = now & (_MS_NOEXEC | _MS_NOATIME | _MS_NODIRATIME)
    if now & _ST_RELATIME:
        kept |= _MS_RELATIME
    flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | kept
    # /dev/null is the one device; it is of no use on a mount without devices.
    _mount(None, target, None, flags if target.endswith("/dev/null") else flags | _MS_NODEV)


def shut_in(seconds: float, memory: int, scratch: int, readable: list[str]) -> None:
    """Put the last walls around this process; from here on it may run a stranger's code.

    Args:
        seconds: processor time after which the kernel ends it (rounded up, and one more).
        memory: bytes of address space.
        scratch: bytes that one file may have.
        readable: the paths that it may read.

    Raises:
        WallError: a step fails.
    """
    os.setsid()
    cpu = int(seconds) + 2
    for limit, value in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, scratch),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, _THREADS),
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, _THREADS),
    ):
        hard = resource.getrlimit(limit)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (least, least))
    _give_up_rights()
    # No core dump, not even to a program that collects them, and nobody may trace it.
    _prctl("being undumpable", _PR_SET_DUMPABLE, 0)
    _prctl("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)
    _landlock(readable)
    program = filter_program(os.uname().machine)
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    address = ctypes.create_string_buffer(head, len(head))
    _prctl(
        "a filter of system calls (seccomp)",
        _PR_SET_SECCOMP,
        _SECCOMP_MODE_FILTER,
        ctypes.addressof(address),
    )


def _give_up_rights() -> None:
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(_LAST_POSSIBLE_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the kernel has no more of them
    if os.getuid() == 0:
        os.setgroups([])
    os.setresgid(INSIDE_ID, INSIDE_ID, INSIDE_ID)
    os.setresuid(INSIDE_ID, INSIDE_ID, INSIDE_ID)
    head = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    if _libc.syscall(_numbers()[1], head, bytes(24)) != 0:
        raise WallError(f"the capabilities cannot be dropped ({_errno()})")


def _landlock(readable: list[str]) -> None:
    _, _, create, add_rule, restrict = _numbers()
    version = _libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return  # a kernel without it; the mount namespace stands alone
    files = 0x1FFF | (version >= 2) << 13 | (version >= 3) << 14 | (version >= 5) << 15
    # Bind and connect (version 4); signals and abstract sockets outside (version 6).
    words = (files, 3, 3)[: 1 + (version >= 4) + (version >= 6)]
    attributes = struct.pack(f"={len(words)}Q", *words)
    rules = _libc.syscall(create, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        raise WallError(f"Landlock is there, and makes no rules ({_errno()})")
    rights = dict.fromkeys(readable, _READ_FILE | _READ_DIR)
    rights |= {"/tmp": _IN_SCRATCH, "/dev/null": _READ_FILE | _WRITE_FILE}
    for path, right in rights.items():
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not os.path.isdir(path):
            right &= _READ_FILE | _WRITE_FILE
        rule = struct.pack("=Qi", right & files, place)
        if _libc.syscall(add_rule, rules, 1, rule, 0) != 0:
            raise WallError(f"Landlock takes no rule for {path} ({_errno()})")
        os.close(place)
    if _libc.syscall(restrict, rules, 0) != 0:
        raise WallError(f"Landlock cannot be switched on ({_errno()})")
    os.close(rules)


def _numbers() -> tuple[int, int, int, int, int]:
    return _SYSCALLS[os.uname().machine]


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if _libc.mount(*words, flags, None if options is None else options.encode()) != 0:
        raise WallError(f"{target} of the new root cannot be mounted ({_errno()})")


def _prctl(name: str, option: int, first: int, second: int = 0) -> None:
    if _libc.prctl(option, first, second, 0, 0) != 0:
        raise WallError(f"{name} cannot be had ({_errno()})")


def _write(path: str, text: str) -> None:
    try:
        place = os.open(path, os.O_WRONLY)
        os.write(place, text.encode())
        os.close(place)
    except OSError as error:
        raise WallError(f"{path} cannot be written ({error.strerror})") from None


def _errno() -> str:
    return os.strerror(ctypes.get_errno())
