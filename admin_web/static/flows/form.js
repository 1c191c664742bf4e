// The form of the chosen node, drawn from the node's own table; what the table does not say shows
// what holds instead. A change is sent at once, typing when it pauses.
"use strict";

(() => {
  const { root, state, t, h, on, choose } = Studio;
  const { way, pairs, condition, content, remove } = Ways;
  const place = root.querySelector("[data-form]");
  let node = null; // a copy of the chosen node's table, changed here before it is sent
  let shown = null; // the node that the form shows: what is changed here is changed there

  const INPUTS = ["menu", "ask", "record", "list"];
  // kind: its fields, [path, widget, options]
  const FIELDS = {
    say: [["say", "content"], ["then", "way"]],
    menu: [["say", "content"], ["choices", "choices"]],
    ask: [["say", "content"], ["into", "word"], ["min_digits", "whole"], ["max_digits", "whole"], ["terminator", "word"], ["sensitive", "yes"], ["choices", "choices"], ["then", "way"]],
    record: [["say", "content"], ["purpose", "one", ["complaint", "message", "prompt"]], ["category", "variable"], ["into", "word"], ["min", "duration"], ["max", "duration"], ["silence", "duration"], ["terminator", "word"], ["then", "way"], ["on.failed", "way"]],
    list: [["items", "variable"], ["say", "content"], ["more", "content"], ["last", "content"], ["no_more", "content"], ["next", "word"], ["choices", "choices"], ["empty", "way"]],
    lookup: [["service", "service"], ["with", "variables"], ["as", "word"], ["waiting", "content"], ["timeout", "duration"], ["retries", "whole"], ["on", "outcomes"]],
    choose: [["cases", "cases"], ["otherwise", "way"]],
    hours: [["say", "content"], ["schedule", "schedule"], ["on.open", "way"], ["on.closed", "way"], ["as", "word"]],
    set: [["set", "pairs"], ["then", "way"]],
    language: [["language", "one", ["zh-CN", "en"]], ["variant", "word"], ["then", "way"]],
    file_complaint: [["category", "variable"], ["recording", "variable"], ["number", "variable"], ["as", "word"], ["finished", "yes", true], ["on.filed", "way"], ["on.failed", "way"]],
    call_back: [["recording", "variable"], ["number", "variable"], ["reason", "word"], ["on.filed", "way"], ["on.failed", "way"]],
    transfer: [["say", "content"], ["to", "word"], ["timeout", "duration"], ["on.answered", "way"], ["on.busy", "way"], ["on.no_answer", "way"], ["on.failed", "way"]],
    hang_up: [["say", "content"], ["reason", "word"]],
    goto: [["say", "content"], ["to", "way"]],
  };

  Studio.FIELDS = FIELDS;

  // --- reading and changing the table

  const get = (path) => path.split(".").reduce((at, name) => (at && typeof at === "object" ? at[name] : undefined), node);
  const put = (path, value) => {
    const names = path.split(".");
    const last = names.pop();
    let at = node;
    for (const name of names) {
      if (typeof at[name] !== "object" || at[name] === null) at[name] = {};
      at = at[name];
    }
    if (value === undefined) delete at[last];
    else at[last] = value;
    if (names.length && Object.keys(at).length === 0) put(names.join("."), undefined);
  };
  // What all flows share has no nodes: its form changes the keys of the text itself.
  const SHARED = root.dataset.name === "line";
  const edits = (path, of = shown, table = node) => {
    const [top] = path.split(".");
    return SHARED ? [["head", { [top]: table[top] === undefined ? null : Studio.copy(table[top]) }]] : [["put", of, Studio.copy(table)]];
  };
  const send = (what = "put", path = "") => Studio.edit(edits(path), SHARED ? "head" : what, shown ?? path.split(".")[0]);
  const give = (path, what) => (value) => { put(path, value); return send(what, path); };

  // --- widgets

  const field = (label, control, hint) => {
    const id = `f-${label.replace(/\W+/g, "-")}-${Math.random().toString(36).slice(2, 8)}`;
    const target = control.matches?.("input, select, textarea") ? control : null;
    if (target) target.id = id;
    return target
      ? h("div", { class: "field" }, h("label", { for: id }, label), control, hint && h("small", {}, hint))
      : h("fieldset", { class: "field" }, h("legend", {}, label), control, hint && h("small", {}, hint));
  };
  const effective = (path) => state.draft.effective[state.chosen]?.[path.replace(/^on\./, "")] ?? "";
  const typedInto = (path, attributes = {}) => {
    const input = h("input", { value: get(path) ?? "", placeholder: effective(path), "data-focus": path, autocomplete: "off", ...attributes });
    input.addEventListener("input", () => {
      if (!input.checkValidity()) return;
      put(path, input.value.trim() === "" ? undefined : input.value.trim());
      const [of, table] = [shown, node];
      Studio.later(`form:${of}:${path}`, () => Studio.edit(edits(path, of, table), SHARED ? "head" : "put", of ?? path.split(".")[0]));
    });
    return input;
  };

  const WIDGETS = {
    content: (path) => content(path, get(path), give(path, "put"), { suggest: path === "say" ? `${root.dataset.name}_${state.chosen}` : "" }),
    way: (path) => way(path, get(path), give(path, "connect"), { fresh: state.chosen }),
    word: (path) => typedInto(path),
    variable: (path) => typedInto(path, { list: "variables" }),
    duration: (path) => typedInto(path, { pattern: "[0-9]{1,6}(\\.[0-9]{1,3})?(ms|s|m)", title: t("duration_form") }),
    whole: (path) => typedInto(path, { inputmode: "numeric", pattern: "[0-9]{1,6}", title: t("whole_form") }),
    yes: (path, usual = false) => h("label", { class: "check" }, h("input", { type: "checkbox", "data-focus": path, checked: (get(path) ?? String(usual)) === "true" || null, onchange: (event) => give(path)(event.target.checked === usual ? undefined : String(event.target.checked)) }), t("yes")),
    one: (path, options) => h("select", { "data-focus": path, onchange: (event) => give(path)(event.target.value) }, options.map((one) => h("option", { value: one, selected: one === get(path) }, t(`value_${one}`)))),
    pairs: (path) => pairs(path, get(path), give(path), { name: "" }),
    choices: (path) => choices(path),
    service: (path) => h("select", { "data-focus": path, onchange: (event) => chooseService(event.target.value) }, [get(path), ...Object.keys(state.services)].filter((one, i, all) => one && all.indexOf(one) === i).map((one) => h("option", { value: one, selected: one === get(path) }, t(`service_${one}`) === `service_${one}` ? one : t(`service_${one}`)))),
    schedule: (path) => h("select", { "data-focus": path, onchange: (event) => give(path)(event.target.value) }, [...new Set([get(path), ...Object.keys(state.schedules)])].filter(Boolean).map((one) => h("option", { value: one, selected: one === get(path) }, state.schedules[one] ? `${state.schedules[one]} (${one})` : one))),
    variables: (path) => lookupArguments(path),
    outcomes: () => outcomes(),
    cases: (path) => cases(path),
  };

  const choices = (path) => {
    const rows = Object.entries(get(path) ?? {});
    const set = (made, what) => give(path, what)(made.length ? Object.fromEntries(made) : undefined);
    const free = () => [..."123456789"].find((key) => !rows.some(([used]) => used === key)) ?? "";
    const add = (value) => set([...rows, [free(), value]], "keys");
    return h("div", { class: "choices" },
      rows.map(([key, value], i) => h("div", { class: "choice" },
        h("input", { value: key, class: "key", inputmode: "tel", pattern: "[0-9*#]{1,32}", "data-focus": `${path}.${i}.key`, "aria-label": t("key"), onchange: (event) => {
          const wanted = event.target.value.trim();
          if (!event.target.checkValidity() || !wanted || rows.some(([used], n) => used === wanted && n !== i)) { event.target.value = key; return; }
          rows[i] = [wanted, value]; set(rows, "keys");
        } }),
        way(`${path}.${key}`, value, (changed) => { if (changed === undefined) rows.splice(i, 1); else rows[i] = [key, changed]; set(rows, "keys"); }, { fresh: state.chosen, label: t("key_leads", { key }) }),
        remove(() => { rows.splice(i, 1); set(rows, "keys"); }, t("remove_key", { key })))),
      node.kind === "menu" && toldOf(rows.map(([key]) => key)),
      h("div", { class: "row" },
        !SHARED && h("button", { type: "button", class: "small", "data-focus": `${path}.fresh`, onclick: () => Studio.tell("add", { from: state.chosen, then: add }) }, `＋ ${t("key_to_new")}`),
        h("button", { type: "button", class: "small outline secondary", "data-focus": `${path}.add`, onclick: () => add("repeat") }, `＋ ${t("add_key")}`)));
  };

  // A key that no caller is told of: nobody will press it.
  const SPOKEN = { "zh-CN": { 0: "零〇", 1: "一幺", 2: "二两", 3: "三", 4: "四", 5: "五", 6: "六", 7: "七", 8: "八", 9: "九", "*": "星", "#": "井" },
    en: { 0: "zero", 1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", "*": "star", "#": "pound hash" } };
  const tells = (text, key, language) => text.includes(key) || (language === "en"
    ? SPOKEN.en[key].split(" ").some((word) => new RegExp(`\\b${word}\\b`, "i").test(text))
    : [...SPOKEN[language][key]].some((sign) => text.includes(sign)));
  const untold = (keys) => {
    const said = Ways.parts(node.say).filter((one) => typeof one === "string" || one.prompt);
    return Studio.LANGUAGES.flatMap((language) => {
      const texts = said.filter((one) => typeof one === "string" || !one.language || one.language === language)
        .map((one) => Studio.words(typeof one === "string" ? one : one.prompt, language));
      const text = texts.join(" ");
      return text.trim() ? keys.filter((key) => key.length === 1 && !tells(text, key, language)).map((key) => ({ key, language })) : [];
    });
  };
  const toldOf = (keys) => {
    const found = new Map();
    for (const { key, language } of untold(keys)) found.set(key, [...(found.get(key) ?? []), language]);
    return [...found].map(([key, languages]) => h("p", { class: "notice busy untold", "data-untold": key },
      t("key_untold", { key, languages: languages.map((one) => t(`language_${one}`)).join(t("comma")) }), " ",
      h("button", { type: "button", class: "plain", onclick: () => {
        const area = place.querySelector(`textarea[lang="${languages[0]}"]`);
        area?.focus();
        area?.setSelectionRange(area.value.length, area.value.length);
      } }, t("write_it"))));
  };

  const chooseService = (service) => {
    const facts = state.services[service];
    const old = node.on ?? {};
    const kept = Object.fromEntries(["timeout", "error"].filter((name) => name in old).map((name) => [name, old[name]]));
    put("service", service);
    put("with", facts.needs.length ? facts.needs : undefined);
    put("on", { ...Object.fromEntries(Object.keys(facts.outcomes).map((name) => [name, old[name] ?? "back"])), ...kept });
    send();
  };

  const lookupArguments = (path) => {
    const facts = state.services[node.service] ?? { needs: [], takes: [] };
    const value = get(path);
    const given = value === undefined ? {} : typeof value === "object" && !Array.isArray(value) ? { ...value } : Object.fromEntries(Ways.parts(value).map((name) => [name.split(".").pop(), name]));
    const names = [...new Set([...facts.needs, ...facts.takes, ...Object.keys(given)])];
    const set = () => {
      const filled = Object.entries(given).filter(([, name]) => name);
      const same = filled.every(([argument, name]) => name.split(".").pop() === argument);
      give(path)(filled.length === 0 ? undefined : same ? filled.map(([, name]) => name) : Object.fromEntries(filled));
    };
    return h("div", { class: "pairs" }, names.map((argument) => h("label", { class: "row" }, h("code", {}, argument), h("span", {}, "="),
      h("input", { value: given[argument] ?? "", list: "variables", "data-focus": `${path}.${argument}`, placeholder: facts.needs.includes(argument) ? "" : t("may_be_left"), onchange: (event) => { given[argument] = event.target.value.trim(); set(); } }))));
  };

  const outcomes = () => {
    const facts = state.services[node.service] ?? { outcomes: {} };
    const names = [...new Set([...Object.keys(facts.outcomes), ...Object.keys(node.on ?? {}).filter((name) => !["timeout", "error"].includes(name))])];
    const one = (name, none, unset) => h("div", { class: "choice" }, h("span", { class: "outcome" }, t(`exit_${name}`) === `exit_${name}` ? name : t(`exit_${name}`), h("br"), h("code", {}, name)), way(`on.${name}`, get(`on.${name}`), give(`on.${name}`, "connect"), { none, unset, fresh: state.chosen }));
    return h("div", { class: "choices" }, names.map((name) => one(name, !(name in facts.outcomes))), ["timeout", "error"].map((name) => one(name, true, t("as_inherited"))));
  };

  const cases = (path) => {
    const rows = get(path) ?? [];
    const set = (made) => give(path)(made);
    const wayOf = (one) => Object.fromEntries(Object.entries(one).filter(([name]) => !["of", "is", "is_not", "in"].includes(name)));
    const plain = (value) => { const table = wayOf(value); return Object.keys(table).length === 1 && table.then !== undefined ? table.then : table; };
    const ofCase = (one) => Object.fromEntries(Object.entries(one).filter(([name]) => ["of", "is", "is_not", "in"].includes(name)));
    return h("div", { class: "choices" }, rows.map((one, i) => h("div", { class: "case" },
      condition(`${path}.${i}`, ofCase(one), (changed) => set(rows.map((old, n) => (n === i ? { ...changed, ...wayOf(one) } : old)))),
      way(`${path}.${i}.way`, plain(one), (changed) => set(rows.map((old, n) => (n === i ? { ...ofCase(one), ...(typeof changed === "string" ? { then: changed } : changed) } : old))), { fresh: state.chosen }),
      rows.length > 1 && remove(() => set(rows.filter((_old, n) => n !== i))))),
      h("button", { type: "button", class: "small outline secondary", "data-focus": `${path}.add`, onclick: () => set([...rows, { of: "caller.number", is: "", then: "back" }]) }, `＋ ${t("add_case")}`));
  };

  // What happens on silence or a wrong key: inherited, unless the node says so itself.
  const retry = (event, within = "") => {
    const path = `${within}on.${event}`;
    const value = get(path);
    const table = typeof value === "object" && value !== null ? value : null;
    const counted = table && ["say", "attempts", "reprompt"].some((name) => name in table) && !("goto" in table) && !("call" in table);
    const how = value === undefined ? "inherited" : counted || (table && !Ways.code(table)) ? "counted" : "at_once";
    const change = (wanted) => {
      if (wanted === "inherited") give(path)(undefined);
      else if (wanted === "at_once") give(path)(typeof value === "object" && value?.then ? value.then : "repeat");
      else give(path)({ attempts: effective(`${event}.attempts`) || "3" });
    };
    return h("div", { class: "retry" },
      h("select", { "data-focus": `${path}.how`, "aria-label": t(`on_${event}`), onchange: (one) => change(one.target.value) }, ["inherited", "counted", "at_once"].map((one) => h("option", { value: one, selected: one === how }, one === "inherited" ? t("retry_inherited", { n: effective(`${event}.attempts`) || "?" }) : t(`retry_${one}`)))),
      how === "at_once" && way(path, value, give(path, "connect"), { fresh: state.chosen }),
      how === "counted" && [
        field(t("attempts"), typedInto(`${path}.attempts`, { inputmode: "numeric", pattern: "[1-9]|10" })),
        field(t("said_in_turn"), content(`${path}.say`, get(`${path}.say`), give(`${path}.say`))),
        field(t("after_attempts"), way(`${path}.then`, get(`${path}.then`), give(`${path}.then`, "connect"), { none: true, fresh: state.chosen })),
      ]);
  };

  const inheritedKeys = () => {
    const found = (state.draft.picture?.inherited ?? []).filter((one) => one.source === state.chosen && /^[0-9*#]+$/.test(one.label));
    if (!found.length) return null;
    const names = found.map((one) => `${one.label} → ${one.target && !["repeat", "slower", "louder"].includes(one.move) ? one.target : t(`way_${one.move}`) === `way_${one.move}` ? one.move : t(`way_${one.move}`)}`);
    return h("p", { class: "muted small" }, t("keys_besides", { keys: names.join(" · ") }));
  };

  const waiting = () => {
    const filers = Object.entries(state.draft.nodes).filter(([, one]) => ["file_complaint", "call_back"].includes(one?.kind)).map(([name]) => name);
    const present = get("on.hang_up") ?? "";
    return h("details", { class: "aside", "data-keep": "waiting" }, h("summary", {}, t("silence_and_mistakes")),
      field(t("no_input_timeout"), WIDGETS.duration("no_input_timeout"), t("no_input_timeout_hint")),
      node.kind !== "menu" && field(t("inter_digit_timeout"), WIDGETS.duration("inter_digit_timeout")),
      field(t("on_no_input"), retry("no_input")),
      field(t("on_no_match"), retry("no_match")),
      field(t("keys_of_node"), keysOfNode()),
      field(t("on_hang_up"), h("select", { "data-focus": "on.hang_up", onchange: (event) => give("on.hang_up")(event.target.value || undefined) },
        [["", t("as_inherited")], ["nothing", t("hang_up_nothing")], ...filers.map((name) => [name, t("hang_up_filed", { node: name })])].map(([value, text]) => h("option", { value, selected: value === present }, text)))),
      field(t("clear_type_ahead"), WIDGETS.yes("clear_type_ahead")));
  };
  const keysOfNode = () => {
    const rows = Object.entries(node.keys ?? {});
    const set = (made) => give("keys")(made.length ? Object.fromEntries(made) : undefined);
    return h("div", { class: "choices" }, rows.map(([key, value], i) => h("div", { class: "choice" },
      h("code", { class: "key" }, key),
      value === "none" ? h("span", { class: "muted" }, t("key_taken_away")) : way(`keys.${key}`, value, (changed) => { rows[i] = [key, changed ?? "none"]; set(rows); }, { fresh: state.chosen }),
      remove(() => { rows.splice(i, 1); set(rows); }))),
      h("div", { class: "row" }, [..."0*9#78"].filter((key) => !(key in (node.keys ?? {}))).map((key) => h("button", { type: "button", class: "small outline secondary", "data-focus": `keys.add.${key}`, onclick: () => set([...rows, [key, "none"]]) }, `${key}: ${t("otherwise_here")}`))));
  };

  // --- the whole form

  const variables = () => {
    const found = new Set(["caller.number", "called.number", "item.position"]);
    for (const one of Object.values(state.draft.nodes)) {
      if (typeof one !== "object" || one === null) continue;
      if (one.into) found.add(one.into);
      if (one.kind === "file_complaint" && one.as) found.add(one.as);
      if (one.kind === "lookup" && one.as) {
        for (const values of Object.values(state.services[one.service]?.outcomes ?? {})) {
          for (const value of values) {
            found.add(`${one.as}.${value.name}`);
            (value.fields ?? []).forEach((inner) => found.add(`item.${inner.name}`));
          }
        }
      }
      JSON.stringify(one, (key, value) => { if (key === "set" && value && typeof value === "object") Object.keys(value).forEach((name) => found.add(name)); return value; });
    }
    return [...found].sort();
  };

  const heading = () => {
    const bad = state.draft.findings.filter((one) => one.node === state.chosen);
    const isStart = state.draft.head.start === state.chosen;
    return [
      h("div", { class: "node-head" },
        h("h2", { tabindex: "-1", "data-node-title": "" }, Studio.icon(node.kind), " ", state.chosen),
        h("span", { class: "state" }, t(`kind_${node.kind}`)), isStart && h("span", { class: "state good" }, t("starts_here"))),
      h("div", { class: "row tools" },
        h("button", { type: "button", class: "small outline secondary", "data-focus": "rename", onclick: () => Studio.tell("rename", state.chosen) }, t("rename")),
        h("button", { type: "button", class: "small outline secondary", "data-focus": "copy", onclick: () => Studio.tell("copy", state.chosen) }, t("copy")),
        h("button", { type: "button", class: "small outline secondary", "data-focus": "remove", onclick: () => Studio.tell("remove", state.chosen) }, t("remove")),
        !isStart && h("button", { type: "button", class: "small outline secondary", "data-focus": "start", onclick: () => Studio.edit([["head", { start: state.chosen }]], "start", state.chosen) }, t("start_here"))),
      bad.length > 0 && h("ul", { class: "findings notice error" }, bad.map((one) => h("li", {}, one.text))),
    ];
  };

  const headForm = () => {
    const head = state.draft.head;
    const title = { ...(head.title ?? {}) };
    const names = Object.keys(state.draft.nodes);
    const titleOf = (language) => h("input", { value: title[language] ?? "", "data-focus": `title.${language}`, lang: language, oninput: (event) => { title[language] = event.target.value; Studio.later("form:title", () => Studio.edit([["head", { title }]], "head", "title")); } });
    return [
      h("h2", {}, t("flow_itself")),
      h("p", { class: "muted" }, t("choose_a_node")),
      field(t("title_in", { language: t("language_zh-CN") }), titleOf("zh-CN")),
      field(t("title_in", { language: t("language_en") }), titleOf("en")),
      field(t("first_node"), h("select", { "data-focus": "start", onchange: (event) => Studio.edit([["head", { start: event.target.value }]], "start", event.target.value) }, names.map((name) => h("option", { value: name, selected: name === head.start }, name)))),
      field(t("star_leads"), way("back", head.back, (value) => Studio.edit([["head", { back: value ?? null }]], "head", "back"), { none: true })),
    ];
  };

  // --- what all flows share

  const flowsKnown = () => Object.entries(state.flows);
  const flowSelect = (value, label, change, focus) => h("select", { "aria-label": label, "data-focus": focus, onchange: (event) => change(event.target.value) },
    [...flowsKnown(), ...(value in state.flows ? [] : [[value, {}]])].map(([flow, about]) => h("option", { value: flow, selected: flow === value }, about.title ? `${about.title} (${flow})` : flow)));
  const numberRows = (path) => {
    const rows = Object.entries(get(path) ?? {});
    const set = (made) => give(path)(made.length ? Object.fromEntries(made) : undefined);
    return h("div", { class: "pairs" }, rows.map(([number, flow], i) => h("div", { class: "row" },
      h("input", { value: number, inputmode: "tel", pattern: "[0-9*#]{1,32}", "data-focus": `${path}.${i}`, "aria-label": t("called_number"), onchange: (event) => {
        const wanted = event.target.value.trim();
        if (!event.target.checkValidity() || !wanted || rows.some(([used], n) => used === wanted && n !== i)) { event.target.value = number; return; }
        rows[i] = [wanted, flow]; set(rows);
      } }), h("span", {}, "→"), flowSelect(flow, t("number_leads", { number }), (chosen) => { rows[i] = [number, chosen]; set(rows); }, `${path}.${i}.flow`),
      remove(() => { rows.splice(i, 1); set(rows); }, t("remove_number", { number })))),
    h("button", { type: "button", class: "small outline secondary", "data-focus": `${path}.add`, onclick: () => {
      let fresh = 1; // a number nobody dials, to be written over
      while (rows.some(([used]) => used === String(fresh))) fresh += 1;
      set([...rows, [String(fresh), get("main") ?? "main"]]);
    } }, `＋ ${t("add_number")}`));
  };
  const languagesChosen = (path) => {
    const present = (get(path) ?? []).join(" ");
    const options = ["zh-CN en", "en zh-CN", "zh-CN", "en"];
    const named = (value) => value.split(" ").map((one) => t(`language_${one}`)).join(" → ");
    return h("select", { "data-focus": path, onchange: (event) => give(path)(event.target.value.split(" ")) },
      [...options, ...(options.includes(present) || !present ? [] : [present])].map((one) => h("option", { value: one, selected: one === present }, named(one))));
  };
  const prefixes = (path) => {
    const input = h("input", { value: (get(path) ?? []).join(", "), "data-focus": path, autocomplete: "off", onchange: () => give(path)(input.value.split(/[,，\s]+/).filter(Boolean)) });
    return input;
  };
  const retries = (within) => [
    field(t("no_input_timeout"), WIDGETS.duration(`${within}no_input_timeout`), t("no_input_timeout_hint")),
    field(t("inter_digit_timeout"), WIDGETS.duration(`${within}inter_digit_timeout`)),
    field(t("on_no_input"), retry("no_input", within)),
    field(t("on_no_match"), retry("no_match", within)),
  ];
  const part = (title, ...fields) => h("details", { class: "aside", "data-keep": title, open: [t("shared_beginning"), t("shared_keys")].includes(title) || null }, h("summary", {}, title), fields);
  const sharedForm = () => [
    h("h2", {}, t("shared_itself")), h("p", { class: "muted" }, t("shared_help")),
    part(t("shared_beginning"),
      field(t("shared_languages"), languagesChosen("languages"), t("shared_languages_hint")),
      field(t("shared_main"), flowSelect(get("main") ?? "main", t("shared_main"), give("main"), "main"), t("shared_main_hint")),
      field(t("shared_numbers"), numberRows("numbers"), t("shared_numbers_hint")),
      field(t("shared_home"), way("home", get("home"), give("home"), { none: true })),
      field(t("shared_prefixes"), prefixes("home_prefixes"), t("shared_prefixes_hint")),
      field(t("field_variant"), WIDGETS.word("variant"))),
    part(t("shared_keys"), field(t("shared_keys_hint"), choices("keys"))),
    part(t("shared_speaking"), ["slower", "louder"].flatMap((kind) => ["chosen", "taken_back"].map((moment) =>
      field(t(`speaking_${kind}_${moment}`), content(`speaking.${kind}.${moment}`, get(`speaking.${kind}.${moment}`), give(`speaking.${kind}.${moment}`), { suggest: `speaking_${kind}_${moment}` }))))),
    part(t("shared_error"), field(t("shared_error_hint"), way("on_error", get("on_error"), give("on_error"), { none: true }))),
    part(t("shared_input"), retries("defaults.input.")),
    part(t("shared_ask"), retries("defaults.ask.")),
    part(t("shared_lookup"),
      field(t("field_timeout"), WIDGETS.duration("defaults.lookup.timeout")),
      field(t("field_retries"), WIDGETS.whole("defaults.lookup.retries")),
      field(t("field_waiting"), content("defaults.lookup.waiting", get("defaults.lookup.waiting"), give("defaults.lookup.waiting"), { suggest: "line_waiting" })),
      ["timeout", "error"].map((name) => field(t(`exit_${name}`), way(`defaults.lookup.on.${name}`, get(`defaults.lookup.on.${name}`), give(`defaults.lookup.on.${name}`), { none: true })))),
  ];

  let drawnFor = null; // whose open details are kept
  const draw = () => {
    // Who types goes on typing; but another node is shown at once, whatever is still to be sent.
    if (shown === state.chosen && (Studio.typing("form:") || Studio.typing("words:"))) return;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    const { selectionStart, selectionEnd } = document.activeElement ?? {};
    const open = new Map([...place.querySelectorAll("details[data-keep]")].map((one) => [one.dataset.keep, one.open]));
    const id = state.chosen;
    node = id ? Studio.copy(state.draft.nodes[id]) : null;
    shown = id;
    if (id && (typeof node !== "object" || node === null || !(node.kind in FIELDS))) {
      place.replaceChildren(h("h2", {}, id), h("p", { class: "notice error" }, t("kind_unknown")));
      return;
    }
    if (SHARED) node = Studio.copy(state.draft.head);
    place.replaceChildren(
      h("datalist", { id: "variables" }, variables().map((name) => h("option", { value: name }))),
      ...(id ? [
        ...heading().flat().filter(Boolean),
        ...FIELDS[node.kind].map(([path, widget, more]) => field(t(`field_${node.kind}_${path}`) === `field_${node.kind}_${path}` ? t(`field_${path}`) : t(`field_${node.kind}_${path}`), WIDGETS[widget](path, more))),
        INPUTS.includes(node.kind) && inheritedKeys(),
        INPUTS.includes(node.kind) && waiting(),
        h("details", { class: "aside", "data-keep": "back" }, h("summary", {}, t("star_here")), way("back", get("back"), give("back", "connect"), { none: true, unset: t("as_inherited"), fresh: id })),
      ].filter(Boolean) : SHARED ? sharedForm() : headForm()));
    for (const one of place.querySelectorAll("details[data-keep]")) if (drawnFor === id && open.has(one.dataset.keep)) one.open = open.get(one.dataset.keep);
    drawnFor = id;
    if (focused) {
      const again = place.querySelector(`[data-focus="${CSS.escape(focused)}"]`);
      again?.focus({ preventScroll: true });
      if (again?.setSelectionRange && selectionStart !== null && selectionStart !== undefined) {
        try { again.setSelectionRange(selectionStart, selectionEnd); } catch { /* not a text field */ }
      }
    }
  };

  on("draft", draw);
  on("chosen", ({ focus, open }) => {
    drawnFor = null;
    draw();
    if (open) Studio.tell("tab", "node", false);
    if (focus) place.querySelector("[data-node-title]")?.focus();
    place.scrollTop = 0;
  });
  void choose;
})();
