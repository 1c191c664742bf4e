// A telephone without a line: keys, what is said in both languages, what a service might answer.
// The page keeps what the caller did; the server holds the whole call again for every key.
"use strict";

(() => {
  const { root, state, t, h, on, LANGUAGES } = Studio;
  const place = root.querySelector("[data-try]");
  let given = [];
  let call = null;
  let keys = "";
  let aloud = true;
  let busy = false;
  let picked = null; // the outcome of a lookup that is being filled in
  const settings = { flow: root.dataset.name === "line" ? "main" : root.dataset.name, caller: "13800138000", called: "12345", at: root.dataset.now };

  const body = (more = {}) => ({ ...settings, given, ...more });

  const hold = async (more = {}) => {
    await Studio.flush();
    busy = true;
    try {
      const answer = await Studio.ask("try", body(more));
      if (answer.error) {
        Studio.notice(answer.error);
        if (!answer.blocked) given = given.slice(0, -1);
        return false;
      }
      Studio.notice("");
      call = answer.call;
      given = answer.given;
      keys = "";
      picked = null;
      return true;
    } catch (error) {
      Studio.notice(error.message);
      return false;
    } finally {
      busy = false;
      draw();
      walk();
    }
  };

  const walk = () => {
    if (!call) { Studio.tell("walked", { nodes: new Set(), at: "", edges: new Set() }); return; }
    const here = root.dataset.name;
    const steps = call.turns.flatMap((turn) => turn.steps.map((step) => [step.flow, step.node]));
    if (!call.finished || call.waits.for === "HangUp") steps.push([call.at.flow, call.at.node]);
    const nodes = new Set(steps.filter(([flow]) => flow === here).map(([, node]) => node));
    const edges = new Set();
    for (let i = 0; i + 1 < steps.length; i += 1) {
      if (steps[i][0] !== here) continue;
      const [flow, node] = steps[i + 1];
      edges.add(`${steps[i][1]}>${flow === here ? node : flow}`);
      if (flow !== here) edges.add(`${steps[i][1]}>${flow}.${node}`);
    }
    Studio.tell("walked", { nodes, edges, at: call.at.flow === here ? call.at.node : "" });
  };

  const step = async (input) => {
    if (busy) return;
    given = [...given, input];
    if (await hold()) sayLast();
  };
  const sayLast = () => {
    const last = call.turns.length - 1;
    if (aloud && call.turns[last].said.length) {
      // A voice that cannot be reached is told once, and not at every key.
      sayTurn(last, place.querySelector("[data-aloud]")).then((heard) => { if (!heard) { aloud = false; draw(); } });
    }
    showLast();
  };
  // The last turn from its beginning: what a key led to, then what is said.
  const showLast = () => {
    const log = place.querySelector("[data-log]");
    const turn = log && [...log.querySelectorAll("[data-turn]")].at(-1);
    if (turn) log.scrollTop = turn.offsetTop; // the log is what it is placed in
  };
  const sayTurn = (turn, button, piece = null, language = null) => Studio.hear(button, "try/hear", body({ turn, piece, language }));

  // --- keys

  const press = (key) => {
    const waits = call?.waits;
    if (!waits || busy) return;
    if (waits.for === "Record") {
      if (key === "#" || (waits.terminators ?? "").includes(key)) record();
      return;
    }
    if (waits.for !== "Collect") return;
    keys += key;
    const ended = (waits.terminators ?? "").includes(key);
    if (ended || keys.length >= waits.max_digits) step({ press: keys });
    else draw();
  };
  const record = () => step({ record: { recording: `recording${given.length}`, seconds: 6 } });
  const begin = async () => { given = []; call = null; if (await hold()) sayLast(); place.querySelector("[data-key]")?.focus(); };
  const undoKey = () => { given = given.slice(0, -1); hold(); };

  place.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea")) return;
    if (/^[0-9*#]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); press(event.key); }
    if (event.key === "Backspace" && keys) { keys = keys.slice(0, -1); draw(); }
  });

  // --- parts

  const pad = () => h("div", { class: "keypad", role: "region", "aria-label": t("keypad") }, [..."123456789*0#"].map((key) =>
    h("button", { type: "button", class: "outline", "data-key": key, "data-focus": `key.${key}`, disabled: !["Collect", "Record"].includes(call?.waits.for) || null, onclick: () => press(key) }, key)));

  const line = (one, turn, piece) => {
    if (one.replay) return h("p", { class: "line" }, h("em", {}, t("own_recording", { name: one.replay })));
    return h("div", { class: "line" },
      h("code", {}, one.prompt),
      LANGUAGES.map((language) => h("p", { class: language === one.language ? "spoken now" : "spoken also", lang: language },
        h("button", { type: "button", class: "plain", "aria-label": t("hear_in", { language: t(`language_${language}`) }), title: t("hear"), onclick: (event) => sayTurn(turn, event.currentTarget, piece, language) }, "▶"), " ", one.texts[language] ?? "")));
  };
  const gave = (what) => what && h("p", { class: "gave" }, t(`gave_${what.kind}`, { text: what.text }));
  const log = () => h("div", { class: "log", "data-log": "", tabindex: "0", role: "log", "aria-label": t("what_was_said") }, call.turns.map((turn, i) => h("div", { "data-turn": i },
    gave(turn.given),
    turn.said.map((one, piece) => line(one, i, piece)),
  )), call.failures.map((failure) => h("p", { class: "notice error" }, failure)), call.finished && h("p", { class: "gave" }, t("call_ended")));

  const answers = () => {
    const waits = call.waits;
    if (waits.for === "Collect") {
      return h("div", { class: "row" },
        h("output", { class: "typed", "aria-label": t("keys_so_far") }, keys || t(waits.entry ? "waits_entry" : "waits_key")),
        keys && h("button", { type: "button", class: "small", onclick: () => step({ press: keys }) }, t("entry_done")),
        h("button", { type: "button", class: "small outline secondary", onclick: () => step({ silence: true }) }, t("say_nothing")),
        h("button", { type: "button", class: "small outline secondary", onclick: () => step({ hang_up: true }) }, t("caller_hangs_up")));
    }
    if (waits.for === "Record") {
      return h("div", { class: "row" },
        h("button", { type: "button", class: "small", onclick: record }, t("speak_six")),
        h("button", { type: "button", class: "small outline secondary", onclick: () => step({ record: { recording: "nothing", seconds: 0 } }) }, t("say_nothing")),
        h("button", { type: "button", class: "small outline secondary", onclick: () => step({ record_fails: "simulated" }) }, t("recording_fails")),
        h("button", { type: "button", class: "small outline secondary", onclick: () => step({ hang_up: { recording: `recording${given.length}`, seconds: 6 } }) }, t("speak_and_hang_up")));
    }
    if (waits.for === "Lookup") return lookup(waits);
    if (waits.for === "FileComplaint" || waits.for === "CreateCallBack") {
      return h("div", { class: "row" },
        h("button", { type: "button", class: "small", onclick: () => step({ filed: waits.for === "FileComplaint" ? "202611220001" : "" }) }, t("filing_works")),
        h("button", { type: "button", class: "small outline secondary", onclick: () => step({ filing_fails: "simulated" }) }, t("filing_fails")));
    }
    if (waits.for === "Transfer") {
      return h("div", {}, h("p", { class: "muted" }, t("transfer_to", { to: waits.target })), h("div", { class: "row" },
        ["answered", "busy", "no_answer", "failed"].map((one, i) => h("button", { type: "button", class: i ? "small outline secondary" : "small", onclick: () => step({ transfer: one }) }, t(`exit_${one}`)))));
    }
    return h("p", { class: "muted" }, t("call_ended"));
  };

  const lookup = (waits) => {
    const outcomes = state.services[waits.service]?.outcomes ?? {};
    const asked = Object.entries(waits.arguments).map(([name, value]) => `${name} = ${value}`).join(", ");
    const known = picked && picked.service === waits.service ? picked : null;
    return h("div", { class: "lookup" },
      h("p", {}, t("service_asked", { service: waits.service }), " ", h("code", {}, asked)),
      h("div", { class: "row" },
        waits.real ? h("button", { type: "button", class: "small", onclick: () => askForReal() }, t("ask_for_real"))
          : h("p", { class: "muted small" }, t("only_in_a_call")),
        Object.entries(outcomes).map(([outcome, values]) => h("button", { type: "button", class: known?.outcome === outcome ? "small secondary" : "small outline secondary", "data-outcome": outcome, onclick: () => {
          if (!values.length) { step({ lookup: { service: waits.service, outcome, values: {} } }); return; }
          picked = { service: waits.service, outcome, values: example(values) };
          draw();
        } }, t(`exit_${outcome}`) === `exit_${outcome}` ? outcome : t(`exit_${outcome}`))),
        ["timeout", "error"].map((reason) => h("button", { type: "button", class: "small outline secondary", onclick: () => step({ lookup_fails: reason }) }, t(`exit_${reason}`)))),
      known && h("form", { class: "values", onsubmit: (event) => { event.preventDefault(); step({ lookup: { service: known.service, outcome: known.outcome, values: known.values } }); } },
        outcomes[known.outcome].map((value) => input(value, known.values)),
        h("button", { class: "small" }, t("answer_this"))));
  };
  const askForReal = async () => { if (await hold({ ask: true })) sayLast(); };
  const example = (values) => Object.fromEntries(values.map((value) => [value.name,
    value.type === "list" ? Array.from({ length: value.items }, () => example(value.fields)) : value.example]));
  const TYPES = { date: "date", datetime: "datetime-local" };
  const input = (value, into) => {
    if (value.type === "list") {
      const items = into[value.name];
      return h("fieldset", {}, h("legend", {}, value.name),
        items.map((item, i) => h("fieldset", {}, h("legend", {}, t("item_n", { n: i + 1 })), value.fields.map((inner) => input(inner, item)),
          h("button", { type: "button", class: "plain", onclick: () => { items.splice(i, 1); if ("count" in into) into.count = String(items.length); draw(); } }, t("remove")))),
        h("button", { type: "button", class: "small outline secondary", onclick: () => { items.push(example(value.fields)); if ("count" in into) into.count = String(items.length); draw(); } }, `＋ ${t("add_item")}`));
    }
    const set = (event) => { into[value.name] = event.target.value; };
    const control = value.options
      ? h("select", { onchange: set }, value.options.map(([word, text]) => h("option", { value: word, selected: word === into[value.name] }, text ? `${text} (${word})` : word)))
      : h("input", { value: into[value.name], type: TYPES[value.type] ?? "text", oninput: set });
    return h("label", {}, value.name, " ", h("small", { class: "muted" }, t(`type_${value.type}`) === `type_${value.type}` ? value.type : t(`type_${value.type}`)), control);
  };

  const keep = () => {
    const title = h("input", { "aria-label": t("scenario_title"), placeholder: t("scenario_title"), maxlength: 120, "data-focus": "keep" });
    return h("form", { class: "row keep", onsubmit: async (event) => {
      event.preventDefault();
      try {
        const answer = await Studio.ask("try/keep", body({ title: title.value }));
        Studio.notice(answer.error ?? answer.told, answer.error ? "error" : "good");
        if (!answer.error) title.value = "";
      } catch (error) { Studio.notice(error.message); }
    } }, title, h("button", { class: "small outline" }, t("keep_call")));
  };

  const setting = (name, label, control) => h("label", {}, label, control);
  const settingsForm = () => h("details", { class: "aside", open: call ? null : true },
    h("summary", {}, t("caller_and_time")),
    h("div", { class: "settings" },
      setting("flow", t("begins_in"), h("select", { onchange: (event) => { settings.flow = event.target.value; } },
        [...new Set([settings.flow, root.dataset.name, ...Object.keys(state.flows)])].filter((one) => one !== "line").map((one) => h("option", { value: one, selected: one === settings.flow }, one)))),
      setting("caller", t("caller_number"), h("input", { value: settings.caller, inputmode: "tel", onchange: (event) => { settings.caller = event.target.value; } })),
      setting("at", t("time_of_day"), h("input", { type: "datetime-local", value: settings.at, onchange: (event) => { settings.at = event.target.value; } }))));

  const draw = () => {
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    const top = h("div", { class: "row" },
      h("button", { type: "button", "data-focus": "begin", "data-call": "", onclick: begin, class: call ? "outline" : null }, call ? `↻ ${t("call_again")}` : t("call_now")),
      call && given.length > 0 && h("button", { type: "button", class: "outline secondary", "data-focus": "back", onclick: undoKey }, `↶ ${t("take_back_key")}`),
      h("label", { class: "check" }, h("input", { type: "checkbox", checked: aloud || null, "data-aloud": "", onchange: (event) => { aloud = event.target.checked; } }), t("play_aloud")));
    place.replaceChildren(top, settingsForm());
    if (!call) { place.append(h("p", { class: "muted" }, t("try_help"))); return; }
    place.append(h("div", { class: "telephone" }, h("div", { class: "log-and-pad" }, log(), pad()), answers()),
      h("p", { class: "muted small" }, t("stands_at", { flow: call.at.flow, node: call.at.node, language: t(`language_${call.language}`) })),
      keep(),
      h("details", { class: "aside", open: true }, h("summary", {}, t("variables_n", { n: call.variables.length })),
        call.variables.length ? h("table", { class: "small" }, h("tbody", {}, call.variables.map((one) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, one.name)), h("td", {}, one.value))))) : h("p", { class: "muted" }, t("nothing_known"))),
      h("details", { class: "aside" }, h("summary", {}, t("path")),
        h("ol", {}, call.turns.flatMap((turn) => turn.steps).map((one) => h("li", {}, h("code", {}, `${one.flow}.${one.node}`), " ", [one.given, one.outcome].filter(Boolean).join(" · "))))));
    showLast();
    if (focused) place.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  };

  let lastText = null;
  on("start", draw);
  on("draft", () => {
    const text = state.draft.text + JSON.stringify(state.draft.words);
    if (call && lastText !== null && text !== lastText && !state.draft.refused) hold();
    lastText = text;
  });
})();
