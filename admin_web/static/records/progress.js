// How far a file of bills is: the bar follows the line's work, and the page is loaded anew at its end.
"use strict";

const work = document.querySelector("[data-progress]");
if (work) {
  const look = async () => {
    try {
      const answer = await fetch(work.dataset.progress, { credentials: "same-origin" });
      const found = await answer.json();
      if (found.state !== work.dataset.state) {
        window.location.reload();
        return;
      }
      const reading = found.state === "reading";
      work.querySelector("[data-count]").textContent = reading ? found.lines : found.done;
      if (!reading) {
        const bar = work.querySelector("progress");
        bar.max = Math.max(1, found.good);
        bar.value = found.done;
      }
    } catch {
      // The desk is away for a moment: ask again.
    }
    window.setTimeout(look, 700);
  };
  window.setTimeout(look, 400);
}

// One value for all lines is asked for only where it is chosen.
for (const given of document.querySelectorAll("[data-fixed]")) {
  const choice = document.getElementById(given.dataset.fixed);
  const show = () => { given.hidden = choice.value !== "="; };
  choice.addEventListener("change", show);
  show();
}
