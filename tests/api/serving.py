"""The service on a database that runs already, with as many connections as are wanted, for one `with` block."""

import contextlib
import os
import pathlib
import subprocess
import tempfile

from client import Client
from test_service import MANDANT, eventually, free_port


def lives(url):
    with contextlib.suppress(OSError):
        return Client(url=url).get("/healthz").status == 200


@contextlib.contextmanager
def serving(host, connections, port=None, arguments=(), **environment):
    """`host` and `port` of the database or of a pooler before it, more arguments and variables; gives the service's address."""
    url = f"http://127.0.0.1:{free_port()}"
    database = f"postgresql://mandant_service@/mandant?host={host}&port={port or os.environ['PGPORT']}"
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "serve.log")
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen([MANDANT, "serve", "--listen", url.removeprefix("http://"), "--connections", str(connections),
                                        *arguments],
                                       env={**os.environ, "DATABASE_URL": database, **environment}, stdout=output, stderr=output)
        try:
            eventually(lambda: process.poll() is not None or lives(url))
            assert process.poll() is None, log.read_text(encoding="utf-8")
            yield url
        finally:
            process.terminate()
            process.wait(60)
