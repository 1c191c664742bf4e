// The ways of the chosen node, each a small button at its foot (a port): drag one onto another
// node to lead it there, or onto the empty ground to make a new node; press it, and a list asks
// the same. Which ways a node has follows from its form's table.
"use strict";

const Ports = (() => {
  const { state, t, h, choose } = Studio;
  const canvas = Studio.root.querySelector("[data-canvas]");
  const sheet = Studio.root.querySelector("[data-sheet]");
  const NEAR = 6; // px: less is a press, not a drag
  const EDGE = 36; // px from an edge of the picture
  const STEP = 14; // px

  const exit = (name) => (t(`exit_${name}`) === `exit_${name}` ? name : t(`exit_${name}`));

  // Every way that can be written at a node: where it stands in its table, and what it is called.
  const of = (node) => {
    const table = state.draft.nodes[node];
    const found = [];
    for (const [path, widget] of Studio.FIELDS[table?.kind] ?? []) {
      const names = path.split(".");
      const value = names.reduce((at, name) => at?.[name], table);
      if (widget === "way") found.push({ path: names, label: exit(names.at(-1) === "to" ? "then" : names.at(-1)) });
      if (widget === "choices") {
        const keys = Object.keys(value ?? {});
        found.push(...keys.map((key) => ({ path: [...names, key], label: key, key })));
        const free = [..."123456789"].find((key) => !keys.includes(key));
        if (free && table.kind !== "ask") found.push({ path: [...names, free], label: "＋", key: free, fresh: true });
      }
      if (widget === "outcomes") {
        const known = Object.keys(state.services[table.service]?.outcomes ?? {});
        found.push(...[...new Set([...known, ...Object.keys(value ?? {})])].map((one) => ({ path: [...names, one], label: exit(one) })));
      }
      if (widget === "cases") found.push(...(value ?? []).map((_one, i) => ({ path: [...names, i], label: t("case_n", { n: i + 1 }) })));
    }
    return found;
  };
  const at = (node, port) => port.path.reduce((inner, name) => inner?.[name], state.draft.nodes[node]);

  // Lead a way to `target` (as a list of ways names it: "node:menu", "move:back", ...).
  const lead = (node, port, target) => {
    const table = Studio.copy(state.draft.nodes[node]);
    let inner = table;
    for (const name of port.path.slice(0, -1)) inner = inner[name] ??= {};
    const last = port.path.at(-1);
    inner[last] = Ways.led(inner[last], target); // what is said and set on the way stays
    return Studio.edit([["put", node, table]], "connect", node);
  };
  const add = (node, port, place) => Studio.tell("add", {
    from: node, place, instead: Ways.code(at(node, port)),
    then: (made) => lead(node, port, `node:${made}`),
  });

  const named = (node, port) => t(port.fresh ? "port_fresh" : port.key ? "port_key" : "port_way", { node, key: port.key ?? port.label });

  // What a drag does, asked in a list: for the keyboard, for speech, for whoever cannot drag.
  const ask = async (node, port) => {
    await Studio.flush();
    const title = named(node, port);
    const present = Ways.code(at(node, port));
    const select = h("select", { "aria-label": title }, Ways.targets(present));
    const made = Studio.dialog(title, h("form", { onsubmit: async (event) => {
      event.preventDefault();
      made.close();
      if (select.value === "new:") { add(node, port); return; }
      if (select.value !== present && await lead(node, port, select.value)) focus(port);
    } }, h("label", {}, t("port_leads"), select), Studio.buttons(t("connect"), () => made.close())));
    select.focus();
  };
  const focus = (port) => sheet.querySelector(`[data-port="${CSS.escape(port.path.join("."))}"]`)?.focus();

  // The ports of a node at its foot; `zoom` keeps them large enough for a finger.
  const draw = (node, place, tall) => {
    const made = h("div", { class: "ports" }, of(node).map((port) => {
      const button = h("button", { type: "button", class: port.fresh ? "port fresh" : "port", "data-port": port.path.join("."), "aria-label": named(node, port), title: `${named(node, port)} ${t("port_help")}`, onclick: (event) => { if (!event.detail || !button.dataset.dragged) ask(node, port); } }, port.label);
      button.addEventListener("pointerdown", (event) => drag(event, node, port, button));
      return button;
    }));
    made.style.left = `${place.x}px`;
    made.style.top = `${place.y + tall / 2}px`;
    return made;
  };

  const drag = (event, node, port, button) => {
    if (event.button !== 0) return;
    delete button.dataset.dragged;
    const begin = [event.clientX, event.clientY];
    const SVG = "http://www.w3.org/2000/svg";
    let line = null;
    let over = null;
    const start = () => {
      Studio.held = true; // nobody draws the picture anew meanwhile
      line = document.createElementNS(SVG, "svg");
      line.setAttribute("class", "thread");
      line.append(document.createElementNS(SVG, "path"));
      document.body.append(line);
      canvas.classList.add("connecting");
    };
    // At its edges the picture is drawn along.
    const follow = (one) => {
      const edge = canvas.getBoundingClientRect();
      const by = (at, low, high) => (at < low + EDGE ? -STEP : at > high - EDGE ? STEP : 0);
      canvas.scrollBy(by(one.clientX, edge.left, edge.right), by(one.clientY, edge.top, edge.bottom));
    };
    const under = (one) => document.elementFromPoint(one.clientX, one.clientY);
    const move = (one) => {
      if (!line && Math.hypot(one.clientX - begin[0], one.clientY - begin[1]) < NEAR) return;
      if (!line) start();
      follow(one);
      const from = button.getBoundingClientRect();
      line.firstChild.setAttribute("d", `M${from.x + from.width / 2},${from.y + from.height / 2} L${one.clientX},${one.clientY}`);
      const found = under(one)?.closest?.("button.node") ?? null;
      if (found !== over) { over?.classList.remove("target"); found?.classList.add("target"); over = found; }
    };
    const stop = () => {
      button.removeEventListener("pointermove", move);
      button.removeEventListener("pointerup", drop);
      button.removeEventListener("pointercancel", stop);
      window.removeEventListener("keydown", escape, true);
      over?.classList.remove("target");
      canvas.classList.remove("connecting");
      line?.remove();
      Studio.held = false;
    };
    const drop = (one) => {
      const dragged = Boolean(line);
      const found = under(one);
      stop();
      if (!dragged) return; // the click that follows asks in a list
      button.dataset.dragged = "yes";
      setTimeout(() => {
        const target = found?.closest?.("button.node");
        if (target) Studio.flush().then(() => lead(node, port, `node:${target.dataset.node}`)).then((done) => { if (done) choose(node, { focus: false, open: false }); });
        else if (found && canvas.contains(found)) add(node, port, Studio.placeAt(one.clientX, one.clientY));
        else Studio.tell("draft");
      }, 0);
    };
    const escape = (key) => { if (key.key === "Escape") { key.preventDefault(); stop(); Studio.tell("draft"); } };
    button.setPointerCapture(event.pointerId);
    button.addEventListener("pointermove", move);
    button.addEventListener("pointerup", drop);
    button.addEventListener("pointercancel", stop);
    window.addEventListener("keydown", escape, true);
  };

  return { draw };
})();
