"""Turns itself into another program that dies with its parent and never runs as the wrong user.

Run as a script (`python -I -S launch.py OPTIONS -- PROGRAM ARGUMENT…`) between a port and its
program; it imports nothing of the package, so it starts in a few milliseconds. In this order:

1. `--as-nobody-namespace`: enter a user namespace in which this user is `nobody`. A program that
   refuses to run as root then runs, without privileges, and its files still belong to root outside.
   `--user UID:GID`: become that user for good.
2. `--reach PATH`: make sure the new user gets to the path.
3. `--death-signal N` with `--parent PID`: ask the kernel for the signal when the parent ends.
   It comes after 1 because a change of credentials makes the kernel forget the wish.
4. Always: no core dumps, for what the program has in memory should not end up in a file; and no
   signals ignored or blocked, which a program inherits, so that the stop signal works under `nohup`, too.
5. exec. Without a program it exits with 0: a trial of the steps above.

What can not be done is one line on standard error and exit code 126; a program that is not there, 127.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import signal
import stat
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NOBODY = 65534
CAN_NOT, NOT_THERE = 126, 127


def enter_nobody_namespace() -> None:
    """Be uid and gid 65534 in a new user namespace; outside, the ids stay what they are."""
    uid, gid = os.geteuid(), os.getegid()  # read before: inside an unmapped namespace both read as 65534
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "user namespaces are refused here: " + os.strerror(error))
    # The kernel wants setgroups denied before an unprivileged gid_map, and takes each map in one write.
    for name, line in (("setgroups", "deny"), ("uid_map", f"{NOBODY} {uid} 1"), ("gid_map", f"{NOBODY} {gid} 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def become(user: str) -> None:
    """Be UID:GID for good, without supplementary groups."""
    uid, gid = (int(part) for part in user.split(":"))
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def check_reach(path: str) -> None:
    """Raise unless this user may pass every directory above the path and use what is there."""
    # os, not pathlib: that would double the time this takes to start
    wanted = os.X_OK if stat.S_ISDIR(os.stat(path).st_mode) else os.R_OK | os.X_OK  # noqa: PTH116
    if not os.access(path, wanted):
        raise PermissionError(13, "permission denied", path)


def die_with_parent(number: int, parent: int) -> None:
    """Receive the signal when the thread that started us ends; end here when that has happened already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        raise OSError(3, "the parent has gone")


def clean_slate() -> None:
    """Undo what a program would inherit and not expect."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main(arguments: list[str]) -> int:
    """Follow the options and exec; return an exit code only when there is nothing to exec or it failed."""
    parser = argparse.ArgumentParser(prog="launch")
    parser.add_argument("--as-nobody-namespace", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--reach", action="append", default=[])
    parser.add_argument("--death-signal", type=int)
    parser.add_argument("--parent", type=int, default=0)
    parser.add_argument("program", nargs="*")
    options = parser.parse_args(arguments)
    try:
        if options.as_nobody_namespace:
            enter_nobody_namespace()
        if options.user:
            become(options.user)
        for path in options.reach:
            check_reach(path)
        if options.death_signal:
            die_with_parent(options.death_signal, options.parent)
        clean_slate()
    except OSError as error:
        sys.stderr.write(f"launch: {error.filename or ''} {error.strerror}\n".replace("  ", " "))
        return CAN_NOT
    if not options.program:
        return 0
    try:
        os.execvp(options.program[0], options.program)  # noqa: S606 - becoming the program is the point
    except OSError as error:
        sys.stderr.write(f"launch: {options.program[0]}: {error.strerror}\n")
        return NOT_THERE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
