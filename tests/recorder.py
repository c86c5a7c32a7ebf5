"""Stands between a program and its database and hears what the program says, for one `with` block.

A benchmark that sends "the same SQL" by a copy of it soon compares with something else. This one knows the statements as they
were sent, with their parameters, and which of them were sent before an answer to the others was there: whatever comes within
a moment is passed on together, so that whoever waits for an answer is seen to wait.
"""

import os
import select
import shutil
import socket
import struct
import tempfile
import threading
import uuid
from pathlib import Path

PAUSE = 0.1  # seconds without a word: the program waits for an answer
STARTUP = 196608  # the protocol's version, in the first message of a session

# Types of parameters that are known here, and how their binary form is read.
READ = {
    "boolean": lambda value: value != b"\0",
    "smallint": lambda value: struct.unpack("!h", value)[0],
    "integer": lambda value: struct.unpack("!i", value)[0],
    "bigint": lambda value: struct.unpack("!q", value)[0],
    "text": bytes.decode,
    "jsonb": lambda value: value[1:].decode(),
    "uuid": lambda value: str(uuid.UUID(bytes=value)),
}


class Statement:
    """`parameters` are pairs of a type's oid and a value in binary form or None."""

    def __init__(self, text, parameters=()):
        self.text, self.parameters = text, list(parameters)


class Recorder:
    """In front of `cluster`; what it hears is in `heard`, a list for each message, once `listening` is set."""

    def __init__(self, cluster):
        self.server = f"{cluster.folder}/.s.PGSQL.{cluster.port}"
        self.port = cluster.port
        self.listening, self.heard = False, []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mandant-recorder-", dir="/tmp"))
        self.ends, self.end = os.pipe()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(f"{self.folder}/.s.PGSQL.{self.port}")
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        os.close(self.end)
        self.thread.join()
        os.close(self.ends)
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hear(self, work):
        """What is said while `work` is done: groups of statements, each sent before an answer to its first was there."""
        self.heard, self.listening = [], True
        work()
        self.listening = False
        return self.heard

    def serve(self):
        """One session after the other, of programs that need only one."""
        while True:
            if self.ends in select.select([self.socket, self.ends], [], [])[0]:
                return
            client = self.socket.accept()[0]
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.server)
            with client, server:
                self.relay(client, server)

    def relay(self, client, server):
        told = b""
        while True:
            ready = select.select([client, server, self.ends], [], [], PAUSE if told else None)[0]
            if self.ends in ready:
                return
            if server in ready:
                answer = server.recv(65536)
                if not answer:
                    return
                client.sendall(answer)
            if client in ready:
                said = client.recv(65536)
                if not said:
                    return
                told += said
            elif told:
                if self.listening:
                    self.heard.append(list(statements(told)))
                server.sendall(told)
                told = b""


def statements(said):
    """Those in the messages of a client that has sent each of them wholly."""
    at, text, types = 0, None, ()
    if struct.unpack("!i", said[4:8])[0] == STARTUP:
        return
    while at < len(said):
        kind, length = said[at:at + 1], struct.unpack("!i", said[at + 1:at + 5])[0]
        body = said[at + 5:at + 1 + length]
        at += 1 + length
        if kind == b"Q":
            yield Statement(body[:-1].decode())
        elif kind == b"P":
            _, query, rest = body.split(b"\0", 2)
            text = query.decode()
            types = struct.unpack(f"!{struct.unpack('!h', rest[:2])[0]}I", rest[2:])
        elif kind == b"B":
            yield Statement(text, zip(types, values(body)))


def values(bound):
    """The parameters in a message Bind."""
    _, _, rest = bound.split(b"\0", 2)
    at = 2 + 2 * struct.unpack("!h", rest[:2])[0]
    count = struct.unpack("!h", rest[at:at + 2])[0]
    at += 2
    for _ in range(count):
        length = struct.unpack("!i", rest[at:at + 4])[0]
        at += 4
        yield rest[at:at + length] if length >= 0 else None
        at += max(length, 0)
