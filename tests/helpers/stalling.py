"""A link to a server that stops forwarding."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit


@contextlib.contextmanager
def stalling(url: str, most_bytes: int) -> Iterator[str]:
    """The URL of the database through a proxy that forwards so many bytes of answers, and then nothing."""
    parts = urlsplit(url)
    place = parse_qs(parts.query)["host"][0] + "/.s.PGSQL.5432"
    is_over, threads, ends = threading.Event(), [], list[socket.socket]()

    def pass_on(source: socket.socket, target: socket.socket, most: float) -> None:
        passed = 0
        with contextlib.suppress(OSError), source:
            while block := source.recv(65536):
                passed += len(block)
                if passed > most:
                    is_over.wait(120)
                target.sendall(block)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def forward(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(place)
                ends.extend((client, server))
                for way in ((client, server, float("inf")), (server, client, most_bytes)):
                    threads.append(threading.Thread(target=pass_on, args=way))
                    threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=forward, args=(listener,))
        accepting.start()
        try:
            address = f"{parts.username or 'postgres'}@127.0.0.1:{listener.getsockname()[1]}"
            yield f"postgresql://{address}{parts.path}?sslmode=disable&gssencmode=disable"
        finally:
            is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            # Whoever was left waiting may hold its end open.
            for end in ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join()
