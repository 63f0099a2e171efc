"""The production web server: processes with threads; psycopg's pool keeps a few connections for each (DATABASE_POOL=1).

Why gunicorn with threads: docs/decisions/0003-web-server.md.
"""

import gc
import multiprocessing
import os
import shutil
import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.workers import gthread

from config import allocator, logs, web_worker
from config.environment import environment

env = environment(Path(__file__).resolve().parent.parent)
allocator.keep_tight()  # the processes are made of this one
workers = env.integer("WEB_WORKERS", 0) or min(2 * multiprocessing.cpu_count(), 8)
worker_class = "config.web_worker.Worker"
threads = env.integer("WEB_THREADS", 4)
keepalive = 30
timeout = 30
graceful_timeout = 20
# Now and then a process begins anew, for whatever a library may leak (make soak: nothing seen). It costs seconds of the
# processor and whatever the old one had kept: at 20,000 requests that was more than the work of a kept page.
max_requests = 200_000
max_requests_jitter = 50_000
# A thread waits no longer for a client that has connected and says nothing; nginx sends whole requests at once. One
# that stops in the middle of a request or of reading an answer is let go after CLIENT_SECONDS. Those that send a letter
# now and then are nginx's to send away: this server belongs behind it (docs/running.md).
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.5
CLIENT_SECONDS = env.integer("WEB_CLIENT_SECONDS", 15)
# The local Stripe and other programs on the machine have their own ports; only nginx or the demo's browser come here.
forwarded_allow_ips = "127.0.0.1"
control_socket_disable = True  # nobody manages it at run time, and its place in the home folder is shared by checkouts
accesslog = None
errorlog = "-"
_log_format = env.choice("LOG_FORMAT", ("", "json", "text")) or "json"


class logger_class(glogging.Logger):  # type: ignore[misc]  # noqa: N801  (a setting of gunicorn's, which is not typed)
    """The master's lines in the site's form. `logconfig_dict` would turn on a line for each request, too."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.Json() if _log_format == "json" else logs.Lines())
            handler.addFilter(logs.Discreet())

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """A client that stopped is no fault of ours."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.info("A client stopped in the middle and was let go.")
        else:
            super().exception(msg, *args, **kwargs)


def when_ready(server: Any) -> None:
    """The kernel's own limit for each read and write; connections have it of the socket they came in by."""
    for listener in server.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", CLIENT_SECONDS, 0))


_OUR_FOLDERS = "firstpage-metrics-"
# Where the processes count (config/metrics.py). A reload reads this file again and keeps the folder.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=_OUR_FOLDERS)


def pre_fork(server: Any, worker: Any) -> None:
    """Each worker counts in the file of a place, and the next worker at that place goes on with it.

    Named by process ids, as prometheus_client does, files would grow in number for as long as the server runs.
    """
    taken = {getattr(other, "place", None) for other in server.WORKERS.values()}
    worker.place = next(place for place in range(len(taken) + 1) if place not in taken)


def child_exit(server: Any, worker: Any) -> None:
    """However it ended."""
    web_worker.connections.forget(worker.place)


def post_fork(server: Any, worker: Any) -> None:
    from prometheus_client import values  # noqa: PLC0415  (reads the folder's name when it is imported)

    values.ValueClass = values.MultiProcessValue(lambda: worker.place)  # type: ignore[no-untyped-call]


def post_worker_init(worker: Any) -> None:
    """What was loaded at the start stays: the garbage collector need not look through it at every page (a tenth)."""
    gc.collect()
    gc.freeze()


def on_exit(server: Any) -> None:
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    if folder.name.startswith(_OUR_FOLDERS):
        shutil.rmtree(folder, ignore_errors=True)
