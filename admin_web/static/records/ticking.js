// Tick all at once, and see how many are ticked.
"use strict";

for (const form of document.querySelectorAll("form[data-ticking]")) {
  const all = form.querySelector("[data-all]");
  const boxes = [...form.querySelectorAll("input[name=ticket]")];
  const told = form.querySelector("[data-count-ticked]");
  const words = told.textContent;
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    told.textContent = `${words} ${ticked}`;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  for (const box of boxes) box.addEventListener("change", count);
  count();
}
