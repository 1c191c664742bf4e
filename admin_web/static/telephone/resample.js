// Another sample rate, by a windowed sinc (Smith, "Digital Audio Resampling"): the kernel's cut-off
// lies below the lower of both rates' halves, so that nothing folds back into speech.
const CROSSINGS = 16; // zero crossings of the kernel to either side
const STEPS = 256; // table entries for each; what lies between is interpolated
const CUT = 0.92; // of the band: the rest is where the filter falls

export class Resampler {
  constructor(from, to) {
    const cut = CUT * Math.min(1, to / from);
    this.ratio = from / to; // input samples for one of output; may be moved a little while it runs
    this.half = Math.ceil(CROSSINGS / cut);
    this.table = new Float32Array(this.half * STEPS + 2);
    for (let i = 0; i <= this.half * STEPS; i += 1) {
      const x = i / STEPS;
      const t = Math.PI * cut * x;
      const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / this.half) + 0.08 * Math.cos((2 * Math.PI * x) / this.half);
      this.table[i] = cut * (t === 0 ? 1 : Math.sin(t) / t) * window;
    }
    this.held = new Float32Array(4 * this.half + 8192);
    this.length = this.half; // silence before the first sample
    this.at = this.half; // where in `held` the next output sample lies
  }

  push(samples) {
    if (this.length + samples.length > this.held.length) {
      const larger = new Float32Array(2 * (this.length + samples.length));
      larger.set(this.held.subarray(0, this.length));
      this.held = larger;
    }
    this.held.set(samples, this.length);
    this.length += samples.length;
  }

  // Input samples that are held and not yet behind.
  get ahead() { return this.length - this.at; }

  ready() { return this.at + this.half + 1 < this.length; }

  next() {
    const base = Math.floor(this.at);
    const part = this.at - base;
    let sum = 0;
    for (let i = 1 - this.half; i <= this.half; i += 1) {
      const place = Math.abs(i - part) * STEPS;
      const low = Math.floor(place);
      if (low >= this.half * STEPS) continue;
      const weight = this.table[low] + (place - low) * (this.table[low + 1] - this.table[low]);
      sum += this.held[base + i] * weight;
    }
    this.at += this.ratio;
    if (this.at > 4 * this.half + 4096) this.forget();
    return sum;
  }

  forget() {
    const old = Math.floor(this.at) - this.half;
    this.held.copyWithin(0, old, this.length);
    this.length -= old;
    this.at -= old;
  }
}

// ITU-T G.711, µ-law.
const DECODED = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
});

export const decode = (codes) => Float32Array.from(codes, (code) => DECODED[code]);

export const encode = (sample) => {
  let value = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
  const sign = value < 0 ? 0x80 : 0;
  value = Math.min(Math.abs(value), 32635) + 0x84;
  const exponent = 31 - Math.clz32(value) - 7;
  return ~(sign | (exponent << 4) | ((value >> (exponent + 3)) & 0x0f)) & 0xff;
};
