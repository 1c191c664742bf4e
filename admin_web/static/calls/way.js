// The way of one call on the pictures of the flows it went through: drawn as the flow editor
// draws them, walked step by step. The table below the picture says the same in words.
"use strict";

(() => {
  const root = document.querySelector("[data-way]");
  if (!root || typeof dagre === "undefined") return;
  const SVG = "http://www.w3.org/2000/svg";
  const [WIDE, TALL] = [190, 76];
  const [SIGN_WIDE, SIGN_TALL] = [130, 28];
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [canvas, holder, sheet, slider, run] = ["canvas", "holder", "sheet", "at", "run"].map(part);
  let call = null;
  let at = 0; // the step shown, from 0
  let drawn = { flow: "", graph: null };
  let zoom = 0; // 0: not chosen yet
  let timer = 0;

  const h = (tag, given = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) if (value) made.setAttribute(name, value);
    made.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
    return made;
  };
  const s = (tag, given = {}, ...children) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  // --- what is drawn of a flow

  const signOf = (arrow) => `sign:${arrow.source}:${arrow.sign}`;
  const endOf = (arrow) => (arrow.sign ? signOf(arrow) : arrow.target);
  // Ways of mistakes and silence would hide what matters; those that were taken are shown.
  const grouped = (name) => {
    const taken = new Set(call.steps.filter((one) => one.flow === name).map((one) => one.arrow));
    const groups = new Map();
    call.flows[name].arrows.forEach((arrow, place) => {
      if (arrow.quiet && !taken.has(place)) return;
      const key = `${arrow.source}>${endOf(arrow)}`;
      if (!groups.has(key)) groups.set(key, { source: arrow.source, target: endOf(arrow), arrows: [], places: [] });
      groups.get(key).arrows.push(arrow);
      groups.get(key).places.push(place);
    });
    return [...groups.values()];
  };
  const keysOn = (group, upTo) => call.steps.slice(0, upTo + 1)
    .filter((one) => one.flow === drawn.flow && group.places.includes(one.arrow) && one.keys).map((one) => one.keys);
  const labelOf = (group) => [...new Set(group.arrows.map((one) => one.label).filter(Boolean))].join(" · ");
  const cut = (text) => (text.length > 20 ? `${text.slice(0, 19)}…` : text);
  const widthOf = (text) => 12 + [...text].reduce((sum, one) => sum + (one > "⺀" ? 13 : 8), 0);

  const lay = (name) => {
    const groups = grouped(name);
    const graph = new dagre.graphlib.Graph({ multigraph: false });
    graph.setGraph({ rankdir: "TB", nodesep: 30, ranksep: 48, edgesep: 14, marginx: 18, marginy: 18 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const shape of call.flows[name].shapes) graph.setNode(shape.node, { width: WIDE, height: TALL });
    for (const group of groups) {
      if (group.target.startsWith("sign:")) graph.setNode(group.target, { width: SIGN_WIDE, height: SIGN_TALL });
      const keys = call.steps.filter((one) => one.flow === name && group.places.includes(one.arrow)).map((one) => one.keys);
      const text = cut([labelOf(group), ...keys].join(" "));
      graph.setEdge(group.source, group.target, { width: Math.min(190, widthOf(text)), height: text.trim() ? 22 : 0, labelpos: "c" });
    }
    dagre.layout(graph);
    drawn = { flow: name, graph, groups };
  };

  const curve = (points) => {
    const [begin, ...rest] = points;
    let path = `M${begin.x},${begin.y}`;
    for (let i = 0; i < rest.length - 1; i += 1) {
      path += ` Q${rest[i].x},${rest[i].y} ${(rest[i].x + rest[i + 1].x) / 2},${(rest[i].y + rest[i + 1].y) / 2}`;
    }
    return `${path} L${rest.at(-1).x},${rest.at(-1).y}`;
  };

  const place = (made, about, wide, tall) => {
    made.style.left = `${about.x - wide / 2}px`;
    made.style.top = `${about.y - tall / 2}px`;
    return made;
  };

  const nodeOf = (shape) => {
    const numbers = call.steps.flatMap((one, n) => (one.flow === drawn.flow && one.node === shape.node ? [n] : []));
    const passed = numbers.filter((n) => n <= at);
    const stayed = passed.reduce((sum, n) => sum + (call.steps[n].seconds ?? 0), 0);
    const classes = ["node", `kind-${shape.kind}`];
    if (shape.start) classes.push("start");
    if (numbers.length) classes.push("visited");
    if (passed.length) classes.push("walked");
    const here = call.steps[at].flow === drawn.flow && call.steps[at].node === shape.node;
    if (here) classes.push("here");
    const made = h("div", { class: classes.join(" "), "data-node": shape.node, title: shape.words || shape.kind_word },
      h("span", { class: "head" },
        passed.length ? h("span", { class: "nth" }, passed.map((n) => n + 1).join(" ")) : null,
        h("strong", {}, shape.node),
        passed.length && stayed ? h("span", { class: "count" }, passed.length === 1 ? call.steps[passed[0]].stayed : `Σ ${stayed.toFixed(1)} s`) : null),
      h("span", { class: "words" }, shape.words || shape.kind_word),
      here && at === call.steps.length - 1 && call.ended ? h("span", { class: "end" }, `■ ${call.ended}`) : null);
    if (numbers.length) made.addEventListener("click", () => go(numbers.find((n) => n > at) ?? numbers[0]));
    return place(made, drawn.graph.node(shape.node), WIDE, TALL);
  };

  const draw = () => {
    const { graph, groups } = drawn;
    const { width, height } = graph.graph();
    const arrows = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "arrows" });
    arrows.append(s("defs", {}, ...["plain", "walked", "now"].map((tone) =>
      s("marker", { id: `way-${tone}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 10, markerHeight: 10, markerUnits: "userSpaceOnUse", orient: "auto" },
        s("path", { d: "M0,0 L10,5 L0,10 z", class: `tip ${tone}` })))));
    const labels = [];
    const signs = [];
    // What was walked lies above what was not.
    const toneOf = (group) => {
      const steps = call.steps.flatMap((one, n) => (one.flow === drawn.flow && group.places.includes(one.arrow) ? [n] : []));
      return steps.includes(at) ? "now" : steps.some((n) => n < at) ? "walked" : "plain";
    };
    const order = { plain: 0, walked: 1, now: 2 };
    for (const group of [...groups].sort((a, b) => order[toneOf(a)] - order[toneOf(b)])) {
      const edge = graph.edge(group.source, group.target);
      const tone = toneOf(group);
      if (edge?.points?.length > 1) arrows.append(s("path", { d: curve(edge.points), class: `arrow ${tone}`, "marker-end": `url(#way-${tone})` }));
      const pressed = keysOn(group, at);
      // Of several ways between the same nodes, those that were taken.
      const taken = call.steps.slice(0, at + 1).filter((one) => one.flow === drawn.flow && group.places.includes(one.arrow))
        .map((one) => call.flows[drawn.flow].arrows[one.arrow].label).filter(Boolean);
      const own = taken.length ? [...new Set(taken)].join(" · ") : labelOf(group);
      const text = cut(pressed.length ? [...new Set(pressed)].join(" ") : own);
      if (text && edge?.x !== undefined) {
        const wide = Math.min(200, widthOf(text));
        const label = s("text", { x: edge.x, y: edge.y + 4, class: `label ${tone}`, "text-anchor": "middle" });
        label.textContent = text;
        labels.push(s("rect", { x: edge.x - wide / 2, y: edge.y - 11, width: wide, height: 22, rx: 10, class: `under ${tone}${pressed.length ? " pressed" : ""}` }), label);
      }
      if (group.target.startsWith("sign:") && !signs.some((one) => one.dataset.sign === group.target)) {
        const sign = h("span", { class: `sign ${tone}`, "data-sign": group.target }, group.arrows[0].sign);
        signs.push(place(sign, graph.node(group.target), SIGN_WIDE, SIGN_TALL));
      }
    }
    arrows.append(...labels);
    sheet.replaceChildren(arrows, ...signs, ...call.flows[drawn.flow].shapes.map(nodeOf));
    sheet.style.width = `${width}px`;
    sheet.style.height = `${height}px`;
    if (!zoom) zoom = Math.min(1, Math.max(0.6, (canvas.clientWidth - 12) / width));
    scale();
  };
  const scale = () => {
    const { width, height } = drawn.graph.graph();
    sheet.style.transform = `scale(${zoom})`;
    holder.style.width = `${width * zoom}px`;
    holder.style.height = `${height * zoom}px`;
  };
  const zoomBy = (factor) => { zoom = Math.min(1.6, Math.max(0.35, zoom * factor)); scale(); look(); };

  // --- where we are

  // The picture moves within its frame; the page stays where it is.
  const look = () => {
    const node = sheet.querySelector(`[data-node="${CSS.escape(call.steps[at].node)}"]`);
    if (!node) return;
    canvas.scrollLeft = (node.offsetLeft + WIDE / 2) * zoom - canvas.clientWidth / 2;
    canvas.scrollTop = (node.offsetTop + TALL / 2) * zoom - canvas.clientHeight / 2;
  };

  // Consecutive steps in one flow are a stage.
  const stages = () => {
    const found = [];
    call.steps.forEach((step, n) => {
      if (found.at(-1)?.flow !== step.flow) found.push({ flow: step.flow, first: n, last: n });
      found.at(-1).last = n;
    });
    return found;
  };
  const drawStages = () => {
    part("stages").replaceChildren(...stages().map((stage) => {
      const button = h("button", { type: "button", class: "plain", "aria-current": at >= stage.first && at <= stage.last ? "step" : null },
        call.flows[stage.flow].title);
      button.addEventListener("click", () => { stop(); go(stage.first); });
      return h("li", {}, button);
    }));
  };

  const go = (to) => {
    at = Math.min(call.steps.length - 1, Math.max(0, to));
    const step = call.steps[at];
    const focused = document.activeElement?.closest?.("[data-stages] button") ? [...part("stages").querySelectorAll("button")].indexOf(document.activeElement) : -1;
    if (drawn.flow !== step.flow) lay(step.flow);
    draw();
    drawStages();
    if (focused >= 0) part("stages").querySelectorAll("button")[focused]?.focus();
    look();
    slider.value = at + 1;
    slider.setAttribute("aria-valuetext", step.sentence);
    const last = at === call.steps.length - 1;
    part("told").textContent = last && call.ended ? `${step.sentence} ■ ${call.ended}` : step.sentence;
    part("back").disabled = at === 0;
    part("on").disabled = last;
    const flow = call.flows[step.flow];
    const { revision, packaged, since } = root.dataset;
    part("about").textContent = `${flow.title}: ${flow.revision ? revision.replace("{n}", flow.revision) : packaged}. ${flow.in_force ? "" : since}`;
  };

  const stop = () => { clearTimeout(timer); timer = 0; run.textContent = root.dataset.play; };
  // The pace of the call, but nobody waits long at a node, and none flies by.
  const pace_ms = () => Math.min(2500, Math.max(600, (call.steps[at].seconds ?? 1) * 250));
  const next = () => {
    if (at >= call.steps.length - 1) { stop(); return; }
    go(at + 1);
    timer = setTimeout(next, pace_ms());
  };
  run.addEventListener("click", () => {
    if (timer) { stop(); return; }
    run.textContent = root.dataset.pause;
    if (at >= call.steps.length - 1) go(0);
    timer = setTimeout(next, pace_ms());
  });
  part("back").addEventListener("click", () => { stop(); go(at - 1); });
  part("on").addEventListener("click", () => { stop(); go(at + 1); });
  slider.addEventListener("input", () => { stop(); go(Number(slider.value) - 1); });
  part("smaller").addEventListener("click", () => zoomBy(1 / 1.2));
  part("larger").addEventListener("click", () => zoomBy(1.2));

  const begin = async () => {
    root.hidden = false;
    try {
      const answer = await fetch(root.dataset.way, { credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      call = await answer.json();
      if (!call.steps.length) throw new Error("no steps");
      slider.max = call.steps.length;
      go(call.steps.length - 1);
      root.dataset.ready = "yes";
    } catch {
      root.replaceChildren(h("p", { class: "muted" }, root.dataset.failed));
    }
  };
  begin();
})();
