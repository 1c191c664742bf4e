"""A scripted caller on PJSIP (pjsua2), in a process of its own: `pjsip_caller.py SCRIPT.json`.

It listens while it speaks: a step may be due at a time, or once the line has
said something and been quiet for a while, as a person would press keys.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pjsua2 as pj

SOUND_LEVEL = 3  # of 255; digital silence is 0
GIVE_UP_S = 90.0


class Call(pj.Call):
    """The one call of this process."""

    def __init__(self, account: pj.Account, script: dict[str, Any]) -> None:
        super().__init__(account)
        self.script = script
        self.answered: float | None = None
        self.ended = False
        self.audio: pj.AudioMedia | None = None
        self.recorder: pj.AudioMediaRecorder | None = None
        self.player: pj.AudioMediaPlayer | None = None

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802 - pjsua2's name
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED and self.answered is None:
            self.answered = time.monotonic()
        self.ended = self.ended or info.state == pj.PJSIP_INV_STATE_DISCONNECTED

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802
        info = self.getInfo()
        for index in range(len(info.media)):
            media = info.media[index]
            active = media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
            if media.type == pj.PJMEDIA_TYPE_AUDIO and active and self.recorder is None:
                self.audio = self.getAudioMedia(index)
                self.recorder = pj.AudioMediaRecorder()
                self.recorder.createRecorder(self.script["heard"])
                self.audio.startTransmit(self.recorder)

    def press(self, keys: str) -> None:
        """By RFC 4733."""
        parameters = pj.CallSendDtmfParam()
        parameters.digits = keys
        parameters.duration = 120
        parameters.method = pj.PJSUA_DTMF_METHOD_RFC2833
        self.sendDtmf(parameters)

    def speak(self, path: str) -> None:
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(path, pj.PJMEDIA_FILE_NO_LOOP)
        self.player.startTransmit(self.audio)


def endpoint() -> tuple[pj.Endpoint, int]:
    """A PJSIP without sound card, bound to loopback; only G.711."""
    end = pj.Endpoint()
    end.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 1
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.clockRate = 8000
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    end.libInit(config)
    end.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    identity = end.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    end.libStart()
    for codec in end.codecEnum2():
        end.codecSetPriority(codec.codecId, 255 if "PCMU" in codec.codecId else 0)
    return end, identity


def follow(end: pj.Endpoint, call: Call, steps: list[dict[str, Any]]) -> None:
    """Take each step when it is due, until the last or until the line hangs up."""
    began = since = time.monotonic()
    last_sound: float | None = None
    while not call.ended and time.monotonic() - began < GIVE_UP_S:
        end.libHandleEvents(10)
        now = time.monotonic()
        if call.answered is None:
            since = now
            continue
        since = max(since, call.answered)
        # "tx": what the conference bridge hands out of the call, that is, what is heard.
        if call.audio is not None and call.audio.getTxLevel() > SOUND_LEVEL:
            last_sound = now
        if not steps:
            return
        step = steps[0]
        quiet_s = step.get("after_quiet_s")
        due = (
            last_sound is not None and last_sound > since + 0.3 and now - last_sound >= quiet_s
            if quiet_s is not None
            else now - since >= step["after_s"]
        )
        if due:
            steps.pop(0)
            since, last_sound = now, None
            if "keys" in step:
                call.press(step["keys"])
            if "speak" in step:
                call.speak(step["speak"])


def main(path: str) -> int:
    script = json.loads(Path(path).read_text(encoding="utf-8"))
    end, identity = endpoint()
    account_config = pj.AccountConfig()
    account_config.idUri = f"sip:{script['caller']}@127.0.0.1"
    account_config.sipConfig.transportId = identity
    account_config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    # Left to itself, every process begins at the same port.
    account_config.mediaConfig.transportConfig.port = script["rtp_port"]
    account = pj.Account()
    account.create(account_config)
    call = Call(account, script)
    call.makeCall(script["target"], pj.CallOpParam(True))
    follow(end, call, script["steps"])
    if not call.ended:
        call.hangup(pj.CallOpParam())
    limit = time.monotonic() + 2.0
    while not call.ended and time.monotonic() < limit:
        end.libHandleEvents(10)
    answered = call.answered is not None
    # pjsua2 wants its objects gone before the library.
    call.recorder = call.player = call.audio = None
    del call
    account.shutdown()
    end.libDestroy()
    return 0 if answered else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
