"""A relay on 127.0.0.1 that makes a server seem further away, and counts who connects."""

from __future__ import annotations

import asyncio
import selectors
import threading


class Relay:
    """Hands on what comes to `port`, each piece half a round trip later; a context manager, which ends its thread.

    The kernel accepts a connection before the relay knows of it. So the round trip that this costs on a real way is
    added to the first piece of the client. round_trip: in seconds, may be changed at any time.
    """

    def __init__(self, target: int, round_trip: float = 0) -> None:
        self.target, self.round_trip = target, round_trip
        self.connections = self.handshakes = self.port = 0
        # Unlike epoll, select does not round up to milliseconds.
        self._loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self._open: set[asyncio.Future[tuple[None, None]]] = set()  # the loop itself would let them go while they wait

    def __enter__(self) -> Relay:  # noqa: PYI034  # Python 3.10 has no Self
        self._server = self._loop.run_until_complete(asyncio.start_server(self._meet, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        theirs, to_theirs = await asyncio.open_connection("127.0.0.1", self.target)
        there, back = self._hand_on(reader, to_theirs, asks=True), self._hand_on(theirs, writer, asks=False)
        both = asyncio.gather(there, back)
        self._open.add(both)
        both.add_done_callback(self._open.discard)
        await both

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool) -> None:
        loop, due, piece, first = asyncio.get_running_loop(), 0.0, b"begin", asks
        while piece:
            try:
                piece = await reader.read(1 << 16)
            except ConnectionError:
                piece = b""
            late = self.round_trip * (1.5 if first else 0.5)
            due = max(loop.time() + late, due + 1e-6)  # timers of one time have no order
            self.handshakes += first and piece[:2] == b"\x16\x03"  # TLS begins with it
            loop.call_at(due, *((writer.write, piece) if piece else (writer.close,)))
            first = False
