// The page of a flow, its heart: one draft on the server, one copy of it here, and who is told
// when it changes. Picture, form, text and simulator draw what `state.draft` says and send edits.
"use strict";

const Studio = (() => {
  const root = document.querySelector("[data-studio]");
  const listeners = new Map();
  const state = { draft: null, catalogue: {}, flows: {}, services: {}, schedules: {}, labels: {}, chosen: null };

  const t = (key, values = {}) =>
    (state.labels[key] ?? key).replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");

  // h("p", {class: "x", onclick: f}, "text", child): an element; null and false are left out.
  const h = (tag, given = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (name === "value" && tag !== "option" && tag !== "button") made.value = value;
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
    return made;
  };

  // Small drawings of what a node does; the words beside them say the same.
  const DRAWN = {
    say: "M4 5h16v10H10l-5 4v-4H4z",
    menu: "M6 5h.1M12 5h.1M18 5h.1M6 12h.1M12 12h.1M18 12h.1M6 19h.1M12 19h.1M18 19h.1",
    ask: "M3 7h18v10H3zM7 12h.1M12 12h.1M17 12h.1",
    record: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
    list: "M9 6h11M9 12h11M9 18h11M4 6h.1M4 12h.1M4 18h.1",
    lookup: "M10 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
    hours: "M4 12a8 8 0 1 0 16 0 8 8 0 1 0-16 0M12 7v5l4 2",
    choose: "M12 3v6M12 9l-6 6v6M12 9l6 6v6",
    set: "M4 20l1-5L16 4l4 4L9 19z",
    language: "M4 12a8 8 0 1 0 16 0 8 8 0 1 0-16 0M4 12h16M12 4c3 3 3 13 0 16M12 4c-3 3-3 13 0 16",
    file_complaint: "M4 6h16v12H4zM4 6l8 7 8-7",
    call_back: "M20 12a8 8 0 1 1-3-6M20 3v5h-5",
    transfer: "M5 4h4l2 5-3 2a12 12 0 0 0 5 5l2-3 5 2v4C11 20 4 13 5 4z",
    hang_up: "M7 7h10v10H7z",
    goto: "M4 12h15M13 6l6 6-6 6",
  };
  const icon = (kind) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("viewBox", "0 0 24 24");
    made.setAttribute("class", "icon");
    made.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", DRAWN[kind] ?? "");
    made.append(path);
    return made;
  };

  const on = (what, action) => {
    if (!listeners.has(what)) listeners.set(what, []);
    listeners.get(what).push(action);
  };
  const tell = (what, ...about) => (listeners.get(what) ?? []).forEach((action) => action(...about));

  const notice = (text, tone = "error") => {
    const place = root.querySelector("[data-notices]");
    place.replaceChildren();
    if (!text) return;
    place.append(
      h("p", { class: `notice ${tone}`, role: tone === "error" ? "alert" : "status" }, text,
        h("button", { type: "button", class: "plain close", "aria-label": t("close"), onclick: () => notice("") }, "×")),
    );
  };

  const address = (path) => `${root.dataset.address}/${path}`;
  const ask = async (path, body, accept = "application/json") => {
    const answer = await fetch(path.startsWith("/") ? path : address(path), {
      method: body === undefined ? "GET" : "POST",
      headers: {
        Accept: accept,
        ...(body === undefined ? {} : { "Content-Type": "application/json", "X-CSRFToken": root.dataset.csrf }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
    if (answer.redirected) throw new Error(t("signed_out"));
    const kind = answer.headers.get("Content-Type") ?? "";
    if (kind.startsWith("audio/")) return { status: answer.status, sound: await answer.blob() };
    if (!kind.startsWith("application/json")) throw new Error(t("failed"));
    return { status: answer.status, ...(await answer.json()) };
  };

  // Edits are sent one after another, each for the draft that the one before it left.
  let sending = Promise.resolve();
  let waiting = 0;
  const saved = (text) => {
    root.querySelector("[data-saved]").textContent = text;
  };
  const send = (make) => {
    waiting += 1;
    saved(t("saving"));
    sending = sending.then(async () => {
      try {
        const answer = await ask("draft", { seq: state.draft.seq, ...make() });
        if (answer.draft) take(answer.draft);
        notice(answer.error ?? "");
        return !answer.error;
      } catch (error) {
        notice(error.message === "Failed to fetch" ? t("no_server") : error.message);
        saved(t("not_saved"));
        return false;
      } finally {
        waiting -= 1;
        if (waiting === 0 && state.draft) showSaved();
      }
    });
    return sending;
  };
  // Several edits that belong together are one step to undo.
  let collected = null;
  const edit = (edits, what, subject = "") => {
    if (collected) { collected.push(...edits); return Promise.resolve(true); }
    return send(() => ({ edits, what, subject }));
  };
  const together = (action, what, subject = "") => {
    const edits = (collected = []);
    try { action(); } finally { collected = null; }
    return send(() => ({ edits, what, subject }));
  };
  const undo = () => flush().then(() => send(() => ({ do: "undo" })));
  const redo = () => flush().then(() => send(() => ({ do: "redo" })));

  // What is typed is sent when the typing pauses; `flush` sends it now.
  const pauses = new Map();
  const later = (key, action, wait_ms = 450) => {
    clearTimeout(pauses.get(key)?.timer);
    pauses.set(key, { action, timer: setTimeout(() => run(key), wait_ms) });
    saved(t("saving"));
  };
  const run = (key) => {
    const { action, timer } = pauses.get(key);
    clearTimeout(timer);
    pauses.delete(key);
    return action();
  };
  const flush = async () => {
    await Promise.all([...pauses.keys()].map(run));
    await sending;
  };
  const typing = (prefix = "") => [...pauses.keys()].some((key) => key.startsWith(prefix));

  const showSaved = () => saved(t(state.draft.changed ? "saved_draft" : "no_changes", { at: state.draft.saved }));
  const take = (draft) => {
    state.draft = draft;
    if (state.chosen && !(state.chosen in draft.nodes)) state.chosen = null;
    tell("draft");
  };
  const choose = (node, { focus = false, open = true } = {}) => {
    if (node !== state.chosen) flush(); // what was typed at the node before is sent now
    state.chosen = node in state.draft.nodes ? node : null;
    tell("chosen", { focus, open });
  };

  const words = (prompt, language) =>
    state.draft.words[prompt]?.[language] ?? state.catalogue[prompt]?.texts[language] ?? "";
  const known = (prompt) => prompt in state.catalogue || prompt in state.draft.words;
  const here = () => root.dataset.language;

  let player = null;
  const play = (blob) => {
    player?.pause();
    player = new Audio(URL.createObjectURL(blob));
    player.play().catch(() => {});
    return player;
  };
  const hear = async (button, path, body) => {
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(path, body, "audio/wav, application/json");
      if (answer.sound) play(answer.sound);
      else notice(answer.error);
      return Boolean(answer.sound);
    } catch (error) {
      notice(error.message);
      return false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  };

  const confirm = (text) => window.confirm(text);

  const start = async () => {
    const answer = await ask("draft");
    Object.assign(state, {
      catalogue: answer.catalogue, flows: answer.flows, services: answer.services, schedules: answer.schedules, labels: answer.labels,
    });
    tell("start");
    take(answer.draft);
    showSaved();
  };

  return {
    root, state, t, h, icon, on, tell, notice, ask, edit, together, undo, redo, later, flush, typing, choose, words,
    known, here, hear, play, confirm, start, take,
    copy: (value) => JSON.parse(JSON.stringify(value)),
    LANGUAGES: ["zh-CN", "en"],
  };
})();
