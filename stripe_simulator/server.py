"""Serves the application on the standard library's threading HTTP server, and lets time pass."""

from __future__ import annotations

import sys
import threading
import traceback
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .application import Application
from .delivery import Deliverer
from .sandbox import Sandbox

TICK = 1.0  # seconds between two looks at what is due


class Handler(WSGIRequestHandler):
    """Silent, and tells the application its connection, so that a fault may cut it."""

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "simulator.connection": self.connection}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  named so by the base class
        pass

    def handle(self) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the client went away, or was cut off on order
            super().handle()


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """HTTPServer's own asks DNS for the host's name, which may take seconds where there is none."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class LocalServer:
    """One running local Stripe: HTTP server, deliveries and clock. Binds 127.0.0.1 only."""

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        self.sandbox = sandbox
        self.server = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        sandbox.public_url = sandbox.public_url or self.url
        self.server.set_app(Application(sandbox))
        self.deliverer = Deliverer(sandbox)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until `stop` is called from another thread or a signal."""
        self.deliverer.start()
        threading.Thread(target=self._pass_time, daemon=True).start()
        try:
            self.server.serve_forever(poll_interval=0.1)
        finally:
            self._stopped.set()
            self.deliverer.stop()
            self.server.server_close()

    def _pass_time(self) -> None:
        while not self._stopped.wait(TICK):
            try:
                with self.sandbox.transaction():
                    self.sandbox.run_due()
            except Exception:  # what could not happen is tried again, and the clock goes on
                traceback.print_exc()

    def stop(self) -> None:
        threading.Thread(target=self.server.shutdown, daemon=True).start()
