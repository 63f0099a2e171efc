"""Where files of others are opened: a process of its own with limits of time and memory, killed when it passes them.

`call(task, …)` runs one of TASKS there. The process is kept for the next call and replaced after a while. It is a guard
against bombs and hangs in parsers, not a sandbox. It speaks pickle over its own pipes; nobody else is on them.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

MEGABYTE = 1024 * 1024
#: task → (module, function, seconds, megabytes of address space)
TASKS = {
    "package": ("journal.packages", "read", 60, 2048),
    "survey": ("journal.jats.survey", "survey", 10, 768),
    "article": ("journal.jats.survey", "whole", 20, 768),
    "render": ("journal.jats.survey", "render_source", 10, 768),
    "compare": ("journal.jats.compare", "compare", 30, 1024),
    "picture": ("journal.pictures", "encode", 20, 1536),
    "first_page": ("journal.preview", "first_page", 20, 1024),
    "typeset": ("journal.typesetting.typeset", "typeset", 60, 2048),
    "stamp": ("journal.pdf.stamp", "stamp", 30, 1024),
}
#: Tasks with processes of their own: a reader does not wait for an import, and what needs much memory leaves none of
#: it behind for tasks that may take little.
APART = ("stamp", "typeset")
#: Its memory does not grow (docs/performance.md); starting another takes as long as rendering twenty articles.
MAX_CALLS = 2000
_HEADER = struct.Struct(">Q")


class WorkerError(Exception):
    """The task was ended: it took too long, too much memory, or took the process with it."""


class Worker:
    """One process; calls from several threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._calls = 0

    def call(self, task: str, *arguments: Any) -> Any:
        """The task's result. Raises what the task raised, or `WorkerError`."""
        with self._lock:
            process = self._started()
            try:
                good, value = self._exchange(process, task, arguments, fresh=self._calls == 1)
            except (OSError, EOFError, WorkerError, pickle.UnpicklingError) as error:
                self.stop()
                raise error if isinstance(error, WorkerError) else WorkerError("It brought its reader down.") from error
        if good:
            return value
        raise WorkerError(str(value)) if isinstance(value, MemoryError) else value

    def _started(self) -> "subprocess.Popen[bytes]":
        self._calls += 1
        if self._owner != os.getpid():  # a web server forked: the process and its pipes are our parent's
            self._owner, self._process = os.getpid(), None
        if self._process is None or self._process.poll() is not None or self._calls > MAX_CALLS:
            self.stop()
            self._calls = 1
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "journal.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
            _widen(self._process.stdin, self._process.stdout)
        return self._process

    @staticmethod
    def _exchange(
        process: "subprocess.Popen[bytes]", task: str, arguments: tuple[Any, ...], fresh: bool
    ) -> tuple[bool, Any]:
        if process.stdin is None or process.stdout is None:
            raise WorkerError("It could not be started.")
        _send(process.stdin, (TASKS[task], arguments))
        seconds = TASKS[task][2]
        start = 5 if fresh else 1  # starting Python takes its share
        if not select.select([process.stdout], [], [], seconds + start)[0]:
            raise WorkerError(f"It took more than {seconds} seconds.")
        answer: tuple[bool, Any] = _receive(process.stdout)
        return answer

    def stop(self) -> None:
        """End the process; the next call starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            process.wait()


def _widen(*pipes: BinaryIO | Any) -> None:
    """Pipes that take an article at once, where the system lets them: else the two wake each other six times for it."""
    for pipe in pipes:
        with contextlib.suppress(OSError, AttributeError):  # allowed less; not Linux
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MEGABYTE)


def _send(pipe: BinaryIO | Any, message: Any) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_HEADER.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: BinaryIO | Any) -> Any:
    header = pipe.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    data = pipe.read(_HEADER.unpack(header)[0])
    return pickle.loads(data)  # noqa: S301  (from our own child)


class Pool:
    """Workers for threads that call at the same time: one each, up to a number, kept warm for the next call."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[Worker] = []

    def call(self, task: str, *arguments: Any) -> Any:
        """As `Worker.call`; waits while all are busy."""
        with self._free:
            try:
                worker = self._idle.pop()
            except IndexError:
                worker = Worker()
            try:
                return worker.call(task, *arguments)
            finally:
                self._idle.append(worker)

    def stop(self) -> None:
        while self._idle:
            self._idle.pop().stop()


_pool = Pool(max(2, os.cpu_count() or 1))
_apart = {task: Pool(2) for task in APART}
for _one in (_pool, *_apart.values()):
    atexit.register(_one.stop)


def call(task: str, *arguments: Any) -> Any:
    """Run a task of TASKS in a worker of this process. Raises what it raised, or `WorkerError`."""
    return _apart.get(task, _pool).call(task, *arguments)


def _limit(seconds: int, megabytes: int) -> None:
    """Soft limits for the next task; CPU seconds count from the process's start."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEGABYTE, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))


def _answer(task: tuple[str, str, int, int], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    module, function, seconds, megabytes = task
    run = getattr(importlib.import_module(module), function)
    _limit(seconds, megabytes)
    try:
        return True, run(*arguments)
    except MemoryError:
        return False, MemoryError(f"It needs more than {megabytes} MB of memory.")
    except Exception as error:
        return False, error


def main() -> None:
    """The child: answer calls until the pipe is closed. Ctrl-C in a terminal is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    is_fresh = True
    while True:
        try:
            task, arguments = _receive(incoming)
        except EOFError:
            return
        _send(outgoing, _answer(task, arguments))
        if is_fresh:  # what is loaded by now stays: the collector need not look at it each time
            gc.collect()
            gc.freeze()
            is_fresh = False


if __name__ == "__main__":
    main()
