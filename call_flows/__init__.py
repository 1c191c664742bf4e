"""What happens when: the call flows of the line, and the session that runs them.

A flow is a YAML file that a clerk can read; `load` makes values of it, `check`
says what should be looked at, and a `Session` turns inputs into instructions.
"""

from call_flows.checks import Issue, PromptFact, PromptFacts, Severity, check
from call_flows.errors import FlowError, Problem
from call_flows.instructions import CallFacts
from call_flows.loader import default_texts, load, load_folder, read_folder
from call_flows.model import FlowSet
from call_flows.session import Session
from call_flows.simulator import simulate

__all__ = [
    "CallFacts",
    "FlowError",
    "FlowSet",
    "Issue",
    "Problem",
    "PromptFact",
    "PromptFacts",
    "Session",
    "Severity",
    "check",
    "default_texts",
    "load",
    "load_folder",
    "read_folder",
    "simulate",
]
