// Beside a new password: how strong it would be, as it is typed, and a way to see it.
// Everything works without it; the desk judges the password again when it is sent.
"use strict";

for (const field of document.querySelectorAll("input[data-strength]")) {
  const told = document.createElement("p");
  told.className = "strength";
  told.setAttribute("role", "status");
  field.after(told);
  let waiting = 0;
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    if (!field.value) {
      told.replaceChildren();
      return;
    }
    const form = new FormData();
    form.append("csrf_token", field.form.elements.csrf_token.value);
    form.append("password", field.value);
    const name = field.form.elements.username;
    form.append("username", name ? name.value : field.dataset.username || "");
    try {
      const answer = await fetch(field.dataset.strength, {
        method: "POST",
        body: form,
        credentials: "same-origin",
        headers: { Accept: "application/json" },
      });
      if (!answer.ok || mine !== asked) return;
      const found = await answer.json();
      const meter = document.createElement("meter");
      meter.min = 0;
      meter.max = 4;
      meter.low = 1.5;
      meter.high = 2.5;
      meter.optimum = 4;
      meter.value = found.level;
      meter.setAttribute("aria-hidden", "true");
      told.replaceChildren(meter, " " + found.said);
    } catch {
      told.replaceChildren();
    }
  };
  field.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 250);
  });
}
