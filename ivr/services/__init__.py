"""What a caller can ask for and what staff can do, as functions of a session, arguments and a time.

One module per concept. No function commits: the transaction is the caller's
(`with database.begin() as session`), so that several can share one. `now` is
always an aware datetime; `zone` is the line's, where a calendar day matters.
"""
