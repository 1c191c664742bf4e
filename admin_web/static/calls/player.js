// Recordings with their waveform, in place of the browser's own player. The place in the recording
// is a real slider (mouse, touch, keyboard, screen reader); the waveform is drawn behind it. What
// is drawn is the outline that the server made: the sound itself is fetched when it is played.
// Where the outline cannot be had, the browser's player stays.
"use strict";

(() => {
  const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
  const BAR_PX = 3;
  const all = [];

  const time = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };
  const make = (tag, given, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const enhance = (root, { seconds, levels }) => {
    const words = root.dataset;
    const audio = root.querySelector("audio");
    const play = make("button", { type: "button", class: "play", "aria-label": `${words.play}: ${words.name}` }, "▶");
    const canvas = make("canvas", { "aria-hidden": "true" });
    const slider = make("input", { type: "range", min: 0, max: seconds, step: 0.01, value: 0, "aria-label": `${words.place}: ${words.name}` });
    const clock = make("span", { class: "clock" });
    const speed = make("select", { "aria-label": `${words.speed}: ${words.name}`, title: words.speed },
      ...SPEEDS.map((one) => make("option", { value: one, ...(one === 1 ? { selected: "" } : {}) }, `${one}×`)));
    const trouble = make("span", { class: "trouble", role: "alert" });
    const ground = make("span", { class: "wave" }, canvas, slider);
    audio.removeAttribute("controls");
    audio.removeAttribute("aria-label");
    root.append(play, ground, clock, speed, trouble);
    root.classList.add("drawn");

    let held = false; // whoever drags the slider is not pulled along
    let frame = 0;
    const draw = () => {
      const [wide, tall] = [ground.clientWidth, ground.clientHeight];
      if (!wide || !tall) return;
      const sharp = window.devicePixelRatio || 1;
      if (canvas.width !== Math.round(wide * sharp) || canvas.height !== Math.round(tall * sharp)) {
        canvas.width = Math.round(wide * sharp);
        canvas.height = Math.round(tall * sharp);
      }
      const look = getComputedStyle(ground);
      const brush = canvas.getContext("2d");
      brush.setTransform(sharp, 0, 0, sharp, 0, 0);
      brush.clearRect(0, 0, wide, tall);
      const bars = Math.max(1, Math.floor(wide / BAR_PX));
      const passed = seconds ? (Number(slider.value) / seconds) * wide : 0;
      for (let bar = 0; bar < bars; bar += 1) {
        const from = Math.floor((bar / bars) * levels.length);
        const to = Math.max(from + 1, Math.floor(((bar + 1) / bars) * levels.length));
        const level = Math.max(0, ...levels.slice(from, to)) / 255;
        const high = Math.max(1.5, level * (tall - 4));
        const x = (bar / bars) * wide;
        brush.fillStyle = x < passed ? look.getPropertyValue("--played") : look.getPropertyValue("--unplayed");
        brush.fillRect(x, (tall - high) / 2, BAR_PX - 1, high);
      }
      brush.fillStyle = look.getPropertyValue("--played");
      brush.fillRect(Math.min(wide - 2, Math.max(0, passed - 1)), 0, 2, tall);
    };
    const tell = () => {
      const at = Number(slider.value);
      clock.textContent = `${time(at)} / ${time(seconds)}`;
      slider.setAttribute("aria-valuetext", words.of.replace("{at}", time(at)).replace("{all}", time(seconds)));
      draw();
    };
    const follow = () => {
      if (!held) slider.value = audio.ended ? seconds : audio.currentTime;
      tell();
      frame = audio.paused ? 0 : requestAnimationFrame(follow);
    };
    const seek = (to) => {
      slider.value = Math.min(seconds, Math.max(0, to));
      audio.currentTime = Number(slider.value);
      tell();
    };
    const toggle = async () => {
      trouble.textContent = "";
      if (!audio.paused) { audio.pause(); return; }
      all.filter((one) => one !== audio).forEach((one) => one.pause()); // one voice at a time
      if (audio.ended || Number(slider.value) >= seconds - 0.02) seek(0);
      try { await audio.play(); } catch (error) {
        if (error.name !== "AbortError") trouble.textContent = words.failed;
      }
    };
    const show = () => {
      const playing = !audio.paused;
      play.textContent = playing ? "❚❚" : "▶";
      play.setAttribute("aria-label", `${playing ? words.pause : words.play}: ${words.name}`);
      cancelAnimationFrame(frame);
      follow();
    };
    for (const what of ["play", "pause", "ended", "seeked"]) audio.addEventListener(what, show);
    audio.addEventListener("error", () => { trouble.textContent = words.failed; show(); });
    play.addEventListener("click", toggle);
    speed.addEventListener("change", () => { audio.defaultPlaybackRate = audio.playbackRate = Number(speed.value); });
    slider.addEventListener("pointerdown", () => { held = true; });
    for (const what of ["pointerup", "pointercancel", "change"]) slider.addEventListener(what, () => { held = false; });
    slider.addEventListener("input", () => seek(Number(slider.value)));
    slider.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageUp: 10, PageDown: -10 }[event.key];
      if (event.key === " ") { event.preventDefault(); toggle(); }
      else if (by) { event.preventDefault(); seek(Number(slider.value) + by); }
    });
    new ResizeObserver(draw).observe(ground);
    all.push(audio);
    tell();
  };

  const fetched = async (root) => {
    const address = new URL(root.dataset.player, location.href);
    address.searchParams.set("outline", "1");
    try {
      const answer = await fetch(address, { credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const outline = await answer.json();
      if (outline.seconds > 0 && outline.levels.length) enhance(root, outline);
    } catch { /* the browser's player stays */ }
  };
  // Asked for when a player comes into sight: a list may hold many.
  const seen = new IntersectionObserver((entries) => {
    for (const one of entries.filter((entry) => entry.isIntersecting)) {
      seen.unobserve(one.target);
      fetched(one.target);
    }
  }, { rootMargin: "200px" });
  for (const root of document.querySelectorAll("[data-player]")) seen.observe(root);
})();
