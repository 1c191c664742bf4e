"""Listening in to a call that lasts: the page, and the stream of its sound.

Who listens to which call, when and why is in the audit log before the first sound is handed on,
and how long it was when it ends. The sound comes from the responder by a Unix socket
(`ivr.responder.listening`); it is nowhere kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from admin_web.audit import note
from admin_web.calls.blueprint import blueprint
from admin_web.calls.forms import LONGEST_REASON, ListenForm
from admin_web.desk import desk
from admin_web.places import places
from admin_web.streams import Socket, admit
from ivr.records.tables import Call
from ivr.services import live_calls

_ANSWER_WITHIN_S = 10.0
_ASKED_WITHIN_S = 60.0


def listening_in() -> str:
    """Return how listening in is set: off, silent or tone."""
    return desk().settings.listening_in


@blueprint.app_context_processor
def about_listening() -> dict[str, object]:
    """Let pages of calls ask whether there is anything to be listened in to."""
    return {"listening_in": listening_in}


@blueprint.get("/<call_id>/listen")
def listen(call_id: str) -> ResponseReturnValue:
    """The page on which a supervisor says why, and listens."""
    if listening_in() == "off":
        abort(404)
    with desk().database.read() as session:
        call = session.get(Call, call_id)
        if call is None:
            abort(404)
        running = live_calls.in_progress(session, desk().now()).calls
        stands = next((one for one in running if one.id == call_id), None)
        known = places(session)
    return render_template(
        "calls/listen.html",
        call=call,
        stands=stands,
        places=known,
        form=ListenForm(None),
        told=listening_in() == "tone",
        now=desk().now(),
    )


@blueprint.get("/<call_id>/listen/sound")
def listen_sound(call_id: str) -> ResponseReturnValue:
    """The sound of the call, for who has said why."""
    if listening_in() == "off":
        abort(404)
    return admit(call=call_id, socket=desk().settings.listening)


async def hand_on(socket: Socket) -> None:
    """Hand the sound of a call on to one listener, from the reason to the end.

    Told to the page: `refused`, `listening`, `confidential` and `ended`, each once at its time;
    all else is sound, 20 ms of µ-law in every message.
    """
    call_id = str(socket.about["call"])
    reason = await _reason(socket)
    if not reason:
        await socket.send({"refused": "reason"})
        return
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_unix_connection(str(socket.about["socket"]))
    except (OSError, TimeoutError):
        await socket.send({"refused": "line"})
        return
    try:
        writer.write(json.dumps({"call": call_id}).encode() + b"\n")
        refused = await _refused(reader)
        if refused:
            await socket.send({"refused": refused})
            return
        # Nothing is heard that is not written down: this may fail, and then nobody listens.
        await socket.in_page(_note, "listening_in_began", call_id, reason=reason)
        await _relay(socket, reader, call_id)
    finally:
        writer.close()


async def _reason(socket: Socket) -> str:
    try:
        async with asyncio.timeout(_ASKED_WITHIN_S):
            asked = await socket.receive()
    except TimeoutError:
        return ""
    given: Any = asked.get("reason") if isinstance(asked, dict) else None
    return given.strip()[:LONGEST_REASON] if isinstance(given, str) else ""


async def _refused(reader: asyncio.StreamReader) -> str:
    """Return why the line does not let us hear the call, or an empty text."""
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            answer = json.loads(await reader.readline())
    except (OSError, TimeoutError, ValueError):
        return "line"
    return "" if answer.get("listening") else str(answer.get("refused", "line"))


async def _relay(socket: Socket, reader: asyncio.StreamReader, call_id: str) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    why = "left"
    try:
        await socket.send({"listening": True})
        why = "line"  # as long as nothing says otherwise, the line has gone
        async for kind, data in _pieces(reader):
            if kind == b"S":
                await socket.send(data)
                continue
            told = json.loads(data)
            if "ended" in told:
                why = str(told["ended"])
                break
            await socket.send(told)
    except BaseException:  # the listener has left, or was made to
        why = "left"
        raise
    finally:
        seconds = f"{loop.time() - began:.1f}"
        # Whoever closes the page at this very moment does not keep it from being written down.
        await asyncio.shield(
            socket.in_page(_note, "listening_in_ended", call_id, seconds=seconds, why=why)
        )
    await socket.send({"ended": why})


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    """Yield what the line sends, until it closes."""
    with suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = await reader.readexactly(3)
            yield head[:1], await reader.readexactly(int.from_bytes(head[1:], "big"))


def _note(what: str, call_id: str, **detail: str) -> None:
    with desk().database.begin() as session:
        note(session, what, f"call {call_id}", **detail)
