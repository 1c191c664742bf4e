// Listening in: says why, then plays both sides of the call as they come (G.711 µ-law, 20 ms a
// message), by the speaker of the telephone in the pages. Nothing is kept.
"use strict";

(() => {
  const form = document.querySelector("[data-listen]");
  if (!form) return;
  const words = form.dataset;
  const part = (name) => document.querySelector(`[data-listen-${name}]`);
  const [begin, stop] = [form.querySelector("[data-begin]"), form.querySelector("[data-stop]")];
  const reason = form.querySelector("[name=reason]");
  const meter = part("level").querySelector("meter");
  let socket = null;
  let sound = null;
  let hearing = null;
  let began = 0;
  let clock = 0;
  let over = false;

  // ITU-T G.711, µ-law to linear from -1 to 1.
  const LINEAR = Float32Array.from({ length: 256 }, (_one, code) => {
    const bits = ~code & 0xff;
    const magnitude = (((bits & 15) << 3) + 132 << (bits >> 4 & 7)) - 132;
    return (bits & 0x80 ? -magnitude : magnitude) / 32768;
  });

  const say = (text) => { part("said").textContent = text; };
  const time = () => {
    const seconds = Math.floor((performance.now() - began) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  const tell = () => {
    const text = words.listening.replace("{time}", time());
    // Not for screen readers each second: they hear when it begins and ends.
    part("said").setAttribute("aria-live", "off");
    say(text);
  };

  const end = (text) => {
    if (over) return;
    over = true;
    clearInterval(clock);
    part("said").setAttribute("aria-live", "polite");
    say(text);
    socket?.close();
    hearing?.port.postMessage("end");
    sound?.close();
    socket = sound = hearing = null;
    stop.hidden = true;
    begin.hidden = false;
    begin.disabled = false;
    reason.disabled = false;
    part("level").hidden = true;
    part("confidential").hidden = true;
    part("record").hidden = false;
    delete form.dataset.heard;
  };

  const hear = (data) => {
    const samples = Float32Array.from(new Uint8Array(data), (code) => LINEAR[code]);
    meter.value = Math.min(100, Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length) * 400);
    hearing?.port.postMessage(data, [data]);
    form.dataset.heard = Number(form.dataset.heard ?? 0) + 1;
  };

  const told = (message) => {
    if (message.refused) end(words[`refused${message.refused[0].toUpperCase()}${message.refused.slice(1)}`] ?? words.refusedLine);
    else if (message.ended) end(words[`ended${message.ended[0].toUpperCase()}${message.ended.slice(1)}`] ?? words.endedLine);
    else if ("confidential" in message) part("confidential").hidden = !message.confidential;
    else if (message.listening) {
      began = performance.now();
      clock = setInterval(tell, 1000);
      say(words.listening.replace("{time}", "0:00"));
      begin.hidden = true;
      stop.hidden = false;
      stop.focus();
      part("level").hidden = false;
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!reason.value.trim()) { reason.focus(); say(words.refusedReason); return; }
    over = false;
    begin.disabled = reason.disabled = true;
    part("record").hidden = true;
    say(words.connecting);
    try {
      // The press of the button allows the sound.
      sound = new AudioContext({ latencyHint: "interactive" });
      await sound.audioWorklet.addModule(words.speaker);
      hearing = new AudioWorkletNode(sound, "speaker", { numberOfInputs: 0, outputChannelCount: [1] });
      hearing.connect(sound.destination);
      sound.resume();
    } catch (error) {
      end(String(error.message ?? error));
      return;
    }
    const address = new URL(words.listen, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => socket.send(JSON.stringify({ reason: reason.value.trim() })));
    socket.addEventListener("message", ({ data }) => (typeof data === "string" ? told(JSON.parse(data)) : hear(data)));
    socket.addEventListener("close", ({ code }) => end(code === 4401 ? words.signedOut : code === 1013 ? words.refusedBusy : words.lost));
  });
  stop.addEventListener("click", () => end(words.stopped));
  window.addEventListener("pagehide", () => end(words.stopped));
})();
