// Recording a prompt in the browser: microphone, level, listen, keep or record again. What is
// kept goes into the form's file field as a WAV, and from there the way of any upload, through
// the same checks. Without JavaScript the file field is all there is.
"use strict";

const RATE_HZ = 24000; // speech for a telephone; 48 kB a second
const SILENT_PEAK = 0.003; // about -50 dBFS: a muted microphone

for (const form of document.querySelectorAll("form[data-recorder]")) attachRecorder(form);

function attachRecorder(form) {
  const box = form.querySelector(".recorder");
  const part = (name) => box.querySelector(name);
  const [start, stop, clock, level, told, player] = [
    ".record", ".stop", ".clock", ".level", ".told", "audio",
  ].map(part);
  const file = form.querySelector("input[type=file]");
  const source = form.querySelector("input[name$=source]");
  const words = form.dataset;
  let running = null;

  box.hidden = false;
  source.value = "";
  if (!window.isSecureContext) return cannot(words.insecure);
  if (!navigator.mediaDevices || !window.MediaRecorder || !window.OfflineAudioContext) {
    return cannot(words.unable);
  }

  function cannot(reason) {
    start.disabled = true;
    tell(reason, true);
  }

  function tell(text, wrong = false) {
    told.textContent = text;
    told.className = wrong && text ? "told notice error" : "told";
  }

  async function record() {
    tell("");
    start.disabled = true;
    player.pause();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: true, autoGainControl: false },
      });
    } catch (error) {
      start.disabled = false;
      return tell(reasonFor(error), true);
    }
    const recorder = new MediaRecorder(stream);
    const parts = [];
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => finish(new Blob(parts, { type: recorder.mimeType })));
    stream.getTracks()[0].addEventListener("ended", end); // unplugged while it recorded
    running = { recorder, stream, meter: watch(stream) };
    recorder.start();
    start.hidden = true;
    stop.hidden = false;
    stop.focus();
    level.hidden = false;
    player.hidden = true;
  }

  function end() {
    if (!running) return;
    const { recorder, stream, meter } = running;
    running = null;
    meter.close();
    if (recorder.state !== "inactive") recorder.stop();
    for (const track of stream.getTracks()) track.stop();
    level.hidden = true;
    stop.hidden = true;
    start.hidden = false;
    start.disabled = false;
    start.focus();
  }

  async function finish(blob) {
    try {
      const sound = await speech(blob);
      if (peakOf(sound) < SILENT_PEAK) return tell(words.silent, true);
      const take = new File([wav(sound)], words.name, { type: "audio/wav" });
      const list = new DataTransfer();
      list.items.add(take);
      file.files = list.files;
      source.value = "browser";
      if (player.src) URL.revokeObjectURL(player.src);
      player.src = URL.createObjectURL(take);
      player.hidden = false;
      tell(words.ready);
    } catch {
      tell(words.broken, true);
    }
  }

  // The level of the microphone and the time, until closed.
  function watch(stream) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const begun = performance.now();
    let frame = 0;
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      // -60 dBFS is empty, 0 dBFS full: as loudness is heard.
      level.value = Math.min(1, Math.max(0, 1 + (20 * Math.log10(peakOf(samples) || 1e-6)) / 60));
      const seconds = (performance.now() - begun) / 1000;
      clock.textContent = `${seconds.toFixed(1)} s`;
      if (seconds >= Number(words.longest)) return end();
      frame = requestAnimationFrame(look);
    };
    frame = requestAnimationFrame(look);
    return {
      close() {
        cancelAnimationFrame(frame);
        context.close();
      },
    };
  }

  function reasonFor(error) {
    switch (error.name) {
      case "NotAllowedError":
      case "SecurityError":
        return words.refused;
      case "NotFoundError":
      case "OverconstrainedError":
        return words.absent;
      default:
        return words.busy;
    }
  }

  start.addEventListener("click", record);
  stop.addEventListener("click", end);
  // A file chosen by hand is no take of the browser.
  file.addEventListener("change", () => {
    source.value = "";
    player.hidden = true;
    tell("");
  });
}

// One channel at RATE_HZ of whatever the browser recorded; resampled by the browser itself.
async function speech(blob) {
  const decoder = new OfflineAudioContext(1, 1, RATE_HZ);
  const decoded = await decoder.decodeAudioData(await blob.arrayBuffer());
  return decoded.getChannelData(0);
}

function peakOf(samples) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

// 16-bit PCM WAV (RIFF).
function wav(samples) {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((c, i) => bytes.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, RATE_HZ, true);
  bytes.setUint32(28, 2 * RATE_HZ, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, at) => {
    bytes.setInt16(44 + 2 * at, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
  });
  return bytes.buffer;
}
