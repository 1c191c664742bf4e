"""A PJSIP telephone that does as it is told, a JSON object a line on standard input.

`{"call": URI}`, `{"press": "5"}`, `{"hold": true}`, `{"hold": false}`, `{"tone": 440}`,
`{"hang_up": true}`, `{"quit": true}`. What happens is told the same way on standard output.
Argument: `{"number", "port", "refer", "answers", "heard"}` as JSON; with `"tls": {"ca",
"certificate", "key"}` it speaks TLS alone and checks the line, and `"srtp"` is 0 for no
encryption, 1 for whatever comes, 2 for nothing else.
"""

import json
import os
import sys
import time
from typing import Any

import pjsua2 as pj

TONE_MS = 30_000  # a short in PJSIP; the tone is repeated without end
SOUND_LEVEL = 3  # of 255; digital silence is 0


def tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


class Call(pj.Call):
    """One call, placed, taken or made for a transfer."""

    def __init__(self, phone: "Phone", number: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, number)
        self.phone = phone
        self.audio: pj.AudioMedia | None = None

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802 - pjsua2's name
        info = self.getInfo()
        tell(state=info.stateText, status=info.lastStatusCode)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.audio = None
            self.phone.over.append(self)

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802
        info = self.getInfo()
        self.audio = None  # where it was is gone, as when the call is held
        for index in range(len(info.media)):
            media = info.media[index]
            if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.audio = self.getAudioMedia(index)
                self.audio.startTransmit(self.phone.recorder)
                self.phone.voice.startTransmit(self.audio)
            tell(media=media.status == pj.PJSUA_CALL_MEDIA_ACTIVE, hold=media.status in _HOLDS)

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802
        tell(key=prm.digit)

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:  # noqa: N802
        tell(refer=prm.dstUri)
        prm.statusCode = self.phone.given["refer"]
        if prm.statusCode < 300:
            self.phone.made = Call(self.phone)
            prm.newCall = self.phone.made


_HOLDS = (pj.PJSUA_CALL_MEDIA_LOCAL_HOLD, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)


class Account(pj.Account):
    phone: "Phone"

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        self.phone.call = Call(self.phone, prm.callId)
        answer = pj.CallOpParam()
        answer.statusCode = self.phone.given["answers"]
        self.phone.call.answer(answer)


class Phone:
    """The whole process."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.end = pj.Endpoint()
        self.end.libCreate()
        config = pj.EpConfig()
        config.logConfig.level = config.logConfig.consoleLevel = 1
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.medConfig.clockRate = 8000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self.end.libInit(config)
        self.end.audDevManager().setNullDev()
        identity = self._transport(given)
        self.end.libStart()
        for codec in self.end.codecEnum2():
            self.end.codecSetPriority(codec.codecId, 255 if "PCMU" in codec.codecId else 0)
        account = pj.AccountConfig()
        account.idUri = f"sip:{given['number']}@127.0.0.1"
        account.sipConfig.transportId = identity
        account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        account.mediaConfig.srtpUse = given.get("srtp", 0)
        account.mediaConfig.srtpSecureSignaling = 0
        self.account = Account()
        self.account.phone = self
        self.account.create(account)
        self.voice = pj.ToneGenerator()
        self.voice.createToneGenerator(8000, 1)
        self.recorder = pj.AudioMediaRecorder()
        self.recorder.createRecorder(given["heard"])
        self.call: Call | None = None
        self.made: Call | None = None
        self.over: list[Call] = []
        self._sounding = False

    def _transport(self, given: dict[str, Any]) -> int:
        transport = pj.TransportConfig()
        transport.boundAddress = "127.0.0.1"
        transport.port = given["port"]
        tls = given.get("tls")
        if not tls:
            return self.end.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        transport.tlsConfig.CaListFile = tls["ca"]
        transport.tlsConfig.verifyServer = True
        if tls.get("certificate"):
            transport.tlsConfig.certFile = tls["certificate"]
            transport.tlsConfig.privKeyFile = tls["key"]
        return self.end.transportCreate(pj.PJSIP_TRANSPORT_TLS, transport)

    def do(self, what: dict[str, Any]) -> None:
        match what:
            case {"call": uri}:
                self.call = Call(self)
                self.call.makeCall(uri, pj.CallOpParam(True))
            case {"press": keys}:
                parameters = pj.CallSendDtmfParam()
                parameters.digits, parameters.duration = keys, 120
                parameters.method = pj.PJSUA_DTMF_METHOD_RFC2833
                self.call.sendDtmf(parameters)
            case {"hold": True}:
                self.call.setHold(pj.CallOpParam())
            case {"hold": False}:
                parameters = pj.CallOpParam(True)
                parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
                self.call.reinvite(parameters)
            case {"tone": hertz}:
                tones = pj.ToneDescVector()
                tone = pj.ToneDesc()
                tone.freq1, tone.on_msec, tone.off_msec = hertz, TONE_MS, 0
                tones.append(tone)
                self.voice.play(tones, True)
            case {"hang_up": _}:
                self.call.hangup(pj.CallOpParam())

    def listen(self) -> None:  # "tx": what the bridge hands out of the call
        """Tell when sound begins and when it ends."""
        call = self.call
        sounding = (
            call is not None and call.audio is not None and call.audio.getTxLevel() > SOUND_LEVEL
        )
        if sounding != self._sounding:
            self._sounding = sounding
            tell(sound=sounding)

    def close(self) -> None:
        # pjsua2 wants its objects gone before the library.
        self.call = self.made = None
        self.over.clear()
        self.voice = self.recorder = None
        self.account.shutdown()
        self.end.libDestroy()


def main() -> None:
    phone = Phone(json.loads(sys.argv[1]))
    os.set_blocking(0, False)
    tell(ready=True)
    waiting = b""
    gone_at = None
    while gone_at is None or time.monotonic() < gone_at:
        phone.end.libHandleEvents(10)
        phone.listen()
        try:
            waiting += os.read(0, 65536)
        except BlockingIOError:
            continue
        *lines, waiting = waiting.split(b"\n")
        for line in lines:
            what = json.loads(line)
            if "quit" in what:
                phone.end.hangupAllCalls()
                gone_at = time.monotonic() + 0.3
            else:
                phone.do(what)
    phone.close()


if __name__ == "__main__":
    main()
