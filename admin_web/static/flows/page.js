// What holds the page of a flow together: tabs, undo by key, dialogs, findings, publishing.
"use strict";

(() => {
  const { root, state, t, h, on, choose, words, LANGUAGES } = Studio;
  const plain = document.querySelector("[data-plain]");

  // --- tabs

  const tabs = [...root.querySelectorAll("[role=tab]")];
  const open = (name, focus = true) => {
    for (const tab of tabs) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen;
      if (chosen && focus) tab.focus();
    }
    if (name === "text" && state.chosen) Studio.tell("chosen", { open: false });
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => open(tab.id.slice(4)));
    tab.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(tab);
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      open(tabs[(next + tabs.length) % tabs.length].id.slice(4));
    });
  }
  on("tab", open);

  // --- undo

  const undoButton = root.querySelector("[data-undo]");
  const redoButton = root.querySelector("[data-redo]");
  undoButton.addEventListener("click", Studio.undo);
  redoButton.addEventListener("click", Studio.redo);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) { event.preventDefault(); Studio.undo(); }
    if (key === "y" || (key === "z" && event.shiftKey)) { event.preventDefault(); Studio.redo(); }
  });

  // --- dialogs

  const dialog = (title, ...content) => {
    const made = h("dialog", { "aria-label": title }, h("article", {}, h("header", {}, h("strong", {}, title),
      h("button", { type: "button", class: "plain close", "aria-label": t("close"), onclick: () => made.close() }, "×")), ...content));
    made.addEventListener("close", () => made.remove());
    document.body.append(made);
    made.showModal();
    return made;
  };
  const buttons = (text, close) => h("div", { class: "row end" },
    h("button", { type: "button", class: "outline secondary", onclick: close }, t("cancel")), h("button", {}, text));

  Object.assign(Studio, { dialog, buttons });

  const KINDS = ["say", "menu", "ask", "record", "lookup", "list", "choose", "hours", "set", "language", "transfer", "hang_up", "goto", "file_complaint", "call_back"];
  const SPEAKING = ["say", "menu", "ask", "record"];
  const MEN = /[^a-z0-9_]/g;

  const begun = (kind, prompt, back) => {
    const lead = back || "back";
    const service = Object.keys(state.services)[0];
    const said = prompt || "greeting";
    return {
      say: { kind, say: said, then: lead },
      menu: { kind, say: said, choices: { 1: lead === "back" ? "repeat" : lead } },
      ask: { kind, say: said, into: "entry", max_digits: "8", then: lead },
      record: { kind, purpose: "message", say: said, into: "message", then: lead, on: { failed: lead } },
      lookup: { kind, service, with: state.services[service]?.needs ?? [], as: "found", on: Object.fromEntries(Object.keys(state.services[service]?.outcomes ?? {}).map((one) => [one, lead])) },
      list: { kind, items: "outages.items", say: "outage_item", more: "outages_next", last: "outages_last", no_more: "outages_no_more", empty: lead },
      choose: { kind, cases: [{ of: "caller.number", is: "", then: lead }], otherwise: lead },
      hours: { kind, schedule: Object.keys(state.schedules)[0] ?? "office", on: { open: lead, closed: lead } },
      set: { kind, set: { topic: "" }, then: lead },
      language: { kind, language: "en", then: lead },
      transfer: { kind, to: "person", on: { answered: "hang_up", busy: lead, no_answer: lead, failed: lead } },
      hang_up: { kind, say: "goodbye" },
      goto: { kind, to: { goto: "main.menu" } },
      file_complaint: { kind, category: "category", recording: "recording", number: "callback", as: "ticket", on: { filed: lead, failed: lead } },
      call_back: { kind, recording: "message", number: "caller.number", reason: "message", on: { filed: lead, failed: lead } },
    }[kind];
  };

  const freeName = (wanted) => {
    const base = wanted.toLowerCase().replace(MEN, "_").replace(/^[^a-z]+/, "").slice(0, 50) || "node";
    let name = base;
    for (let n = 2; name in state.draft.nodes; n += 1) name = `${base}_${n}`;
    return name;
  };

  // A new node: its kind, its name and, where it speaks, its words in both languages.
  const add = async ({ from = null, then = null, instead = "", place = null } = {}) => {
    await Studio.flush();
    const kind = h("select", { name: "kind" }, KINDS.map((one) => h("option", { value: one }, t(`kind_${one}`))));
    const name = h("input", { name: "name", value: freeName(then ? "notice" : "node"), pattern: "[a-z][a-z0-9_]{0,63}", required: true, autocomplete: "off" });
    const texts = LANGUAGES.map((language) => h("textarea", { name: `words-${language}`, rows: 3, lang: language }));
    const existing = h("button", { type: "button", class: "plain", onclick: () => Ways.choosePrompt((prompt) => { chosenPrompt = prompt; showPrompt(); }) }, t("choose_instead"));
    const chosen = h("p", { class: "muted" });
    let chosenPrompt = "";
    const showPrompt = () => { chosen.replaceChildren(...(chosenPrompt ? [t("says_prompt"), " ", h("code", {}, chosenPrompt), " ", words(chosenPrompt, Studio.here())] : [])); texts.forEach((one) => { one.closest("label").hidden = Boolean(chosenPrompt); }); };
    const speaks = h("div", {}, LANGUAGES.map((language, i) => h("label", {}, t("what_it_says_in", { language: t(`language_${language}`) }), texts[i])), chosen, existing);
    const explain = h("p", { class: "muted small" });
    const follow = () => { speaks.hidden = !SPEAKING.includes(kind.value); explain.textContent = t(`help_${kind.value}`); };
    kind.addEventListener("change", follow);
    const form = h("form", { onsubmit: (event) => {
      event.preventDefault();
      const node = name.value.trim();
      if (node in state.draft.nodes) { name.setCustomValidity(t("name_taken")); name.reportValidity(); return; }
      const written = SPEAKING.includes(kind.value) && !chosenPrompt && texts.some((one) => one.value.trim());
      const prompt = chosenPrompt || (written ? Ways.freshPrompt(`${root.dataset.name}_${node}`) : "");
      const back = instead.startsWith("node:") ? instead.slice(5) : from ?? "";
      const edits = [];
      if (written) edits.push(["words", prompt, Object.fromEntries(LANGUAGES.map((language, i) => [language, texts[i].value.trim()]))]);
      edits.push(["put", node, begun(kind.value, prompt, back), from ?? state.chosen ?? ""]);
      made.close();
      Studio.together(() => { Studio.edit(edits); then?.(node); }, "add", node).then((done) => {
        if (!done) return;
        if (place) Studio.put(node, place);
        choose(then ? from : node, { focus: !then });
      });
    } },
    h("label", {}, t("node_kind"), kind), explain,
    h("label", {}, t("node_name"), name, h("small", { class: "muted" }, t("node_name_hint"))),
    speaks, buttons(t("add"), () => made.close()));
    name.addEventListener("input", () => name.setCustomValidity(""));
    const made = dialog(from ? t("new_node_from", { node: from }) : t("new_node"), form);
    follow();
    kind.focus();
  };
  on("add", add);
  root.querySelector("[data-add]").addEventListener("click", () => add());

  on("write", (prompt, put) => {
    Studio.together(() => { Studio.edit([["words", prompt, { "zh-CN": "", en: "" }]]); put(); }, "words", prompt).then(() => {
      root.querySelector(`[data-words="${CSS.escape(`${prompt} ${Studio.here()}`)}"]`)?.focus();
    });
  });

  // Ways of other flows to a node: told before it is renamed or removed, and changed with it.
  const leading = (node) => state.draft.led_here[node] ?? [];
  const ledHere = (node) => h("ul", { class: "led-here" }, leading(node).map((one) => h("li", {},
    h("a", { href: `${root.dataset.other.replace("-flow-", encodeURIComponent(one.flow))}#${encodeURIComponent(one.node)}`, target: "_blank" }, one.node ? `${one.flow}.${one.node}` : one.flow), " ", t("line", { n: one.line }))));
  const leadOthers = async (from, to) => {
    try {
      const answer = await Studio.ask("draft/lead", { from, to });
      if (answer.draft) Studio.take(answer.draft);
      Studio.notice(answer.error ?? answer.told, answer.error ? "error" : "good");
    } catch (error) { Studio.notice(error.message); }
  };
  const named = (title, value, action, give, ...more) => {
    const name = h("input", { value, pattern: "[a-z][a-z0-9_]{0,63}", required: true, autocomplete: "off", "aria-label": t("node_name") });
    const made = dialog(title, h("form", { onsubmit: (event) => { event.preventDefault(); made.close(); give(name.value.trim()); } }, h("label", {}, t("node_name"), name), more, buttons(action, () => made.close())));
    name.select();
  };
  on("rename", async (node) => {
    await Studio.flush();
    const too = h("input", { type: "checkbox", checked: true });
    const others = leading(node).length ? [h("p", {}, t("led_here", { node })), ledHere(node), h("label", { class: "check" }, too, t("change_them")), h("p", { class: "muted small" }, t("undo_here"))] : [];
    named(t("rename_node", { node }), node, t("rename"), async (name) => {
      const change = others.length > 0 && too.checked;
      if (!await Studio.edit([["rename", node, name]], "rename", name)) return;
      choose(name);
      if (change) await leadOthers(node, name);
    }, ...others);
  });
  on("copy", async (node) => {
    await Studio.flush();
    named(t("copy_node", { node }), freeName(`${node}_copy`), t("copy"), (name) => Studio.edit([["copy", node, name]], "copy", name).then((done) => { if (done) choose(name); }));
  });
  on("remove", async (node) => {
    await Studio.flush();
    const within = state.draft.picture.arrows.filter((one) => one.target === node && one.source !== node);
    if (!leading(node).length) {
      if (within.length && !Studio.confirm(t("remove_sure", { node, from: [...new Set(within.map((one) => one.source))].join(", ") }))) return;
      Studio.edit([["remove", node]], "remove", node);
      return;
    }
    const instead = h("select", {}, h("option", { value: "" }, t("lead_nowhere")), Object.keys(state.draft.nodes).filter((one) => one !== node).map((one) => h("option", { value: one }, one)));
    const made = dialog(t("remove_node", { node }), h("form", { onsubmit: async (event) => {
      event.preventDefault();
      made.close();
      if (await Studio.edit([["remove", node]], "remove", node) && instead.value) await leadOthers(node, instead.value);
    } }, h("p", {}, t("led_here", { node })), ledHere(node), h("label", {}, t("lead_instead"), instead), h("p", { class: "muted small" }, t("undo_here")), buttons(t("remove"), () => made.close())));
  });

  // --- findings and how the draft stands

  const panel = root.querySelector("[data-findings]");
  const verdict = root.querySelector("[data-verdict]");
  const count = root.querySelector("[data-checks-count]");
  const standing = root.querySelector("[data-standing]");
  verdict.addEventListener("click", () => open("checks"));

  const finding = (one) => h("li", {},
    h("span", { class: one.severity === "error" ? "state bad" : "state busy" }, t(`finding_${one.severity}`)), " ",
    one.node && one.flow === root.dataset.name && h("button", { type: "button", class: "plain", "data-finding": one.node, onclick: () => choose(one.node, { focus: true }) }, one.node), " ",
    one.line > 0 && one.flow === root.dataset.name && h("button", { type: "button", class: "plain", onclick: () => { open("text", false); Studio.tell("line", one.line); } }, t("line", { n: one.line })),
    one.flow !== root.dataset.name && h("a", { href: root.dataset.other.replace("-flow-", encodeURIComponent(one.flow)) }, one.flow), " ",
    h("strong", {}, one.text), h("br"), h("code", { class: "muted" }, one.place));

  on("draft", () => {
    const draft = state.draft;
    const bad = draft.findings.filter((one) => one.severity === "error").length;
    verdict.textContent = draft.findings.length ? t("findings_n", { n: draft.findings.length }) : `✓ ${t("no_findings")}`;
    verdict.className = `plain verdict ${bad ? "bad" : draft.findings.length ? "busy" : "good"}`;
    count.textContent = draft.findings.length ? `(${draft.findings.length})` : "";
    panel.replaceChildren(
      h("p", {}, draft.refused ? t("not_publishable") : draft.findings.length ? t("publishable") : t("no_findings")),
      h("ul", { class: "findings" }, draft.findings.map(finding)));
    undoButton.disabled = !draft.undo;
    redoButton.disabled = !draft.redo;
    undoButton.title = draft.undo ? `${t(`undo_${draft.undo[0]}`)} ${draft.undo[1]} (Ctrl+Z)` : "Ctrl+Z";
    redoButton.title = draft.redo ? `${t(`undo_${draft.redo[0]}`)} ${draft.redo[1]} (Ctrl+Y)` : "Ctrl+Y";
    standing.replaceChildren(
      ...(draft.stale ? [h("p", { class: "notice error", role: "alert" }, `${t("stale")} `, h("a", { href: root.dataset.merge }, t("stale_look")))] : []),
      ...draft.others.map((one) => h("p", { class: "notice busy" }, t("others", { who: one.author, at: one.at }))));
    root.querySelector("[data-compare]").hidden = !draft.changed;
    root.querySelector("[data-discard]").hidden = !draft.changed;
  });

  // --- publishing

  const publish = async () => {
    await Studio.flush();
    if (!state.draft.changed) { Studio.notice(t("nothing_to_publish"), "busy"); return; }
    if (state.draft.refused) { open("checks"); Studio.notice(t("publish_refused")); return; }
    const message = h("input", { name: "message", maxlength: 500, required: true, autocomplete: "off" });
    const told = h("div", {});
    const changed = Object.entries(state.draft.words);
    const form = h("form", { onsubmit: async (event) => {
      event.preventDefault();
      const button = form.querySelector("button:not([type])");
      button.setAttribute("aria-busy", "true");
      try {
        const answer = await Studio.ask("draft/publish", { seq: state.draft.seq, message: message.value });
        if (answer.next) { window.location.assign(answer.next); return; }
        if (answer.draft) Studio.take(answer.draft);
        told.replaceChildren(...refused(answer, () => made.close()));
      } catch (error) {
        told.replaceChildren(h("p", { class: "notice error", role: "alert" }, error.message));
      } finally { button.removeAttribute("aria-busy"); }
    } },
    state.draft.together.length > 0 && h("p", {}, t("flows_too", { flows: state.draft.together.join(", ") })),
    changed.length > 0 && h("p", {}, t("words_too", { prompts: changed.map(([prompt]) => prompt).join(", ") })),
    h("label", {}, t("what_changed"), message, h("small", { class: "muted" }, t("what_changed_hint"))),
    told, buttons(t("publish"), () => made.close()));
    const made = dialog(t("publish_title", { name: root.dataset.name }), form);
    message.focus();
  };
  const refused = (answer, close) => {
    if (answer.merge) return [h("p", { class: "notice error", role: "alert" }, `${answer.error} `, h("a", { href: answer.merge }, t("stale_look")))];
    if (answer.scenarios?.length) {
      return [h("div", { class: "notice error", role: "alert" }, h("p", {}, t("scenario_refused")), h("ul", {}, answer.scenarios.map((one) => h("li", {},
        h("a", { href: root.dataset.scenario.replace(/0$/, one.id), target: "_blank" }, one.title), `: ${one.text} `,
        one.at.startsWith(`${root.dataset.name}.`) && h("button", { type: "button", class: "plain", onclick: () => { close(); choose(one.at.split(".")[1], { focus: true }); } }, t("go_there", { at: one.at }))))))];
    }
    if (answer.error) return [h("p", { class: "notice error", role: "alert" }, answer.error)];
    return [h("div", { class: "notice error", role: "alert" }, h("p", {}, t("publish_refused")), h("ul", {}, answer.draft.findings.filter((one) => one.severity === "error").map((one) => h("li", {}, one.text))))];
  };
  root.querySelector("[data-publish]").addEventListener("click", publish);

  root.querySelector("[data-discard]").addEventListener("submit", (event) => { if (!Studio.confirm(t("discard_sure"))) event.preventDefault(); });
  window.addEventListener("beforeunload", (event) => { if (Studio.typing()) { Studio.flush(); event.preventDefault(); } });

  // The text as a form is for who has no script; it comes back where the draft cannot be had.
  plain.hidden = true;
  on("start", () => { root.hidden = false; });
  Studio.start().then(() => {
    const wanted = decodeURIComponent(window.location.hash.slice(1));
    choose(wanted in state.draft.nodes ? wanted : null, { open: true });
  }).catch((error) => {
    // The text can be edited and sent without any script.
    const told = document.createElement("p");
    told.className = "notice error";
    told.textContent = error.message;
    plain.before(told);
    plain.hidden = false;
  });
})();
