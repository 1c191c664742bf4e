"""The independent caller behind `ivr call`, on pyVoIP, in a process of its own.

It shares no code with the line: SIP messages are built and parsed, and RTP
packets parsed, by pyVoIP, so a fault of ours is not answered by the same fault
here. `python -m ivr.caller` is the process; `launch` starts it and reads the
JSON events it prints.
"""

__all__ = ["hearing", "launch", "phone", "script"]
