// What the microphone hears, as the line wants it: 8 kHz, µ-law, frames of 20 ms.
import { Resampler, encode } from "./resample.js";

const FRAME = 160;

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, 8000);
    this.frame = new Uint8Array(FRAME);
    this.filled = 0;
    this.loudest = 0;
    this.running = true;
    this.port.onmessage = ({ data }) => { if (data === "end") this.running = false; };
  }

  process([input]) {
    if (input.length) {
      this.resampler.push(input[0]);
      while (this.resampler.ready()) this.put(this.resampler.next());
    }
    return this.running;
  }

  put(sample) {
    this.loudest = Math.max(this.loudest, Math.abs(sample));
    this.frame[this.filled] = encode(sample);
    this.filled += 1;
    if (this.filled < FRAME) return;
    const { frame } = this;
    this.port.postMessage({ frame: frame.buffer, level: this.loudest }, [frame.buffer]);
    this.frame = new Uint8Array(FRAME);
    this.filled = 0;
    this.loudest = 0;
  }
}

registerProcessor("microphone", Microphone);
