"""Whether the line answers (``/healthz``) and its figures for Prometheus (``/metrics``)."""

from admin_web.health import pages
from admin_web.health.views import blueprint

__all__ = ["blueprint", "pages"]
