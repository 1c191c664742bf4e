"""A PBX's registrar on UDP or TCP: it challenges, checks the digest by itself, and can be away."""

import socket
import threading
from uuid import uuid4

from tests.line import wire
from tests.line.wire import Message

REALM = "pbx.test"


class Registrar:
    """`algorithm`: of its challenges; `password`: the right one."""

    def __init__(
        self, *, algorithm: str, user: str, password: str, transport: str = "udp", port: int = 0
    ) -> None:
        self.algorithm, self.user, self.password = algorithm, user, password
        self.transport = transport
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.settimeout(0.1)
        self.port: int = self.socket.getsockname()[1]
        self.requests: list[Message] = []
        self.accepted = 0
        self.refused = 0
        self.changed = threading.Condition()
        self._nonces: set[str] = set()
        self._stopped = False
        run = self._serve_udp if transport == "udp" else self._serve_tcp
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def until(self, condition, what: str, limit_s: float = 15.0) -> None:
        with self.changed:
            came = self.changed.wait_for(condition, limit_s)
        assert came, f"{what}: not in {limit_s} s; came: {[m.first for m in self.requests]}"

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.requests)

    def stop(self) -> None:
        self._stopped = True
        self._thread.join()
        self.socket.close()

    def _serve_udp(self) -> None:
        while not self._stopped:
            try:
                data, source = self.socket.recvfrom(65535)
            except OSError:
                continue
            answer = self._answer(wire.read(data))
            if answer:
                self.socket.sendto(answer, source)

    def _serve_tcp(self) -> None:
        self.socket.listen()
        while not self._stopped:
            try:
                connection, _source = self.socket.accept()
            except OSError:
                continue
            with connection:
                connection.settimeout(0.1)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        stream = b""
        while not self._stopped:
            try:
                data = connection.recv(65535)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            messages, stream = wire.split_stream(stream + data)
            for message in messages:
                answer = self._answer(wire.read(message))
                if answer:
                    connection.sendall(answer)

    def _answer(self, request: Message) -> bytes:
        with self.changed:
            self.requests.append(request)
            answer = self._decide(request)
            self.changed.notify_all()
        return answer

    def _decide(self, request: Message) -> bytes:
        if request.method == "REGISTER":
            authorization = request.get("Authorization")
            if not authorization:
                nonce = uuid4().hex
                self._nonces.add(nonce)
                return self._response(
                    request,
                    401,
                    (
                        "WWW-Authenticate",
                        f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", '
                        f"algorithm={self.algorithm}",
                    ),
                )
            known = any(f'nonce="{nonce}"' in authorization for nonce in self._nonces)
            named = f"algorithm={self.algorithm}" in authorization.replace('"', "")
            right = wire.digest_is_right(authorization, "REGISTER", self.user, self.password)
            if not (known and named and right):
                self.refused += 1
                return self._response(request, 403)
            self.accepted += 1
            return self._response(
                request, 200, ("Contact", request.get("Contact") + ";expires=120")
            )
        return self._response(request, 200) if request.method == "OPTIONS" else b""

    def _response(self, request: Message, status: int, *extra: tuple[str, str]) -> bytes:
        fields = [("Via", via) for via in request.get_all("Via")]
        fields += [("From", request.get("From")), ("To", request.get("To") + ";tag=pbx")]
        fields += [("Call-ID", request.get("Call-ID")), ("CSeq", request.cseq), *extra]
        return wire.write(f"SIP/2.0 {status} Answer", fields)
