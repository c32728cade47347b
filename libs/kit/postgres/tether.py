"""A command tied to the life of the process that starts it; run as a script, this file becomes that command.

A server must not outlive a supervisor that was killed, and only the kernel is there to see such a death. What has to
be asked of the kernel is asked by a small program that then turns into the server, and not between fork and exec of
the supervisor: there, with threads about, Python code may hang for ever.
"""

import ctypes
import os
import pwd
import signal
import sys
import threading
from pathlib import Path

NAMESPACE = "namespace"

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def tethered(command: list[str], *, ending: signal.Signals, account: str = "") -> list[str]:
    """The same command, sent `ending` when this process is gone.

    Nobody but root may name an account: the number of a user, or NAMESPACE, in which root does not look like root.
    Off Linux the command is not tethered.
    """
    if not sys.platform.startswith("linux"):
        return command
    if threading.current_thread() is not threading.main_thread():
        # The kernel watches the thread that made the child, so the server would end with a pool's idle thread.
        raise RuntimeError("start servers from the main thread: they end with the thread that started them")
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(ending)), account, *command]


def main(starter: str, ending: str, account: str, *command: str) -> None:
    """Change account, ask for the signal, and become the command."""
    libc = ctypes.CDLL(None, use_errno=True)
    if account == NAMESPACE:
        _hide_root(libc)
    elif account:
        _change_to(int(account))
    # After the change of account, which clears the request.
    libc.prctl(_PR_SET_PDEATHSIG, int(ending), 0, 0, 0)
    if os.getppid() != int(starter):
        sys.exit("the process that asked for this command ended first")
    os.execvp(command[0], command)  # noqa: S606 - the caller names the program; no shell is wanted


def _hide_root(libc: ctypes.CDLL) -> None:
    """Look like user 1000 to programs that refuse root; on disk everything stays root's."""
    if libc.unshare(_CLONE_NEWUSER):
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text("1000 0 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text("1000 0 1", encoding="ascii")


def _change_to(user: int) -> None:
    os.setgroups([])
    os.setgid(pwd.getpwuid(user).pw_gid)
    os.setuid(user)


if __name__ == "__main__":
    main(*sys.argv[1:])
