// The flow as a picture: nodes are buttons in layers (dagre finds the places), arrows lie under
// them as SVG. The same nodes stand in a list below, for whoever sees no picture.
"use strict";

(() => {
  const { root, state, t, h, on, choose, words, here } = Studio;
  const SVG = "http://www.w3.org/2000/svg";
  const WIDE = 196;
  const TALL = 82;
  const CHIP = { width: 108, height: 30 };
  const canvas = root.querySelector("[data-canvas]");
  const sheet = root.querySelector("[data-sheet]");
  const list = root.querySelector("[data-list]");
  const quiet = root.querySelector("[data-quiet]");
  let zoom = 1;
  let fitted = "";
  let byHand = false; // whoever chose a size keeps it
  let walked = { nodes: new Set(), at: "", edges: new Set() };
  let numbers = {};
  let shown = "";

  // How far nodes were moved by hand from where the layout puts them, in px. It stands at the end
  // of the flow's text (`picture: {menu: right 40 down 20}`): whoever opens it sees it so.
  const tidy = root.querySelector("[data-tidy]");
  let moved = {};
  const SIGNS = { right: [0, 1], left: [0, -1], down: [1, 1], up: [1, -1] };
  const read = (text) => {
    const found = [0, 0];
    for (const [, way, far] of String(text).matchAll(/(right|left|down|up) (\d+)/g)) found[SIGNS[way][0]] = SIGNS[way][1] * Number(far);
    return found;
  };
  const written = ([x, y]) => [x && `${x > 0 ? "right" : "left"} ${Math.abs(x)}`, y && `${y > 0 ? "down" : "up"} ${Math.abs(y)}`].filter(Boolean).join(" ");
  const keep = (node, what = "move") => {
    const placed = Object.fromEntries(Object.entries(moved).filter(([name, by]) => name in state.draft.nodes && written(by)).map(([name, by]) => [name, written(by)]));
    return Studio.edit([["head", { picture: Object.keys(placed).length ? placed : null }]], what, node);
  };
  const most = (value) => Math.max(-9999, Math.min(9999, Math.round(value)));
  const shift = (node, dx, dy) => {
    const [x, y] = moved[node] ?? [0, 0];
    moved = { ...moved, [node]: [most(x + dx), most(y + dy)] };
    draw();
    Studio.later("places", () => keep(node));
  };
  on("draft", () => {
    if (Studio.typing("places")) return;
    moved = Object.fromEntries(Object.entries(state.draft.head.picture ?? {}).map(([node, text]) => [node, read(text)]));
    tidy.hidden = Object.keys(moved).length === 0;
  });
  // A point of the window in the picture's own measure; and a node put there that is just made.
  Studio.placeAt = (x, y) => {
    const corner = sheet.getBoundingClientRect();
    return [(x - corner.left) / zoom, (y - corner.top) / zoom];
  };
  Studio.put = (node, [x, y]) => {
    const made = sheet.querySelector(`[data-node="${CSS.escape(node)}"]`);
    if (!made) return;
    const by = moved[node] ?? [0, 0];
    moved = { ...moved, [node]: [most(by[0] + x - made.offsetLeft - WIDE / 2), most(by[1] + y - made.offsetTop - TALL / 2)] };
    draw();
    keep(node, "add");
  };

  const s = (tag, given = {}, ...children) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  // Where an arrow ends: a node of this flow, or a small sign for a place outside of it.
  const ends = (arrow) => {
    if (arrow.target && arrow.target in state.draft.nodes) return arrow.target;
    return `sign:${arrow.source}:${arrow.move}:${arrow.target}`;
  };
  const signText = (arrow) => {
    if (arrow.move === "call") return `⇄ ${arrow.target}`;
    if (arrow.target) return `→ ${arrow.target}`;
    return { back: `↩ ${t("way_back")}`, return: `↩ ${t("way_return")}`, hang_up: `× ${t("way_hang_up")}` }[arrow.move] ?? arrow.move;
  };
  const labelOf = (arrow) => {
    if (/^[0-9*#]+$/.test(arrow.label)) return arrow.label;
    if (arrow.label === "then") return "";
    return t(`exit_${arrow.label}`) === `exit_${arrow.label}` ? arrow.label : t(`exit_${arrow.label}`);
  };

  const wanted = () => (state.draft.picture?.arrows ?? []).filter((one) => quiet.checked || !one.quiet);

  const grouped = () => {
    const found = new Map();
    for (const arrow of wanted()) {
      const key = `${arrow.source}>${ends(arrow)}`;
      if (!found.has(key)) found.set(key, { source: arrow.source, target: ends(arrow), arrows: [] });
      found.get(key).arrows.push(arrow);
    }
    return [...found.values()];
  };

  const layout = (groups) => {
    const graph = new dagre.graphlib.Graph({ multigraph: false });
    graph.setGraph({ rankdir: "TB", nodesep: 20, ranksep: 50, edgesep: 14, marginx: 16, marginy: 16 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const shape of state.draft.picture.shapes) graph.setNode(shape.node, { width: WIDE, height: TALL });
    for (const group of groups) {
      if (group.target.startsWith("sign:")) graph.setNode(group.target, { ...CHIP });
      const text = labelText(group);
      graph.setEdge(group.source, group.target, {
        width: Math.min(150, 10 + text.length * 9), height: text ? 20 : 0, labelpos: "c",
      });
    }
    dagre.layout(graph);
    if (mirrored(graph)) mirror(graph);
    place(graph, groups);
    return graph;
  };
  // What was moved, with the signs that hang on it; its arrows become straight.
  const place = (graph, groups) => {
    const about = graph.graph();
    for (const [node, [dx, dy]] of Object.entries(moved)) {
      if (!graph.hasNode(node)) continue;
      const hanging = groups.filter((one) => one.source === node && one.target.startsWith("sign:")).map((one) => one.target);
      for (const name of new Set([node, ...hanging])) {
        const at = graph.node(name);
        at.x = Math.max(at.width / 2 + 4, at.x + dx);
        at.y = Math.max(at.height / 2 + 4, at.y + dy);
        about.width = Math.max(about.width, at.x + at.width / 2 + 16);
        about.height = Math.max(about.height, at.y + at.height / 2 + 16);
      }
    }
    for (const group of groups) {
      if (!(group.source in moved) && !(group.target in moved)) continue;
      const [from, to] = [graph.node(group.source), graph.node(group.target)];
      const edge = graph.edge(group.source, group.target);
      if (group.source === group.target) {
        const [dx, dy] = moved[group.source];
        edge.points.forEach((point) => { point.x += dx; point.y += dy; });
        edge.x += dx; edge.y += dy;
        continue;
      }
      edge.points = [border(from, to), border(to, from)];
      edge.x = (edge.points[0].x + edge.points[1].x) / 2;
      edge.y = (edge.points[0].y + edge.points[1].y) / 2;
    }
  };
  const border = (of, towards) => {
    const [dx, dy] = [towards.x - of.x, towards.y - of.y];
    const part = Math.min(of.width / 2 / Math.max(Math.abs(dx), 1e-6), of.height / 2 / Math.max(Math.abs(dy), 1e-6), 1);
    return { x: of.x + dx * part, y: of.y + dy * part };
  };
  // Key 1 belongs left of key 2; the layout knows layers, not keys.
  const mirrored = (graph) => {
    let wrong = 0;
    for (const node of graph.nodes()) {
      const keys = wanted().filter((one) => one.source === node && /^[0-9*#]+$/.test(one.label))
        .sort((a, b) => a.label.localeCompare(b.label)).map((one) => graph.node(ends(one)).x);
      for (let i = 0; i + 1 < keys.length; i += 1) wrong += Math.sign(keys[i] - keys[i + 1]);
    }
    return wrong > 0;
  };
  const mirror = (graph) => {
    const { width } = graph.graph();
    for (const name of graph.nodes()) graph.node(name).x = width - graph.node(name).x;
    for (const name of graph.edges()) {
      const edge = graph.edge(name);
      if (edge.x !== undefined) edge.x = width - edge.x;
      edge.points.forEach((point) => { point.x = width - point.x; });
    }
  };
  const labelText = (group) => [...new Set(group.arrows.map(labelOf).filter(Boolean))].join(" · ");

  const first = (shape) => [...new Set(shape.says)].map((prompt) => words(prompt, here())).filter(Boolean).join(" ");
  const says = (shape) => first(shape) || t(`kind_${shape.kind}_short`);
  const trouble = (node) => state.draft.findings.filter((one) => one.node === node);
  const counts = (node) => {
    const n = numbers[node];
    if (!n) return [];
    return [
      n.now > 0 && h("span", { class: "count now", title: t("now_here", { n: n.now }) }, `● ${n.now}`),
      n.left > 0 && !n.left_at && h("span", { class: "count left", title: t("left_here", { n: n.left, passed: n.passed }) }, `⤓ ${n.left}`),
      n.passed > 0 && n.left === 0 && h("span", { class: "count", title: t("passed_here", { n: n.passed }) }, `${n.passed}`),
    ];
  };
  // The calls that ended there, where whoever looks may see calls: beside the button, not within.
  const lost = (shape, place) => {
    const n = numbers[shape.node];
    if (!n?.left_at) return [];
    const text = t("left_here", { n: n.left, passed: n.passed });
    const made = h("a", { class: "count left lost", href: n.left_at, title: text, "aria-label": `${shape.node}: ${text}, ${t("these_calls")}` }, `⤓ ${n.left}`);
    made.style.left = `${place.x + WIDE / 2}px`;
    made.style.top = `${place.y - TALL / 2}px`;
    return [made];
  };
  const spokenName = (shape) => {
    const parts = [shape.node, t(`kind_${shape.kind}`), first(shape)];
    const n = numbers[shape.node];
    if (shape.start) parts.splice(1, 0, t("starts_here"));
    if (trouble(shape.node).length) parts.push(t("findings_n", { n: trouble(shape.node).length }));
    if (n?.now) parts.push(t("now_here", { n: n.now }));
    if (n?.left) parts.push(t("left_here", { n: n.left, passed: n.passed }));
    return parts.filter(Boolean).join(", ");
  };

  const nodeButton = (shape, place) => {
    const bad = trouble(shape.node);
    const classes = ["node", `kind-${shape.kind}`];
    if (shape.start) classes.push("start");
    if (bad.some((one) => one.severity === "error")) classes.push("bad");
    else if (bad.length) classes.push("odd");
    if (walked.nodes.has(shape.node)) classes.push("walked");
    if (walked.at === shape.node) classes.push("here");
    const made = h("button", {
      type: "button", class: classes.join(" "), "data-node": shape.node,
      "aria-pressed": String(state.chosen === shape.node), "aria-label": spokenName(shape),
      onclick: (event) => { if (!event.detail || !made.dataset.dragged) choose(shape.node, { focus: false }); },
    },
    h("span", { class: "head" }, Studio.icon(shape.kind),
      h("strong", {}, shape.node), counts(shape.node)),
    h("span", { class: "words" }, says(shape)));
    made.style.left = `${place.x - WIDE / 2}px`;
    made.style.top = `${place.y - TALL / 2}px`;
    return made;
  };

  const curve = (points) => {
    const [begin, ...rest] = points;
    let path = `M${begin.x},${begin.y}`;
    for (let i = 0; i < rest.length - 1; i += 1) {
      const middle = { x: (rest[i].x + rest[i + 1].x) / 2, y: (rest[i].y + rest[i + 1].y) / 2 };
      path += ` Q${rest[i].x},${rest[i].y} ${middle.x},${middle.y}`;
    }
    const last = rest[rest.length - 1];
    return `${path} L${last.x},${last.y}`;
  };

  const draw = () => {
    if (Studio.held) return; // something is being dragged
    const draft = state.draft;
    const unreadable = root.querySelector("[data-unreadable]");
    unreadable.hidden = draft.drawable;
    if (!draft.picture || !draft.picture.shapes.length) {
      if (draft.drawable) { sheet.replaceChildren(); list.replaceChildren(); }
      return; // what was drawn last stands, with a word above it
    }
    const groups = grouped();
    const graph = layout(groups);
    const { width } = graph.graph();
    const height = graph.graph().height + 60; // the ports of the last node, too
    const arrows = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: "arrows" });
    arrows.append(s("defs", {}, ...["plain", "quiet", "walked"].map((tone) =>
      s("marker", { id: `head-${tone}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 10, markerHeight: 10, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" },
        s("path", { d: "M0,0 L10,5 L0,10 z", class: `head ${tone}` })))));
    const signs = [];
    for (const group of groups) {
      const edge = graph.edge(group.source, group.target);
      const isQuiet = group.arrows.every((one) => one.quiet);
      const passed = walked.edges.has(`${group.source}>${group.target}`)
        || group.arrows.some((one) => walked.edges.has(`${group.source}>${one.target}`));
      const tone = passed ? "walked" : isQuiet ? "quiet" : "plain";
      const leads = group.source === state.chosen || group.target === state.chosen ? " chosen" : "";
      if (edge?.points?.length > 1) {
        arrows.append(s("path", { d: curve(edge.points), class: `arrow ${tone}${leads}`, "marker-end": `url(#head-${tone})` }));
      }
      const text = labelText(group);
      if (text && edge?.x !== undefined) {
        const label = s("text", { x: edge.x, y: edge.y + 4, class: `label ${tone}`, "text-anchor": "middle" });
        label.textContent = text.length > 18 ? `${text.slice(0, 17)}…` : text;
        const wide = Math.min(150, 12 + [...label.textContent].reduce((sum, one) => sum + (one > "⺀" ? 13 : 8), 0));
        arrows.append(s("rect", { x: edge.x - wide / 2, y: edge.y - 10, width: wide, height: 20, rx: 9, class: "under" }), label);
      }
      if (group.target.startsWith("sign:") && !signs.some((one) => one.dataset.sign === group.target)) {
        const place = graph.node(group.target);
        const flow = group.arrows[0].target.split(".")[0];
        const inside = flow in state.flows
          ? h("a", { class: "sign", href: root.dataset.other.replace("-flow-", encodeURIComponent(flow)) }, signText(group.arrows[0]))
          : h("span", { class: "sign" }, signText(group.arrows[0]));
        inside.dataset.sign = group.target;
        inside.style.left = `${place.x - CHIP.width / 2}px`;
        inside.style.top = `${place.y - CHIP.height / 2}px`;
        signs.push(inside);
      }
    }
    const { node: focused, port } = document.activeElement?.dataset ?? {};
    const inSheet = sheet.contains(document.activeElement);
    sheet.replaceChildren(arrows, ...signs, ...draft.picture.shapes.flatMap((shape) => [
      nodeButton(shape, graph.node(shape.node)), ...lost(shape, graph.node(shape.node)),
      ...(shape.node === state.chosen ? [Ports.draw(shape.node, graph.node(shape.node), TALL)] : []),
    ]));
    sheet.style.width = `${width}px`;
    sheet.style.height = `${height}px`;
    sheet.dataset.width = width;
    sheet.dataset.height = height;
    scale();
    if (!byHand && fitted !== `${width} ${height}`) { fitted = `${width} ${height}`; fit(); }
    if (inSheet && focused) sheet.querySelector(`[data-node="${CSS.escape(focused)}"]`)?.focus();
    if (inSheet && port) sheet.querySelector(`[data-port="${CSS.escape(port)}"]`)?.focus();
    drawList();
  };

  const drawList = () => {
    const arrows = state.draft.picture.arrows;
    list.replaceChildren(...state.draft.picture.shapes.map((shape) =>
      h("li", { class: state.chosen === shape.node ? "chosen" : null },
        h("button", { type: "button", class: "plain", "data-node": shape.node, "aria-pressed": String(state.chosen === shape.node), onclick: () => choose(shape.node, { focus: true }) }, shape.node),
        " ", h("span", { class: "state" }, t(`kind_${shape.kind}`)),
        shape.start && h("span", { class: "state good" }, t("starts_here")),
        trouble(shape.node).length > 0 && h("span", { class: "state bad" }, t("findings_n", { n: trouble(shape.node).length })),
        counts(shape.node), numbers[shape.node]?.left_at && h("a", { href: numbers[shape.node].left_at }, t("left_here", { n: numbers[shape.node].left, passed: numbers[shape.node].passed })),
        first(shape) && h("p", { class: "muted" }, first(shape)),
        h("ul", {}, arrows.filter((one) => one.source === shape.node).map((one) =>
          h("li", {}, `${labelOf(one) || t("exit_then")} → `, one.target in state.draft.nodes
            ? h("button", { type: "button", class: "plain", onclick: () => choose(one.target, { focus: true }) }, one.target)
            : signText(one)))))));
  };

  const scale = () => {
    sheet.style.transform = `scale(${zoom})`;
    sheet.style.setProperty("--zoom", zoom);
    const holder = sheet.parentElement;
    holder.style.width = `${Number(sheet.dataset.width) * zoom}px`;
    holder.style.height = `${Number(sheet.dataset.height) * zoom}px`;
  };
  const zoomTo = (value) => { zoom = Math.min(1.6, Math.max(0.35, value)); scale(); };
  const fit = () => {
    const wide = canvas.clientWidth - 12;
    zoomTo(Math.min(1, Math.max(0.6, wide / Number(sheet.dataset.width || wide))));
    canvas.scrollLeft = (Number(sheet.dataset.width) * zoom - wide) / 2;
  };
  const show = (node) => {
    const made = sheet.querySelector(`[data-node="${CSS.escape(node)}"]`);
    if (made) made.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "auto" });
  };

  // Arrow keys go to the nearest node in that direction.
  const TOWARDS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  sheet.addEventListener("keydown", (event) => {
    const from = event.target.closest("[data-node]");
    if (!from) return;
    if (event.key === "Delete") { Studio.tell("remove", from.dataset.node); event.preventDefault(); return; }
    const way = TOWARDS[event.key];
    if (!way) return;
    event.preventDefault();
    if (event.altKey) { shift(from.dataset.node, way[0] * 20, way[1] * 20); return; }
    const middle = (one) => [one.offsetLeft + one.offsetWidth / 2, one.offsetTop + one.offsetHeight / 2];
    const [x, y] = middle(from);
    let best = null;
    for (const other of sheet.querySelectorAll("[data-node]")) {
      const [ox, oy] = middle(other);
      const along = (ox - x) * way[0] + (oy - y) * way[1];
      const aside = Math.abs(way[0] ? oy - y : ox - x);
      if (other === from || along <= 4) continue;
      // Up and down go to the next layer, left and right stay in theirs.
      if (way[0] && aside > 60) continue;
      const far = way[0] ? along : Math.round(along / 40) * 10000 + aside;
      if (!best || far < best.far) best = { other, far };
    }
    best?.other.focus();
  });

  // A node can be dragged to another place.
  sheet.addEventListener("pointerdown", (event) => {
    const node = event.target.closest("[data-node]");
    // A finger scrolls the picture; only the chosen node goes with it.
    if (!node || event.button !== 0 || (event.pointerType === "touch" && node.dataset.node !== state.chosen)) return;
    const begin = [event.clientX, event.clientY];
    const at = [node.offsetLeft, node.offsetTop];
    let far = false;
    delete node.dataset.dragged;
    const move = (one) => {
      const [dx, dy] = [(one.clientX - begin[0]) / zoom, (one.clientY - begin[1]) / zoom];
      far ||= Math.hypot(dx, dy) > 6;
      if (!far) return;
      Studio.held = true;
      node.classList.add("moving");
      node.style.left = `${at[0] + dx}px`;
      node.style.top = `${at[1] + dy}px`;
    };
    window.addEventListener("pointermove", move);
    const stop = (one) => {
      for (const [name, action] of [["pointermove", move], ["pointerup", stop], ["pointercancel", stop]]) window.removeEventListener(name, action);
      Studio.held = false;
      if (!far) return;
      if (one.type === "pointercancel") { draw(); return; }
      node.dataset.dragged = "yes"; // the click that follows would open the node
      setTimeout(() => shift(node.dataset.node, (one.clientX - begin[0]) / zoom, (one.clientY - begin[1]) / zoom), 0);
    };
    for (const [name, action] of [["pointermove", move], ["pointerup", stop], ["pointercancel", stop]]) window.addEventListener(name, action);
  });
  tidy.addEventListener("click", async () => { await Studio.flush(); moved = {}; await keep(""); fit(); });

  // The picture can be dragged by its ground.
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch" || event.target.closest("button, a")) return;
    const begin = { x: event.clientX + canvas.scrollLeft, y: event.clientY + canvas.scrollTop };
    const move = (one) => { canvas.scrollLeft = begin.x - one.clientX; canvas.scrollTop = begin.y - one.clientY; };
    const stop = () => { canvas.removeEventListener("pointermove", move); canvas.classList.remove("dragged"); };
    canvas.classList.add("dragged");
    canvas.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop, { once: true });
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    byHand = true;
    zoomTo(zoom * (event.deltaY < 0 ? 1.1 : 0.9));
  }, { passive: false });
  root.querySelector("[data-zoom-in]").addEventListener("click", () => { byHand = true; zoomTo(zoom * 1.2); });
  root.querySelector("[data-zoom-out]").addEventListener("click", () => { byHand = true; zoomTo(zoom / 1.2); });
  root.querySelector("[data-zoom-fit]").addEventListener("click", () => { byHand = false; fit(); });
  quiet.addEventListener("change", draw);

  const askNumbers = async () => {
    if (document.hidden) return;
    try {
      const { status, ...found } = await Studio.ask("numbers");
      const text = JSON.stringify(found);
      if (status === 200 && text !== shown) { shown = text; numbers = found; if (state.draft) draw(); }
    } catch { /* the picture stands without numbers */ }
  };

  on("start", () => { askNumbers(); setInterval(askNumbers, 5000); });
  on("draft", draw);
  on("chosen", () => { draw(); if (state.chosen) show(state.chosen); });
  on("walked", (path) => { walked = path; draw(); if (path.at) show(path.at); });
})();
