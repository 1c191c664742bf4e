"""The responder process: what a crash left is put in order, then the line answers."""

import gc
import logging
import resource
import signal
import sys
from typing import Any

from twisted.internet import reactor as default_reactor
from twisted.internet.error import CannotListenError

from call_flows import default_texts
from ivr.lifeline import announce_ready, keep_beating
from ivr.media import MediaError, repair_wav
from ivr.records import Database
from ivr.responder.bench_flows import sounds, with_bench_flows
from ivr.responder.content import Source
from ivr.responder.journal import utc_now
from ivr.responder.line import Line
from ivr.responder.studio import sweep
from ivr.services import recordings, recovery
from ivr.settings import Settings
from ivr.voices import order
from ivr.wording import OperatorError, Wording
from prompts.catalogue import Catalogue
from prompts.engines import voices
from prompts.manner import Manner

SWITCH_INTERVAL_S = 0.00002
"""How long another thread may keep the interpreter once the reactor wants it. With 500 calls up
and 10 a second coming and going, the worst gap was 28 to 34 ms at 0.02 ms and 50 to 55 ms at
0.2 ms (`bench/line_load.py mixed 500`)."""

GC_THRESHOLDS = (700, 5, 1_000_000_000)
"""The collector's small steps only (under 3 ms): a full collection with 500 calls up was measured
at 118 ms, a gap for every caller. Calls free themselves when they end (`Call._release`), and the
line collects fully when no call is up."""

log = logging.getLogger(__name__)


def main(settings: Settings) -> None:
    """Serve calls until SIGTERM, then let running calls end. Raises OperatorError."""
    # Each call holds two sockets here and two in the sound's process; many systems begin with 1024.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    reactor: Any = default_reactor
    database = Database(settings.database_url)
    recover(settings, database)
    sweep(settings)
    content = source(settings)
    if settings.bench_flows:
        content = with_bench_flows(content)
    names = voices(order(settings.voice_zh, settings.voice_en))
    line = Line(reactor, settings, database, content, names)
    if settings.bench_flows:
        for clause, sound in sounds(content.catalogue):
            line.speech.keep(clause, sound)
    try:
        line.start()
    except CannotListenError as error:
        raise OperatorError(
            Wording(
                f"IVR_SIP_PORT={settings.sip_port}: cannot listen ({error.socketError}); "
                "stop what uses the port, or choose another",
                f"IVR_SIP_PORT={settings.sip_port}：无法监听（{error.socketError}）；"
                "请停止占用该端口的程序，或改用别的端口",
            )
        ) from error
    reactor.addSystemEventTrigger("before", "shutdown", line.drain, settings.drain_seconds)
    reactor.addSystemEventTrigger("during", "shutdown", line.stop)

    def serves() -> None:
        announce_ready()
        # Not the reactor's own clock: it stands still where the wall clock is set back.
        keep_beating(lambda after_s, do: line.deadlines.at(line.deadlines.now + after_s, do))

    reactor.callWhenRunning(serves)
    # The reactor puts up with a signal at any moment; what it asks for is done by the loop.
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(line.renew_certificates))
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    reactor.run()


def source(settings: Settings) -> Source:
    """What comes with the program; raises FlowError, CatalogueError."""
    from importlib.resources import files
    from pathlib import Path

    texts = Path(str(files("prompts"))) / "text"
    catalogue = Catalogue.load_folder(texts).with_manner(Manner(yao=settings.say_yao))
    return Source(default_texts(), catalogue, {}, settings.state_dir, settings.timezone)


def recover(settings: Settings, database: Database) -> None:
    """Close what a crash left open and mend its recordings, before the first call."""
    with database.begin() as session:
        found = recovery.recover(session, utc_now(), zone=settings.timezone)
        for recording, path in found.recordings:
            try:
                seconds = repair_wav(settings.state_dir / path)
            except (OSError, MediaError) as error:
                log.error("Recording %s cannot be mended: %s", path, error)
                recordings.fail(session, recording)
            else:
                recordings.finish(session, recording, seconds)
    if found.calls:
        log.warning(
            "After a crash: %d calls closed, %d recordings kept, filed: %s, %d call-backs",
            len(found.calls),
            len(found.recordings),
            ", ".join(found.tickets) or "none",
            len(found.call_backs),
        )
