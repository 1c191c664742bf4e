"""Call flows: what happens when; read, drawn, edited, tried out, checked and published."""

from admin_web.flows import exchange, history, merging, scenarios, studio, trying, views
from admin_web.flows.blueprint import blueprint

__all__ = [
    "blueprint",
    "exchange",
    "history",
    "merging",
    "scenarios",
    "studio",
    "trying",
    "views",
]
