"""The desk's web server: uvicorn for connections and streams, a bridge to Flask for pages.

`requests` reads a request before a thread is taken for it, `bridge` runs the page in one of a few
threads and hands its answer on no faster than the browser takes it, `patience` closes connections
that make no progress, `tls` is HTTPS without a proxy, `proxies` tells who asks where there is one,
and `server` starts and stops the whole.
"""

from ivr.web_server.bridge import Pages
from ivr.web_server.proxies import Proxies
from ivr.web_server.requests import environ_of
from ivr.web_server.server import serve
from ivr.web_server.tls import HttpsCertificate

__all__ = ["HttpsCertificate", "Pages", "Proxies", "environ_of", "serve"]
