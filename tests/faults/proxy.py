"""A TCP proxy that cuts, shortens and delays what a server answers."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["reset", "close", "truncate", "none"]


@dataclass
class Proxy:
    """Passes connections on to ``port`` of this machine.

    The connection that takes the answers of all over ``after`` bytes is cut: by a reset, by an orderly close,
    or by a close in the middle of a message.  ``delay`` is in seconds a piece, at most.
    """

    port: int
    way: Way = "none"
    after: int = 0
    delay: float = 0.0
    seed: int = 0
    cut: int = 0  # connections that were
    answered: int = 0  # bytes
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> int:
        return int(self._listener.getsockname()[1])

    def serve(self) -> None:
        rng = random.Random(self.seed)
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                for pair in ((client, server, None), (server, client, rng)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, rng: random.Random | None) -> None:
        """One direction; the server's answers are those with a random generator."""
        with suppress(OSError):
            while piece := source.recv(65_536):
                if rng is not None:
                    if self.delay:
                        time.sleep(rng.uniform(0.0, self.delay))
                    with self._lock:
                        self.answered += len(piece)
                        hit = self.way != "none" and not self.cut and self.answered > self.after
                        self.cut += hit
                    if hit:
                        if self.way == "truncate":
                            target.sendall(piece[: max(1, len(piece) // 2)])
                        if self.way == "reset":
                            for one in (source, target):
                                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        break
                target.sendall(piece)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        self._listener.close()


@contextmanager
def proxy(port: int, way: Way = "none", after: int = 0, delay: float = 0.0, seed: int = 0) -> Iterator[Proxy]:
    made = Proxy(port, way, after, delay, seed)
    threading.Thread(target=made.serve, daemon=True).start()
    try:
        yield made
    finally:
        made.close()
