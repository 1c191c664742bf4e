"""The one exception of this room: what is wrong with a description, where, and the SIP status."""


class SdpError(Exception):
    """A session description that cannot be used; `status` is what SIP answers with.

    400: not a session description. 488: well formed, but no media of it is ours.
    """

    def __init__(self, status: int, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.status = status
        self.place = place
        self.message = message
