// The flow as YAML. What is typed is sent when the typing pauses; picture and form follow.
"use strict";

(() => {
  const { root, state, on, choose } = Studio;
  const area = root.querySelector("[data-yaml]");
  const gutter = root.querySelector("[data-gutter]");

  const lineHeight = () => parseFloat(getComputedStyle(area).lineHeight);
  const scrollTo = (line) => { area.scrollTop = Math.max(0, (line - 3) * lineHeight()); };
  const lineOf = (index) => area.value.slice(0, index).split("\n").length;

  const drawGutter = () => {
    const bad = new Map(state.draft.findings.filter((one) => one.flow === root.dataset.name).map((one) => [one.line, one]));
    const lines = area.value.split("\n").length;
    gutter.replaceChildren(...Array.from({ length: lines }, (_one, i) => {
      const found = bad.get(i + 1);
      return Studio.h("span", { class: found ? found.severity : null, title: found?.text }, `${i + 1}\n`);
    }));
    gutter.scrollTop = area.scrollTop;
  };

  area.addEventListener("input", () => {
    drawGutter();
    Studio.later("yaml", () => Studio.edit([["text", area.value]], "text"), 600);
  });
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  area.addEventListener("keydown", (event) => {
    // Tab would leave the field, as it must for who has no mouse: two blanks come by Ctrl+].
    if (event.key === "]" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      area.setRangeText("  ", area.selectionStart, area.selectionEnd, "end");
      area.dispatchEvent(new Event("input"));
    }
  });
  const follow = () => {
    const line = lineOf(area.selectionStart);
    const shapes = (state.draft.picture?.shapes ?? []).filter((shape) => shape.line <= line + 1);
    const node = shapes.sort((a, b) => b.line - a.line)[0]?.node ?? null;
    if (node !== state.chosen) choose(node, { open: false });
  };
  area.addEventListener("click", follow);
  area.addEventListener("keyup", (event) => { if (event.key.startsWith("Arrow")) follow(); });

  on("draft", () => {
    if (!Studio.typing("yaml") && area.value !== state.draft.text) {
      const { selectionStart, selectionEnd, scrollTop } = area;
      area.value = state.draft.text;
      if (document.activeElement === area) area.setSelectionRange(selectionStart, selectionEnd);
      area.scrollTop = scrollTop;
    }
    drawGutter();
  });
  on("chosen", () => {
    const shape = state.draft.picture?.shapes.find((one) => one.node === state.chosen);
    if (shape && document.activeElement !== area) scrollTo(shape.line - 1);
  });
  on("line", (line) => {
    const lines = area.value.split("\n");
    const at = Math.min(line, lines.length) - 1;
    const start = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
    area.focus();
    area.setSelectionRange(start, start + lines[at].length);
    scrollTo(line);
  });
})();
