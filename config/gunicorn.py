"""The production web server: processes with threads; psycopg's pool keeps a few connections for each (DATABASE_POOL=1).

Why gunicorn with threads: docs/decisions/0003-web-server.md.
"""

import gc
import multiprocessing
import os

from gunicorn.workers import gthread

workers = int(os.environ.get("WEB_WORKERS", min(2 * multiprocessing.cpu_count(), 8)))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
keepalive = 30
timeout = 30
graceful_timeout = 20
max_requests = 20_000
max_requests_jitter = 2_000
# A thread waits no longer for a client that has connected and says nothing; nginx sends whole requests at once. Clients
# that stop in the middle of one are nginx's to send away: this server belongs behind it (docs/running.md).
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.5
# The local Stripe and other programs on the machine have their own ports; only nginx or the demo's browser come here.
forwarded_allow_ips = "127.0.0.1"
control_socket_disable = True  # nobody manages it at run time, and its place in the home folder is shared by checkouts
accesslog = None
errorlog = "-"


def post_worker_init(worker: object) -> None:
    """What was loaded at the start stays: the garbage collector need not look through it at every page (a tenth)."""
    gc.collect()
    gc.freeze()
