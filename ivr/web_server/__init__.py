"""The desk's web server: uvicorn for connections and streams, a bridge to Flask for pages.

`requests` reads a request before a thread is taken for it, `bridge` runs the page in one of a few
threads and hands its answer on no faster than the browser takes it, `patience` closes connections
that make no progress, and `server` starts and stops the whole.
"""

from ivr.web_server.bridge import Pages
from ivr.web_server.requests import environ_of
from ivr.web_server.server import serve

__all__ = ["Pages", "environ_of", "serve"]
