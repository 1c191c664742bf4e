"""Call flows: what happens when; read, drawn, edited, tried out, checked and published."""

# Each of these adds its pages to the blueprint.
import admin_web.flows.exchange
import admin_web.flows.history
import admin_web.flows.merging
import admin_web.flows.scenarios
import admin_web.flows.studio
import admin_web.flows.trying
import admin_web.flows.views  # noqa: F401
from admin_web.flows.blueprint import blueprint

__all__ = ["blueprint"]
