"""RTP, RTCP, telephone-event and G.711, as pure functions and states (RFC 3550, RFC 4733)."""
