// Calls in progress, pushed: rows are changed as the desk tells of them. Where streams are busy the
// page asks every two seconds instead, and tries for a stream again later.
"use strict";

(() => {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const notice = (name) => document.querySelector(`[data-live-${name}]`);
  const SILENT_MS = 12_000; // the desk says every five seconds that it is there
  const ASK_MS = 2000;
  const AGAIN_MS = 3000;
  const BUSY_MS = 60_000;
  let stream = null;
  let last = null; // the number of what is shown
  let silence = 0;
  let asking = 0;
  let again = 0;
  let told = "";
  let origin = performance.now(); // when the times on the page were right

  const show = (name, wanted) => { notice(name).hidden = !wanted; };
  const piece = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  };
  const part = (name) => live.querySelector(`[data-live-${name}]`);

  // For screen readers: only how many there are, and only when that changes.
  const say = () => {
    const count = part("count")?.textContent ?? "";
    if (count !== told) notice("said").textContent = told = count;
  };
  const focusKept = (action) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    action();
    if (focused && !live.contains(document.activeElement)) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  };

  // --- times go on by themselves
  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  };
  const stamp = (root) => {
    for (const one of root.querySelectorAll("[data-for]")) one.since = performance.now() - Number(one.dataset.for) * 1000;
  };
  setInterval(() => {
    for (const one of live.querySelectorAll("[data-for]")) {
      const text = clock((performance.now() - (one.since ?? origin)) / 1000);
      if (one.textContent !== text) one.textContent = text;
    }
  }, 500);

  // --- what is told
  const apply = (event) => {
    heard();
    const { after, rows, order, head } = JSON.parse(event.data);
    if (after !== null && after !== last) { open(); return; } // a gap: begin anew
    last = Number(event.lastEventId);
    focusKept(() => {
      if (head) part("head").replaceChildren(piece(head));
      const body = part("rows");
      const there = new Map([...body.children].map((row) => [row.dataset.call, row]));
      for (const [call, html] of Object.entries(rows)) {
        const row = piece(html).firstElementChild;
        stamp(row);
        there.get(call)?.replaceWith(row);
        there.set(call, row);
      }
      if (order) body.replaceChildren(...order.map((call) => there.get(call)).filter(Boolean));
      const none = body.children.length === 0;
      part("table").hidden = none;
      part("none").hidden = !none;
      part("cut").hidden = true;
    });
    show("away", false);
    say();
    live.dataset.pushed = last;
  };

  const heard = () => {
    show("stale", false);
    clearTimeout(silence);
    silence = setTimeout(lost, SILENT_MS);
  };
  const lost = () => {
    show("stale", true);
    close();
    again = setTimeout(open, AGAIN_MS);
  };
  const close = () => {
    stream?.close();
    stream = null;
    for (const timer of [silence, asking, again]) clearTimeout(timer);
  };

  const open = () => {
    close();
    if (document.hidden) return;
    last = null;
    stream = new EventSource(live.dataset.liveEvents);
    silence = setTimeout(lost, SILENT_MS);
    stream.addEventListener("calls", (event) => { show("busy", false); apply(event); });
    stream.addEventListener("alive", heard);
    stream.addEventListener("away", () => { heard(); show("away", true); });
    stream.addEventListener("signed_out", () => { close(); show("out", true); });
    stream.addEventListener("busy", () => { close(); show("busy", true); ask(); again = setTimeout(open, BUSY_MS); });
    stream.addEventListener("error", () => {
      // Refused for good (signed out, not allowed, no streams here): ask, and see what is said.
      if (stream?.readyState === EventSource.CLOSED) { close(); ask(); again = setTimeout(open, BUSY_MS); }
      else show("stale", true); // the browser tries again by itself
    });
  };

  // --- asked for, where nothing can be pushed
  const ask = async () => {
    clearTimeout(asking);
    if (document.hidden || stream) return;
    try {
      const answer = await fetch(live.dataset.live, { credentials: "same-origin", redirect: "manual" });
      if (answer.type === "opaqueredirect") { show("out", true); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = piece(await answer.text()).firstElementChild;
      if (stream) return;
      stamp(fresh);
      focusKept(() => live.replaceChildren(...fresh.childNodes));
      say();
      show("stale", false);
    } catch {
      show("stale", true);
    }
    asking = setTimeout(ask, ASK_MS);
  };

  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
  window.addEventListener("pagehide", close);
  stamp(live);
  if (typeof EventSource === "undefined") ask();
  else open();
})();
