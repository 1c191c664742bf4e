"""One caller's way through the flows: inputs in, instructions out, nothing else.

A session is a pure function of its inputs (`hours`, which tells whether the town's
offices are open, is one): no clock, no disk, no network, no randomness. It runs
from one input to the next instruction that waits, and whatever goes wrong inside
takes the line's `on_error` exit: to the caller it is "a person will help you",
never an exception and never a dropped call. Three bounds keep it so: a limit of
nodes entered between two inputs, a depth of calls, and a last resort that uses no
flow at all.

Who hangs up after speaking has still filed: see `owed`.

Longer than a module of ours should be: entering a node and answering it share
one state, and apart they would have to hand all of it to each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from call_flows.hours import Hours, always_open
from call_flows.instructions import (
    CallerHungUp,
    CallFacts,
    Collect,
    CreateCallBack,
    Delivery,
    Digits,
    FileComplaint,
    Filed,
    FilingFailed,
    HangUp,
    Input,
    Instruction,
    Lookup,
    LookupFailed,
    LookupResult,
    NoInput,
    NoMatch,
    Play,
    Record,
    Recorded,
    RecordingFailed,
    SetDelivery,
    SetLanguage,
    Step,
    Transfer,
    TransferEnded,
    Waiting,
)
from call_flows.model import (
    Announcement,
    AskNode,
    CallBackNode,
    ChooseNode,
    FileComplaintNode,
    Flow,
    FlowSet,
    GotoNode,
    HangUpNode,
    HoursNode,
    InputNode,
    LanguageNode,
    ListNode,
    LookupNode,
    MenuNode,
    Move,
    Node,
    RecordNode,
    Retry,
    SayNode,
    SetNode,
    Speaking,
    TransferNode,
    Utterance,
    Way,
)
from call_flows.nodes import NAMES
from call_flows.owed import Owed
from call_flows.variables import FlowFailureError, Variables, caller_number

# The same for every secret, so that not even its length is told.
MASK = "****"
_MAX_CALL_DEPTH = 8
_MAX_ESCAPES = 3
_PERSON = "person"
_LAST_TRANSFER_S = 30.0

_ANSWERS: dict[type[Waiting], tuple[type[Input], ...]] = {
    Collect: (Digits, NoInput, NoMatch),
    Record: (Recorded, RecordingFailed, Digits),
    Lookup: (LookupResult, LookupFailed),
    FileComplaint: (Filed, FilingFailed),
    CreateCallBack: (Filed, FilingFailed),
    Transfer: (TransferEnded,),
}

# What the call record says of a key that changes how the line speaks: chosen, taken back.
_SPOKEN = {
    Speaking.SLOWER: ("slower", "usual_speed"),
    Speaking.LOUDER: ("louder", "usual_volume"),
}


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the caller heard last, and what was asked of them: to be said once more."""

    asked: Collect | Record
    said: tuple[Play, ...]
    spoken: tuple[str, str]  # language and variant


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a call of another flow returns to, and what had been heard there."""

    flow: Flow
    node: str
    index: int
    heard: _Heard | None


class Session:
    """The state of one call. `failures` keeps what went wrong inside, for the log."""

    def __init__(
        self,
        flow_set: FlowSet,
        flow: str = "main",
        step_limit: int = 100,
        hours: Hours = always_open,
    ) -> None:
        self._set = flow_set
        self._hours = hours
        self._flow = flow_set.flows.get(flow) or flow_set.flows[flow_set.main]
        self._node: Node = self._flow.nodes[self._flow.start]
        self._step_limit = step_limit
        self._stack: list[_Frame] = []
        self._variables = Variables()
        self._counts: dict[str, int] = {}  # events at this node since it was entered
        self._index = 0  # the item of a list
        self._purge = False
        self._owed = Owed(flow_set, self._variables)
        self._filings: deque[FileComplaint | CreateCallBack] = deque()
        self._ending = ""
        self._gone = False
        self._escapes = 0
        self._waiting: Waiting | None = None
        self._out: list[Instruction] = []
        self._steps: list[Step] = []
        self._said: list[Play] = []  # since the last input, but for remarks in passing
        self._heard: _Heard | None = None
        self.delivery = Delivery()
        self.language = flow_set.languages[0]
        self.variant = flow_set.variant if self._flow.variant is None else self._flow.variant
        self.finished = False
        self.failures: list[Exception] = []

    # --- the door

    def start(self, call: CallFacts) -> list[Instruction]:
        """The first instructions of a call."""
        number = caller_number(call.caller, self._set.home_prefixes)
        self._variables.put("caller.number", number)
        self._variables.put("called.number", call.called)
        return self._guarded(self._run)

    def resume(self, given: Input) -> list[Instruction]:
        """What follows from an input.

        Empty if the input answers nothing that was asked (a sound that ended,
        an answer that came too late): what was asked before still waits. Empty
        too when the caller is gone and nothing is left to file. LookupFailed
        may be given whatever waits: it says that a thing asked for could not be
        done, and takes the on_error exit.
        """
        if isinstance(given, CallerHungUp):
            return self._caller_gone(given)
        if self._waiting is None:
            return []
        if not isinstance(given, _ANSWERS[type(self._waiting)]):
            if isinstance(given, LookupFailed) and not self._gone and not self._ending:
                # Whoever runs the session could not do what it asked for.
                return self._guarded(self._cannot)
            return []
        if self._gone or self._ending:
            return self._next_filing(given)
        if (
            isinstance(self._waiting, Record)
            and isinstance(given, Digits)
            and given.keys not in tuple(self._waiting.keys)
        ):
            return []  # no key that a recording's notice knows
        return self._guarded(lambda: self._answer(given))

    @property
    def place(self) -> tuple[str, str]:
        """The flow and the node the caller is at."""
        return self._flow.id, self._node.id

    def take_steps(self) -> list[Step]:
        """The nodes left since last asked."""
        steps, self._steps = self._steps, []
        return steps

    def _cannot(self) -> None:
        raise FlowFailureError(f"what {self._node.place} asked for could not be done")

    # --- failure has one exit

    def _guarded(self, action: Callable[[], None]) -> list[Instruction]:
        self._out = []
        self._said = []
        self._waiting = None
        try:
            action()
        except Exception as failure:  # noqa: BLE001 - a fault of ours must not drop the call
            self._escape(failure)
        return self._out

    def _escape(self, failure: Exception) -> None:
        """Take the line's on_error exit; if that fails too, the last resort."""
        self.failures.append(failure)
        self._note("failure")
        # What was about to be said belongs to what failed; the language does not.
        self._keep_settings()
        self._waiting = None
        self._stack.clear()
        self._purge = True
        self._escapes += 1
        if self._escapes <= _MAX_ESCAPES:
            try:
                self._follow(self._set.on_error)
                if not self.finished and self._waiting is None:
                    self._run()
            except Exception as second:  # noqa: BLE001 - see above
                self.failures.append(second)
            else:
                return
        self._last_resort()

    def _last_resort(self) -> None:
        """No flow works: the words of on_error, a person, and the end."""
        self._keep_settings()
        self._play(u for u in self._set.on_error.say if u.prompt and not u.slots)
        self._escapes = _MAX_ESCAPES + 1
        self._wait(Transfer(_PERSON, _LAST_TRANSFER_S))

    def _keep_settings(self) -> None:
        self._out = [one for one in self._out if isinstance(one, SetLanguage | SetDelivery)]
        self._said = []

    # --- the end

    def _end(self, reason: str) -> None:
        """Hang up, once everything that was spoken is filed."""
        self._ending = reason
        self._filings.extend(self._owed.due(self._flow.id, self._node))
        self._file_next()

    def _caller_gone(self, given: CallerHungUp) -> list[Instruction]:
        if self._gone or self.finished:
            return []
        under_way = isinstance(self._waiting, FileComplaint | CreateCallBack)
        if isinstance(self._node, RecordNode) and isinstance(self._waiting, Record):
            self._keep(self._node, given.recorded)
        if not self._ending:
            self._note("hang_up")
        self._gone = True
        self._out = []
        self._filings.extend(self._owed.due(self._flow.id, self._node))
        if under_way:
            return []  # its Filed comes yet, and the rest after it
        self._waiting = None
        self._file_next()
        return self._out

    def _next_filing(self, given: Input) -> list[Instruction]:
        self._out = []
        self._waiting = None
        self._file_next()
        return self._out

    def _file_next(self) -> None:
        if self._filings:
            self._wait(self._filings.popleft())
            return
        self.finished = True
        if not self._gone:
            self._out.append(HangUp(self._ending))

    # --- going on

    def _run(self) -> None:
        """Enter nodes until one waits."""
        for _ in range(self._step_limit):
            self._enter(self._node)
            if self._waiting is not None or self.finished:
                return
        raise FlowFailureError(
            f"{self._step_limit} nodes without an input, last at {self._node.place}"
        )

    def _move(self, way: Way, outcome: str = "", given: str = "") -> None:
        """Leave the node by a way, and go on until something waits."""
        if way.speak is not None:
            outcome = _SPOKEN[way.speak][self._chosen(way.speak)]
        self._note(outcome, given)
        self._follow(way)
        if self._waiting is None and not self.finished:
            self._run()

    def _follow(self, way: Way) -> None:
        """Say and set what stands on the way, and be where it leads."""
        self._variables.assign(way.values)
        if way.speak is not None:
            self._speak(way.speak)
        self._play(way.say)
        if way.move is Move.CALL:
            if len(self._stack) >= _MAX_CALL_DEPTH:
                raise FlowFailureError(f"{_MAX_CALL_DEPTH} calls within each other, at {way.place}")
            then = way.then or self._node.id
            same = not way.then and isinstance(self._node, InputNode)
            heard = self._heard if same else None
            self._stack.append(_Frame(self._flow, then, 0 if way.then else self._index, heard))
            self._be_at(self._set.flows[way.flow], way.node)
        elif way.move is Move.GOTO:
            self._stack.clear()
            self._be_at(self._set.flows[way.flow], way.node)
        elif way.move is Move.NODE:
            self._be_at(self._flow, way.node)
        elif way.move is Move.RETURN:
            self._return(again=way.speak is not None)
        elif way.move is Move.AGAIN:
            self._again(self._heard)
        elif way.move is Move.BACK:
            self._back()
        elif way.move is Move.HANG_UP:
            self._end("finished")

    def _be_at(self, flow: Flow, node: str, index: int = 0) -> None:
        if flow is not self._flow and flow.variant is not None:
            self.variant = flow.variant
        self._flow = flow
        self._node = flow.nodes[node or flow.start]
        self._counts.clear()
        self._index = index

    def _return(self, *, again: bool = False) -> None:
        """Go back to where this flow was called from.

        With `again`, what had been heard there is said once more, not only the node's own prompt.
        """
        if self._stack:
            frame = self._stack.pop()
            self._be_at(frame.flow, frame.node, frame.index)
            if (
                again
                and frame.heard is not None
                and frame.heard.spoken == (self.language, self.variant)
            ):
                self._again(frame.heard)
        elif self._set.home.move is Move.GOTO:
            self._follow(self._set.home)
        else:
            raise FlowFailureError(f"nowhere to return to from {self._node.place}")

    def _back(self) -> None:
        """One level up: as the node or its flow says; a called flow returns; else stay."""
        way = self._node.back or self._flow.back
        if way is not None and way.move is not Move.BACK:
            self._follow(way)
        elif self._stack:
            self._return()

    def _play(self, content: object) -> None:
        for utterance in content:  # type: ignore[attr-defined]
            self._say(utterance)

    def _say(self, utterance: Utterance, *, in_passing: bool = False) -> None:
        """Say one thing; what is remarked in passing is not said again with the rest."""
        if self._variables.holds(utterance.when):
            content = self._variables.content(utterance, self.language, self.variant)
            play = Play(content, utterance.barge_in)
            self._out.append(play)
            if not in_passing:
                self._said.append(play)

    def _wait(self, instruction: Waiting) -> None:
        self._waiting = instruction
        self._out.append(instruction)
        if isinstance(instruction, Collect | Record):
            said = tuple(self._said) or (self._heard.said if self._heard is not None else ())
            self._heard = _Heard(instruction, said, (self.language, self.variant))

    def _note(self, outcome: str, given: str = "") -> None:
        kind = NAMES[type(self._node)]
        self._steps.append(Step(self._flow.id, self._node.id, kind, given, outcome))

    # --- how the line speaks

    def _chosen(self, kind: Speaking) -> bool:
        return self.delivery.slow if kind is Speaking.SLOWER else self.delivery.loud

    def _speak(self, kind: Speaking) -> None:
        """Take up a way of speaking, or drop it again, for the rest of the call, and say so."""
        taken_up = not self._chosen(kind)
        if kind is Speaking.SLOWER:
            self.delivery = replace(self.delivery, slow=taken_up)
        else:
            self.delivery = replace(self.delivery, loud=taken_up)
        self._out.append(SetDelivery(self.delivery))
        words = self._set.speaking.get(kind, Announcement())
        for utterance in words.chosen if taken_up else words.taken_back:
            self._say(utterance, in_passing=True)

    def _again(self, heard: _Heard | None) -> None:
        """Say once more what was heard, and wait as before."""
        if heard is None:
            raise FlowFailureError(f"nothing has been heard yet at {self._node.place}")
        self._counts.clear()
        self._out += heard.said
        self._said = list(heard.said)
        self._wait(heard.asked)

    # --- entering a node

    def _enter(self, node: Node) -> None:
        if isinstance(node, ListNode):
            self._enter_list(node)
            return
        self._play(node.say)
        match node:
            case MenuNode():
                self._wait(self._collect(node, max(map(len, node.choices), default=1)))
            case AskNode():
                terminators = node.terminators + ("*" if "*" in node.keys else "")
                self._wait(
                    self._collect(
                        node, node.max_digits, node.min_digits, terminators, node.sensitive
                    )
                )
            case RecordNode():
                category = str(self._variables[node.category]) if node.category else ""
                self._wait(
                    Record(
                        node.into,
                        node.max_s,
                        node.silence_s,
                        node.terminators,
                        node.beep,
                        node.purpose,
                        category,
                        "".join(key for key in node.keys if key not in node.terminators),
                    )
                )
            case LookupNode():
                arguments, sensitive = self._variables.arguments(node.arguments)
                arguments["language"] = self.language
                waiting = tuple(
                    self._variables.content(utterance, self.language, self.variant)
                    for utterance in node.waiting
                )
                self._wait(
                    Lookup(
                        node.service, arguments, node.timeout_s, node.retries, waiting, sensitive
                    )
                )
            case FileComplaintNode() | CallBackNode():
                self._wait(self._owed.filing(node))
            case TransferNode():
                self._wait(Transfer(node.target, node.timeout_s))
            case HangUpNode():
                self._note(node.reason)
                self._end(node.reason)
            case _:
                self._pass(node)

    def _pass(self, node: Node) -> None:
        """Nodes that wait for nothing."""
        outcome, way = "", None
        match node:
            case SayNode() | GotoNode():
                way = node.then
            case SetNode():
                self._variables.assign(node.values)
                way = node.then
            case LanguageNode():
                self.language = node.language
                if node.variant is not None:
                    self.variant = node.variant
                self._out.append(SetLanguage(node.language))
                outcome, way = node.language, node.then
            case ChooseNode():
                for condition, case in node.cases:
                    if self._variables.holds(condition):
                        outcome, way = condition.variable, case
                        break
                else:
                    outcome, way = "otherwise", node.otherwise
            case HoursNode():
                outcome, way = self._by_hours(node)
        if way is None:
            raise FlowFailureError(f"nothing to do at {node.place}")
        self._note(outcome)
        self._follow(way)

    def _by_hours(self, node: HoursNode) -> tuple[str, Way]:
        standing = self._hours(node.schedule)
        if node.into:
            values = {"opens": standing.opens, "closes": standing.closes}
            self._variables.put_all(node.into, values)
        return ("open", node.open) if standing.open else ("closed", node.closed)

    def _enter_list(self, node: ListNode) -> None:
        items = self._variables[node.items] or []
        if not isinstance(items, list | tuple):
            raise FlowFailureError(f"{node.place}: {node.items!r} is no list")
        if not items:
            self._note("empty")
            self._follow(node.empty)
            return
        self._index = min(self._index, len(items) - 1)
        self._variables.put_all("item", items[self._index])
        self._variables.put("item.position", self._index + 1)
        self._play(node.say)
        self._play(node.more if self._index + 1 < len(items) else node.last)
        longest = max(map(len, (*node.choices, node.next_key)))
        self._wait(self._collect(node, longest))

    def _collect(
        self,
        node: InputNode,
        max_digits: int,
        min_digits: int = 1,
        terminators: str = "",
        sensitive: bool = False,
    ) -> Collect:
        purge, self._purge = self._purge or node.clear_type_ahead, False
        return Collect(
            max_digits,
            min_digits,
            terminators,
            node.no_input_timeout_s,
            node.inter_digit_timeout_s,
            sensitive,
            purge,
        )

    # --- answers

    def _answer(self, given: Input) -> None:
        node = self._node
        match given:
            case TransferEnded() if self._escapes > _MAX_ESCAPES:
                self._end("failure")
            case Digits() if isinstance(node, RecordNode):
                self._move(node.keys[given.keys], "match", given.keys)
            case Digits() if isinstance(node, InputNode):
                self._digits(node, given)
            case NoInput() if isinstance(node, InputNode):
                self._retry(node, node.no_input, "no_input")
            case NoMatch() if isinstance(node, InputNode):
                self._no_match(node)
            case Recorded() if isinstance(node, RecordNode):
                self._recorded(node, given)
            case RecordingFailed() if isinstance(node, RecordNode):
                self._move(node.failed, "failed")
            case LookupResult() if isinstance(node, LookupNode):
                self._looked_up(node, given)
            case LookupFailed() if isinstance(node, LookupNode):
                late = given.reason == "timeout"
                self._move(node.timeout if late else node.error, given.reason)
            case Filed() if isinstance(node, FileComplaintNode | CallBackNode):
                self._owed.succeeded(node)
                if isinstance(node, FileComplaintNode):
                    self._variables.put(node.into, given.ticket)
                self._move(node.filed, "filed", given.ticket)
            case FilingFailed() if isinstance(node, FileComplaintNode | CallBackNode):
                self._owed.failed(node)
                self._move(node.failed, "failed")
            case TransferEnded() if isinstance(node, TransferNode):
                self._move(node.outcomes[given.outcome], given.outcome)
            case _:
                raise FlowFailureError(f"{type(given).__name__} at {node.place}")

    def _digits(self, node: InputNode, given: Digits) -> None:
        keys, ended_by = given.keys, given.ended_by
        if isinstance(node, AskNode):
            # A runner may leave the terminator in, or hand it over apart.
            if not ended_by and keys and keys[-1] in f"{node.terminators}*":
                keys, ended_by = keys[:-1], keys[-1]
            if ended_by == "*" and "*" in node.keys and "*" not in node.terminators:
                if keys:
                    # Star within an entry: start it over.
                    self._move(Way(Move.REPEAT), "cleared", self._shown(node, keys))
                else:
                    self._move(node.keys["*"], "*", "*")
            elif not keys and ended_by in node.keys:
                # A terminator with nothing before it ends no entry: it is a key like others.
                self._move(node.keys[ended_by], "match", ended_by)
            else:
                self._entry(node, keys)
        elif isinstance(node, MenuNode | ListNode):
            self._choice(node, keys + ended_by)

    def _choice(self, node: MenuNode | ListNode, key: str) -> None:
        way = node.choices.get(key)
        if way is None and isinstance(node, ListNode) and key == node.next_key:
            self._next_item(node, key)
            return
        way = way or node.keys.get(key)
        if way is None:
            self._no_match(node, key)
        else:
            self._move(way, "match", key)

    def _next_item(self, node: ListNode, key: str) -> None:
        items = self._variables[node.items]
        self._counts.clear()
        if self._index + 1 < len(items):
            self._index += 1
            self._move(Way(Move.REPEAT), "next", key)
            return
        self._note("no_more", key)
        self._play(node.no_more)
        self._wait(self._collect(node, max(map(len, (*node.choices, node.next_key)))))

    def _entry(self, node: AskNode, keys: str) -> None:
        shown = self._shown(node, keys)
        way = node.choices.get(keys)
        if way is None and len(keys) < node.min_digits:
            way = node.keys.get(keys)
        if way is not None:
            self._move(way, "match", keys)
        elif node.min_digits <= len(keys) <= node.max_digits and keys.isascii() and keys.isdigit():
            self._variables.put(node.into, keys, sensitive=node.sensitive)
            self._move(node.then, "match", shown)
        else:
            self._no_match(node, shown)

    def _shown(self, node: AskNode, keys: str) -> str:
        return MASK if node.sensitive and keys else keys

    def _no_match(self, node: InputNode, given: str = "") -> None:
        # What was typed after a mistake was meant for another place.
        self._purge = True
        self._retry(node, node.no_match, "no_match", given)

    def _retry(self, node: InputNode, retry: Retry | None, event: str, given: str = "") -> None:
        if retry is None:
            raise FlowFailureError(f"{node.place} does not say what happens on {event}")
        count = self._counts[event] = self._counts.get(event, 0) + 1
        if count >= retry.attempts:
            self._move(retry.then, event, given)
            return
        if retry.say:
            self._say(retry.say[min(count, len(retry.say)) - 1], in_passing=True)
        if retry.reprompt or not isinstance(self._node, MenuNode | AskNode):
            self._move(Way(Move.REPEAT), event, given)
        else:
            self._note(event, given)
            self._listen_again(node)

    def _listen_again(self, node: InputNode) -> None:
        """Wait as before, without saying the node's prompt again."""
        said, heard = len(self._out), self._heard
        self._enter(node)
        self._out[said:] = [one for one in self._out[said:] if not isinstance(one, Play)]
        self._heard = heard

    def _recorded(self, node: RecordNode, given: Recorded) -> None:
        kept = self._keep(node, given)
        if given.ended_by == "hang_up":
            self._waiting = None
            self._out = self._caller_gone(CallerHungUp())
        elif kept:
            # The recording has a row of its own: its id is no key that was pressed.
            self._move(node.then, "match")
        else:
            self._retry(node, node.no_input, "no_input")

    def _keep(self, node: RecordNode, recorded: Recorded | None) -> bool:
        """Remember what was spoken, and who files it if the caller goes; False if it is nothing."""
        if recorded is None or not recorded.recording:
            return False
        # The silence that ended a recording is part of it, and is not speech.
        trailing = (node.silence_s or 0.0) if recorded.ended_by == "silence" else 0.0
        if recorded.seconds - trailing < node.min_s:
            return False
        self._variables.put(node.into, recorded.recording)
        if node.hang_up:
            self._owed.promise(node.into, self._flow.id, node.hang_up)
        return True

    def _looked_up(self, node: LookupNode, given: LookupResult) -> None:
        way = node.outcomes.get(given.outcome)
        if way is None:
            failure = FlowFailureError(f"{node.place} has no way for the outcome {given.outcome!r}")
            self.failures.append(failure)
            self._move(node.error, given.outcome)
            return
        self._variables.put_all(node.into, given.values)
        self._move(way, given.outcome)
