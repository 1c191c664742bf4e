// Figures and live calls; everything but "live" works without it.
"use strict";

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Calls in progress: asked again every two seconds, as often as the line says where they are.
const live = document.querySelector("[data-live]");
if (live) {
  const stale = document.querySelector("[data-live-stale]");
  const said = document.querySelector("[data-live-said]");
  let timer = 0;
  let heard = "";

  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(live.dataset.live, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const fresh = holder.content.firstElementChild;
      const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      live.replaceChildren(...fresh.childNodes);
      if (focused) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      // For screen readers: only how many there are, and only when that changes.
      const told = live.querySelector("[data-live-count]").textContent;
      if (told !== heard) said.textContent = heard = told;
      stale.hidden = true;
    } catch {
      stale.hidden = false;
    }
    timer = setTimeout(ask, 2000);
  };
  document.addEventListener("visibilitychange", ask);
  timer = setTimeout(ask, 2000);
}
