// Plays what is handed to it, 8 kHz at the context's own rate. It begins once a tenth of a second is
// there, and drops the oldest where more than half a second has gathered: nobody hears old words.
"use strict";

class Hearing extends AudioWorkletProcessor {
  constructor() {
    super();
    this.pieces = [];
    this.at = 0;
    this.held = 0;
    this.flowing = false;
    this.port.onmessage = ({ data }) => {
      this.pieces.push(data);
      this.held += data.length;
      while (this.held > 0.5 * 8000) this.drop();
    };
  }

  drop() {
    this.held -= this.pieces.shift().length - this.at;
    this.at = 0;
  }

  process(_inputs, [[out]]) {
    if (!this.flowing && this.held >= 0.1 * 8000) this.flowing = true;
    for (let i = 0; i < out.length && this.flowing; i += 1) {
      if (!this.pieces.length) { this.flowing = false; break; }
      out[i] = this.pieces[0][this.at];
      this.at += 1;
      this.held -= 1;
      if (this.at >= this.pieces[0].length) { this.pieces.shift(); this.at = 0; }
    }
    return true;
  }
}
registerProcessor("hearing", Hearing);
