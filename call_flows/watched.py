"""A session that tells more than a call needs: where it stands, and what it knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from call_flows.session import MASK, Session


class WatchedSession(Session):
    """A session for whoever tries a flow out; it does what every session does."""

    @property
    def at(self) -> tuple[str, str]:
        """The flow and the node at which the call stands."""
        return self._flow.id, self._node.id

    @property
    def stands(self) -> str:
        """Where the call stands, as `flow.node`."""
        return f"{self._flow.id}.{self._node.id}"

    def known(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of `names` that are set, secrets masked."""
        values, secret = self._variables.arguments({name: name for name in names})
        return {name: MASK if name in secret else value for name, value in values.items()}
