// What the pages do a little better with JavaScript; everything works without it.
"use strict";

// "Hear it": play the answer here instead of opening it as a page of its own.
for (const form of document.querySelectorAll("form[data-hear]")) {
  attachHearing(form, form.querySelector("button"));
}
for (const button of document.querySelectorAll("button[data-hear]")) {
  attachHearing(button.form, button);
}

function attachHearing(form, button) {
  const listen = async (event) => {
    event.preventDefault();
    const output = document.getElementById(button.dataset.output || "heard");
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(button.hasAttribute("formaction") ? button.formAction : form.action, {
        method: "POST",
        body: new FormData(form, button),
        credentials: "same-origin",
        headers: { Accept: "audio/wav, application/json" },
      });
      if ((answer.headers.get("Content-Type") || "").startsWith("audio/")) {
        const audio = document.createElement("audio");
        audio.controls = true;
        audio.autoplay = true;
        audio.src = URL.createObjectURL(await answer.blob());
        output.replaceChildren(audio);
      } else {
        const told = (answer.headers.get("Content-Type") || "").startsWith("application/json")
          ? (await answer.json()).error
          : output.dataset.failed;
        const notice = document.createElement("p");
        notice.className = "notice error";
        notice.textContent = told;
        output.replaceChildren(notice);
      }
    } catch {
      const notice = document.createElement("p");
      notice.className = "notice error";
      notice.textContent = output.dataset.failed;
      output.replaceChildren(notice);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
  if (button) button.addEventListener("click", listen);
}

// Ask before what cannot be taken back.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
}

// A finding of a call flow: go to its line in the editor.
for (const link of document.querySelectorAll("a[data-line]")) {
  link.addEventListener("click", (event) => {
    const text = document.getElementById("text");
    const lines = text.value.split("\n");
    const line = Math.min(Number(link.dataset.line), lines.length) - 1;
    const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
    event.preventDefault();
    text.focus();
    text.setSelectionRange(start, start + lines[line].length);
    text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
  });
}

// A calendar beside every day that is written as text.
for (const text of document.querySelectorAll("input[data-date]")) {
  const picker = document.createElement("input");
  if (!picker.showPicker) break;
  picker.type = text.dataset.date;
  picker.className = "picker";
  picker.tabIndex = -1;
  picker.setAttribute("aria-hidden", "true");
  picker.addEventListener("click", () => {
    picker.value = text.value.trim().replace(" ", "T");
    picker.showPicker();
  });
  picker.addEventListener("change", () => {
    text.value = picker.value.replace("T", " ");
    text.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const pair = document.createElement("span");
  pair.className = "with-picker";
  text.replaceWith(pair);
  pair.append(text, picker);
}

// On a telephone the menu is a strip: show where we are in it.
const here = document.querySelector(".menu [aria-current]");
if (here && here.closest(".menu").scrollWidth > here.closest(".menu").clientWidth) {
  here.closest(".menu").scrollLeft = here.offsetLeft - 40;
}
