// The page of the emergency announcement: sound is made while the clerk still writes, and after
// the click the page says when new callers hear it. Everything works without this script.
"use strict";

(() => {
  const form = document.getElementById("announcement");
  if (!form) return;
  const told = form.querySelector("[data-prepared]");
  const fields = ["words_zh", "words_en", "prompt"].map((name) => form.elements[name]);
  let asked = 0;
  let timer = 0;

  const prepare = async () => {
    const mine = ++asked;
    if (!fields.some((field) => field.value.trim())) {
      told.textContent = told.dataset.first;
      return;
    }
    told.textContent = told.dataset.making;
    let words = told.dataset.failed;
    try {
      const answer = await fetch(form.dataset.prepare, {
        method: "POST",
        body: new FormData(form),
        credentials: "same-origin",
        headers: { Accept: "application/json" },
      });
      const found = await answer.json();
      if (answer.ok) {
        const seconds = Object.values(found.seconds).reduce((sum, one) => sum + one, 0);
        words = `${told.dataset.ready} ${Math.round(seconds)} ${told.dataset.seconds}`;
      } else if (found.error) {
        words = found.error;
      }
    } catch {
      // The words stay: the sound is made after the click.
    }
    if (mine === asked) told.textContent = words;
  };
  for (const field of fields) {
    field.addEventListener("input", () => {
      asked += 1; // what is being made is not what stands there now
      told.textContent = told.dataset.making;
      clearTimeout(timer);
      timer = setTimeout(prepare, 1200);
    });
    field.addEventListener("change", () => {
      clearTimeout(timer);
      prepare();
    });
  }

  // Until all that is in force is heard, ask once a second.
  const watch = async () => {
    const waiting = document.querySelectorAll("[data-announcement][data-heard=no]");
    if (!waiting.length) return;
    try {
      const answer = await fetch(form.dataset.state, { credentials: "same-origin" });
      const found = answer.ok ? (await answer.json()).announcements : [];
      for (const part of waiting) {
        const one = found.find((known) => String(known.id) === part.dataset.announcement);
        if (!one) continue;
        const sign = part.querySelector("[data-told]");
        if (sign.textContent !== one.text) sign.textContent = one.text;
        sign.className = `state ${one.tone}`;
        part.dataset.heard = one.heard ? "yes" : "no";
      }
    } catch {
      // The next second may bring the server back.
    }
    setTimeout(watch, 1000);
  };
  watch();
})();
