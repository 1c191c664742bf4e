"""The shell around the cores: sockets, timers, and the calls that join them.

`main` runs the reactor. A `Call` joins a SIP dialog, a media leg and a
call-flow session; nothing here parses a byte or decides what a caller hears.
"""
