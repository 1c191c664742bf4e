// What the line says, made even: frames of 20 ms come over TCP, in order but not on time. So much is
// held back that late ones are there when they are due: little on a good network, more after a gap.
import { Resampler, decode } from "./resample.js";

const RATE = 8000;
const MS = RATE / 1000;
const SMALLEST = 60 * MS;
const LARGEST = 200 * MS;
const FIRST = 80 * MS;
const MORE = 40 * MS; // after a gap
const TOO_MUCH = 160 * MS; // above what is wanted: a network that had stopped; what is old goes
const SLEW = 0.002; // how much faster or slower, to come back to what is wanted; not heard
const FADE = 0.005; // seconds
const PAUSE = 0.3; // seconds: the line sends nothing while it says nothing; that is no gap
const CALM = 10; // seconds without need of what is held, before less is held

class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(RATE, sampleRate);
    this.even = this.resampler.ratio;
    this.wanted = FIRST;
    this.playing = false;
    this.gain = 0;
    this.lowest = Infinity;
    this.since = 0;
    this.gaps = 0;
    this.dryAt = -Infinity;
    this.skipped = 0;
    this.told = 0;
    this.running = true;
    this.port.onmessage = ({ data }) => {
      if (data === "end") this.running = false;
      else this.resampler.push(decode(new Uint8Array(data)));
    };
  }

  process(_, [[out]]) {
    const { resampler } = this;
    const step = 1 / (FADE * sampleRate);
    if (!this.playing && resampler.ahead >= this.wanted) this.goOn();
    for (let i = 0; i < out.length; i += 1) {
      if (this.playing && !resampler.ready()) this.ranDry();
      // Fading needs sound to fade: what is left of it is enough for the kernel to end in silence.
      if (!this.playing) { out[i] = this.last = (this.last ?? 0) * 0.98; continue; }
      this.gain = Math.min(1, this.gain + step);
      out[i] = this.last = resampler.next() * this.gain;
    }
    this.keepEven(out.length / sampleRate);
    return this.running;
  }

  ranDry() {
    this.playing = false;
    this.gain = 0;
    this.dryAt = currentTime;
    this.lowest = Infinity; // what the end of a sentence left says nothing of the network
  }

  goOn() {
    this.playing = true;
    // Late by less than a pause, besides the time it took to hold enough again: a gap in a sentence.
    if (currentTime - this.dryAt > PAUSE + this.wanted / RATE) return;
    this.gaps += 1;
    this.wanted = Math.min(LARGEST, this.wanted + MORE);
    this.since = 0;
  }

  keepEven(seconds) {
    const { resampler } = this;
    if (this.playing) {
      const ahead = resampler.ahead;
      this.lowest = Math.min(this.lowest, ahead);
      this.since += seconds;
      if (this.since >= CALM) {
        if (this.lowest > 50 * MS) this.wanted = Math.max(SMALLEST, this.wanted - 20 * MS);
        this.since = 0;
        this.lowest = Infinity;
      }
      const off = ahead - this.wanted;
      resampler.ratio = this.even * (1 + (off > 20 * MS ? SLEW : off < -20 * MS ? -SLEW : 0));
      if (off > TOO_MUCH) {
        // Fades in again: a skip without a click.
        resampler.at += off;
        this.skipped += off / RATE;
        this.gain = 0;
      }
    }
    this.told += seconds;
    if (this.told >= 0.5) {
      this.told = 0;
      this.port.postMessage({ heldMs: Math.round(resampler.ahead / MS), wantedMs: this.wanted / MS, gaps: this.gaps, skippedS: this.skipped, playing: this.playing });
    }
  }
}

registerProcessor("speaker", Speaker);
