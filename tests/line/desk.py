"""Somebody at the desk of a running line: signs in over HTTP and sends forms, as a browser does."""

import html
import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from typing import Any

from tests.line.harness import RunningLine

PASSWORD = "a long one for tests"


class DeskClient:
    """One browser session of `admin`."""

    def __init__(self, line: RunningLine) -> None:
        self._base = f"http://127.0.0.1:{line.web_port}"
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self._token = ""
        self.get("/sign-in")
        self.post("/sign-in", username="admin", password=PASSWORD)
        self.get("/")

    def get(self, path: str) -> str:
        """A page; its token is kept for the forms sent next."""
        return self._read(urllib.request.Request(self._base + path))

    def post(self, path: str, **fields: str) -> str:
        """Send a form, and follow where it leads."""
        body = urllib.parse.urlencode({"csrf_token": self._token, **fields}).encode()
        return self._read(urllib.request.Request(self._base + path, body))

    def content(self, path: str) -> bytes:
        """What is no page: a recording, a file to be saved."""
        with self._opener.open(self._base + path, timeout=60) as answer:
            found: bytes = answer.read()
        return found

    def json(self, path: str, **fields: str) -> Any:
        """What is answered in JSON, to a form or (without fields) to a look."""
        return json.loads(self.post(path, **fields) if fields else self.get(path))

    def _read(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=60) as answer:
            text: str = answer.read().decode("utf-8", "replace")
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        if found:
            self._token = html.unescape(found[1])
        return text
