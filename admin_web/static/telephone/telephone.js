// The browser telephone: a WebSocket to the desk, which places a SIP call to the line for it.
// Sound is in two worklets (speaker.js, microphone.js); here are the keys, the states, the words.
"use strict";

for (const root of document.querySelectorAll("[data-telephone]")) attachTelephone(root);

function attachTelephone(root) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const words = JSON.parse(root.dataset.words);
  const say = (key, n = "") => (words[key] ?? key).replace("{n}", n);
  const [number, callButton, hangUp, state, clock, inCall, micButton, micState, level, pressed, record] = [
    "number", "call", "hang-up", "state", "clock", "in-call", "mic", "mic-state", "level", "pressed", "record",
  ].map(part);
  let call = null;

  callButton.addEventListener("click", begin);
  hangUp.addEventListener("click", () => call?.hangUp());
  micButton.addEventListener("click", () => call?.turnMicrophone());
  root.querySelectorAll("[data-key]").forEach((button) => {
    button.addEventListener("click", () => call?.press(button.dataset.key));
  });
  document.addEventListener("keydown", (event) => {
    if (!call || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.matches("input, select, textarea, [contenteditable]")) return;
    if (/^[0-9*#]$/.test(event.key)) {
      event.preventDefault();
      call.press(event.key);
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (!call) return;
    event.preventDefault();
    event.returnValue = say("leave");
  });
  window.addEventListener("pagehide", () => call?.leave());

  function begin() {
    if (call) return;
    if (!window.AudioWorkletNode && window.isSecureContext) return tell(say("no_audio"));
    call = new TelephoneCall(root, number.value, {
      state: tell,
      say,
      talking: () => { inCall.hidden = false; clock.hidden = false; },
      seconds: (n) => { clock.textContent = `${Math.floor(n / 60)}:${String(n % 60).padStart(2, "0")}`; },
      microphone: (text, on) => {
        micState.textContent = text;
        micButton.hidden = on === null;
        level.hidden = on === null;
        micButton.textContent = say(on ? "turn_mic_off" : "turn_mic_on");
        if (!on) level.value = 0;
      },
      level: (value) => { level.value = value; },
      pressed: (key) => {
        pressed.textContent = (pressed.textContent + key).slice(-24);
        const button = root.querySelector(`[data-key="${key}"]`);
        button?.classList.add("down");
        setTimeout(() => button?.classList.remove("down"), 150);
      },
      record: (address) => {
        record.href = address;
        record.parentElement.hidden = !address;
      },
      over: (text) => {
        call = null;
        tell(text);
        inCall.hidden = true;
        callButton.hidden = false;
        hangUp.hidden = true;
        number.disabled = false;
        callButton.focus();
      },
    });
    pressed.textContent = "";
    clock.textContent = "0:00";
    clock.hidden = true;
    record.parentElement.hidden = true;
    callButton.hidden = true;
    hangUp.hidden = false;
    number.disabled = true;
    hangUp.focus();
    tell(say("calling"));
    call.begin();
  }

  function tell(text) { state.textContent = text; }
}

class TelephoneCall {
  constructor(root, number, page) {
    this.page = page;
    this.folder = root.dataset.static;
    this.version = root.dataset.version;
    const address = new URL(root.dataset.line, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("number", number);
    this.address = address;
    this.waiting = []; // what came before the speaker was ready
    this.end = "";
    this.micOn = true;
    this.statistics = { frames: 0 };
    root.telephone = this.statistics; // for who looks into a call that sounds wrong
  }

  begin() {
    // In the press of the button, else the browser keeps it silent.
    this.audio = new AudioContext({ latencyHint: "interactive" });
    this.audio.resume();
    this.socket = new WebSocket(this.address);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.take(data));
    this.socket.addEventListener("close", ({ code }) => this.over(code));
    this.heart = setInterval(() => this.tell({ here: true }), 2000);
    this.openSpeaker().catch(() => { this.end = this.page.say("no_audio"); this.socket.close(); });
    this.openMicrophone();
  }

  async openSpeaker() {
    if (!this.audio.audioWorklet) return this.openPlainSpeaker();
    await this.audio.audioWorklet.addModule(`${this.folder}speaker.js?v=${this.version}`);
    this.speaker = new AudioWorkletNode(this.audio, "speaker", { numberOfInputs: 0, outputChannelCount: [1] });
    this.speaker.port.onmessage = ({ data }) => Object.assign(this.statistics, data);
    this.speaker.connect(this.audio.destination);
    for (const frame of this.waiting.splice(0)) this.play(frame);
  }

  // Worklets need https:// or localhost. Elsewhere frames are played one behind the other.
  async openPlainSpeaker() {
    const { decode } = await import(`${this.folder}resample.js?v=${this.version}`);
    let due = 0;
    this.plain = (frame) => {
      const now = this.audio.currentTime;
      if (due < now) due = now + 0.1;
      if (due > now + 0.5) return;
      const samples = decode(new Uint8Array(frame));
      const buffer = this.audio.createBuffer(1, samples.length, 8000);
      buffer.copyToChannel(samples, 0);
      const source = this.audio.createBufferSource();
      source.buffer = buffer;
      source.connect(this.audio.destination);
      source.start(due);
      due += buffer.duration;
    };
    for (const frame of this.waiting.splice(0)) this.play(frame);
  }

  async openMicrophone() {
    const { say } = this.page;
    if (!window.isSecureContext || !navigator.mediaDevices) return this.page.microphone(say("mic_insecure"), null);
    this.page.microphone(say("mic_waiting"), null);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      if (!this.socket || this.socket.readyState > 1) return stream.getTracks().forEach((track) => track.stop());
      this.stream = stream;
      await this.audio.audioWorklet.addModule(`${this.folder}microphone.js?v=${this.version}`);
      const source = this.audio.createMediaStreamSource(stream);
      this.microphone = new AudioWorkletNode(this.audio, "microphone", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      this.microphone.port.onmessage = ({ data }) => this.speak(data);
      source.connect(this.microphone);
      stream.getTracks()[0].addEventListener("ended", () => this.page.microphone(say("mic_none"), null));
      this.page.microphone(say("mic_on"), true);
    } catch (error) {
      const key = error.name === "NotAllowedError" ? "mic_denied" : "mic_none";
      this.page.microphone(say(key), null);
    }
  }

  turnMicrophone() {
    this.micOn = !this.micOn;
    this.stream?.getTracks().forEach((track) => { track.enabled = this.micOn; });
    this.page.microphone(this.page.say(this.micOn ? "mic_on" : "mic_off"), this.micOn);
  }

  speak({ frame, level }) {
    if (!this.micOn || !this.talking || this.socket.readyState !== 1) return;
    this.page.level(level);
    // On a network that takes nothing, old words are not worth sending.
    if (this.socket.bufferedAmount < 8000) this.socket.send(frame);
  }

  take(data) {
    if (data instanceof ArrayBuffer) {
      this.statistics.frames += 1;
      return this.play(data);
    }
    const said = JSON.parse(data);
    if (said.record !== undefined) this.page.record(said.record);
    if (said.idle) this.end = this.page.say("ended_idle");
    if (said.state === "ringing") this.page.state(this.page.say("ringing"));
    if (said.state === "talking") this.begun();
    if (said.state === "ended") this.end ||= this.reason(said);
  }

  begun() {
    this.talking = true;
    const since = performance.now();
    this.page.state(this.page.say("talking"));
    this.page.talking();
    this.ticking = setInterval(() => this.page.seconds(Math.floor((performance.now() - since) / 1000)), 500);
  }

  play(frame) {
    if (this.speaker) this.speaker.port.postMessage(frame, [frame]);
    else if (this.plain) this.plain(frame);
    else if (this.waiting.length < 50) this.waiting.push(frame);
  }

  reason({ by, status, reason }) {
    const { say } = this.page;
    if (by !== "refused") return say(`ended_${by}`);
    if (reason === "browser_calls") return say(reason);
    return [404, 486, 503].includes(status) ? say(`refused_${status}`) : say("refused", status);
  }

  press(key) {
    if (!this.talking) return;
    this.tell({ key });
    this.page.pressed(key);
  }

  tell(message) { if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message)); }

  hangUp() {
    this.end = this.page.say("ended_you");
    // Before it is connected there is nothing to say goodbye to.
    if (this.socket.readyState === 1) this.tell({ hang_up: true });
    else this.socket.close();
  }

  leave() { this.socket.close(); }

  over(code) {
    const closed = { 1013: "busy", 4401: "signed_out", 1012: "stopping" };
    clearInterval(this.heart);
    clearInterval(this.ticking);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.speaker?.port.postMessage("end");
    this.microphone?.port.postMessage("end");
    this.audio.close();
    this.page.over(this.end || this.page.say(closed[code] ?? "broken"));
  }
}
