"""Which system calls a shut-in process may make: a filter for the kernel, denied by default.

What one Python process needs to compute, to sleep and to use its own files is allowed. What only
an attack would call ends the process. All else fails with EPERM, so that an honest program gets
an exception: no call makes a process, starts a program, opens a socket or shares memory.

Follows seccomp(2) and the kernel's Documentation/userspace-api/seccomp_filter.rst. The list was
compared with the default filters of Docker (moby), Flatpak and nsjail; it allows much less.
"""

from __future__ import annotations

import functools
import struct

__all__ = ["MACHINES", "allowed_numbers", "filter_program"]

# Machine (as uname says): its column in the tables, AUDIT_ARCH of linux/audit.h.
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _table(text: str) -> dict[str, tuple[int | None, int | None]]:
    """Name: number on x86_64, number on aarch64 (asm/unistd_64.h, asm-generic/unistd.h)."""
    rows = (entry.split() for entry in text.split(",") if entry.strip())
    return {
        name: (None if x86 == "-" else int(x86), None if arm == "-" else int(arm))
        for name, x86, arm in rows
    }


# Compute, sleep, files that are already in sight, threads of its own.
_ALLOWED = _table(
    """
    read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68,
    preadv 295 69, pwritev 296 70, open 2 -, openat 257 56, close 3 57, close_range 436 436,
    stat 4 -, fstat 5 80, lstat 6 -, newfstatat 262 79, statx 332 291, statfs 137 43,
    fstatfs 138 44, lseek 8 62, access 21 -, faccessat 269 48, faccessat2 439 439, dup 32 23,
    dup2 33 -, dup3 292 24, pipe 22 -, pipe2 293 59, fcntl 72 25, flock 73 32, fsync 74 82,
    fdatasync 75 83, truncate 76 45, ftruncate 77 46, fallocate 285 47, getdents 78 -,
    getdents64 217 61, getcwd 79 17, chdir 80 49, fchdir 81 50, rename 82 -, renameat 264 38,
    renameat2 316 276, mkdir 83 -, mkdirat 258 34, rmdir 84 -, link 86 -, linkat 265 37,
    unlink 87 -, unlinkat 263 35, symlink 88 -, symlinkat 266 36, readlink 89 -,
    readlinkat 267 78, chmod 90 -, fchmod 91 52, fchmodat 268 53, utime 132 -, utimes 235 -,
    utimensat 280 88, futimesat 261 -, fadvise64 221 223, copy_file_range 326 285,
    sendfile 40 71, getxattr 191 8, lgetxattr 192 9, fgetxattr 193 10, listxattr 194 11,
    llistxattr 195 12, flistxattr 196 13, umask 95 166,
    mmap 9 222, munmap 11 215, mremap 25 216, mprotect 10 226, brk 12 214, madvise 28 233,
    mincore 27 232, msync 26 227,
    poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72, epoll_create 213 -,
    epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22, eventfd 284 -,
    eventfd2 290 19, recvfrom 45 207, sendto 44 206, shutdown 48 210, getsockopt 55 209,
    getsockname 51 204, getpeername 52 205,
    clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, nanosleep 35 101,
    gettimeofday 96 169, time 201 -, times 100 153, alarm 37 -, getitimer 36 102,
    setitimer 38 103,
    rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigpending 127 136,
    rt_sigtimedwait 128 137, rt_sigsuspend 130 133, sigaltstack 131 132, kill 62 129,
    tkill 200 130, tgkill 234 131, pause 34 -, restart_syscall 219 128,
    futex 202 98, set_robust_list 273 99, get_robust_list 274 100, rseq 334 293,
    set_tid_address 218 96, membarrier 324 283, exit 60 93, exit_group 231 94, wait4 61 260,
    waitid 247 95, sched_yield 24 124, sched_getaffinity 204 123, getcpu 309 168,
    getpid 39 172, gettid 186 178, getppid 110 173, getuid 102 174, geteuid 107 175,
    getgid 104 176, getegid 108 177, getgroups 115 158, getresuid 118 148, getresgid 120 150,
    getpgid 121 155, getpgrp 111 -, getsid 124 156, getpriority 140 141, capget 125 90,
    getrandom 318 278, getrusage 98 165, getrlimit 97 163, setrlimit 160 164, sysinfo 99 179,
    uname 63 160,
    """
)

# Ways out, into other processes or into the kernel, that no honest program calls by accident.
_FATAL = _table(
    """
    ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, pidfd_getfd 438 438,
    kcmp 312 272,
    mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, open_tree 428 428,
    move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433,
    mount_setattr 442 442, open_by_handle_at 304 265,
    unshare 272 97, setns 308 268,
    bpf 321 280, perf_event_open 298 241, userfaultfd 323 282, io_uring_setup 425 425,
    io_uring_enter 426 426, io_uring_register 427 427,
    add_key 248 217, request_key 249 218, keyctl 250 219,
    kexec_load 246 104, kexec_file_load 320 294, init_module 175 105, finit_module 313 273,
    delete_module 176 106, reboot 169 142, swapon 167 224, swapoff 168 225, acct 163 89,
    quotactl 179 60, settimeofday 164 170, clock_settime 227 112, adjtimex 159 171,
    clock_adjtime 305 266, personality 135 92, iopl 172 -, ioperm 173 -, modify_ldt 154 -,
    """
)

# Decided by their arguments, below.
_DECIDED = _table(
    """
    clone 56 220, clone3 435 435, socketpair 53 199, ioctl 16 29, prctl 157 167,
    prlimit64 302 261
    """
)

_KILL_PROCESS = 0x80000000
_ALLOW = 0x7FFF0000
_EPERM = 0x00050000 | 1
_ENOSYS = 0x00050000 | 38

# Classic BPF (linux/bpf_common.h): load a word of seccomp_data; jumps; return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020000  # every CLONE_NEW* flag that clone takes
_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS and TIOCGWINSZ (isatty), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_PROCESS_QUESTIONS = (15, 16, 21, 23, 39)
"""PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS."""
_AF_UNIX = 1


def allowed_numbers(machine: str) -> frozenset[int]:
    """The numbers of all calls that the filter lets through, if only with some arguments."""
    column, _ = MACHINES[machine]
    rows = [*_ALLOWED.values(), *_DECIDED.values()]
    return frozenset(number for row in rows if (number := row[column]) is not None)


@functools.cache
def filter_program(machine: str) -> bytes:
    """The filter as an array of `struct sock_filter`, for a machine in MACHINES."""
    column, architecture = MACHINES[machine]
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":  # the same calls under other numbers
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    for table, verdict in ((_ALLOWED, _ALLOW), (_FATAL, _KILL_PROCESS)):
        for row in table.values():
            if (number := row[column]) is not None:
                program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, verdict)]
    decisions = {
        # A thread is allowed, a process is not; a new namespace ends the process.
        "clone": [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_ANY_BIT, 0, 1, _CLONE_NEW),
            (_RETURN, 0, 0, _KILL_PROCESS),
            (_ANY_BIT, 0, 1, _CLONE_THREAD),
            (_RETURN, 0, 0, _ALLOW),
        ],
        # Its flags are in memory, which a filter cannot read; the C library then calls clone.
        "clone3": [(_RETURN, 0, 0, _ENOSYS)],
        "socketpair": _one_of(0, (_AF_UNIX,)),
        "ioctl": _one_of(1, _TERMINAL_QUESTIONS),
        "prctl": _one_of(0, _PROCESS_QUESTIONS),
        "prlimit64": _one_of(0, (0,)),
    }
    for name, decision in decisions.items():
        number = _DECIDED[name][column]
        assert number is not None
        body = [*decision, (_RETURN, 0, 0, _EPERM)]
        program += [(_EQUAL, 0, len(body), number), *body]
    program.append((_RETURN, 0, 0, _EPERM))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def _one_of(argument: int, values: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Allow where the argument (its lower 32 bits, all that these calls read) is one of them."""
    steps = [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument)]
    for value in values:
        steps += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return steps
