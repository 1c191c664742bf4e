// Ways and what is said: the parts that every form of a node is made of. Each part reads a value
// and hands back a new one; none knows where in the node the value stands.
"use strict";

const Ways = (() => {
  const { state, t, h, words, known, here, LANGUAGES } = Studio;
  const MOVES = ["back", "repeat", "return", "hang_up", "slower", "louder"];

  // --- where a way leads

  const code = (way) => {
    if (way === undefined || way === null) return "";
    if (typeof way === "string") return MOVES.includes(way) ? `move:${way}` : `node:${way}`;
    if (way.goto !== undefined) return `goto:${way.goto}`;
    if (way.call !== undefined) return `call:${way.call}`;
    return code(way.then);
  };
  const led = (way, target) => {
    const [kind, ...rest] = target.split(":");
    const name = rest.join(":");
    const kept = typeof way === "object" && way !== null ? Studio.copy(way) : {};
    const then = kind === "call" && kept.call !== undefined ? kept.then : undefined;
    delete kept.then; delete kept.goto; delete kept.call;
    if (target === "") return undefined;
    if (kind === "goto") kept.goto = name;
    else if (kind === "call") { kept.call = name; if (then !== undefined) kept.then = then; }
    else if (Object.keys(kept).length === 0) return name;
    else kept.then = name;
    return kept;
  };

  const targets = (present, { none = false, unset = t("way_none") } = {}) => {
    const group = (label, options) => h("optgroup", { label }, options.map(([value, text]) =>
      h("option", { value, selected: value === present }, text)));
    const flows = Object.entries(state.flows);
    const places = (kind) => flows.flatMap(([flow, about]) => {
      const whole = [`${kind}:${flow}`, about.title ? `${flow} (${about.title})` : flow];
      const exact = present.startsWith(`${kind}:${flow}.`) ? [[present, present.slice(kind.length + 1)]] : [];
      const menu = kind === "goto" && flow === "main" && about.nodes.includes("menu") && present !== "goto:main.menu" ? [["goto:main.menu", "main.menu"]] : [];
      return [whole, ...menu, ...exact];
    });
    const nodes = Object.keys(state.draft.nodes).map((name) => [`node:${name}`, name]);
    const found = [
      (none || present === "") && h("option", { value: "", selected: present === "" }, unset),
      Studio.root.dataset.name !== "line" && group(t("ways_here"), [...nodes, ["new:", t("way_new")]]),
      group(t("ways_special"), MOVES.map((move) => [`move:${move}`, t(`way_${move}`)])),
      group(t("ways_flows"), places("goto")),
      group(t("ways_calls"), places("call")),
    ];
    const listed = found.filter(Boolean).flatMap((one) => [one.value, ...[...one.querySelectorAll("option")].map((o) => o.value)]);
    if (present && !listed.includes(present)) found.unshift(h("option", { value: present, selected: true }, `${present.split(":")[1]} ?`));
    return found;
  };

  // A way: where it leads, and below it what is said and set on the way.
  const way = (key, value, give, { none = false, unset, label = t("leads_to"), fresh = null } = {}) => {
    const select = h("select", { "data-focus": `${key}.to`, "aria-label": label, onchange: () => {
      if (select.value === "new:") {
        select.value = code(value);
        Studio.tell("add", { from: fresh, then: (name) => give(led(value, `node:${name}`)), instead: code(value) });
      } else give(led(value, select.value));
    } }, targets(code(value), { none, unset }));
    const table = typeof value === "object" && value !== null ? value : {};
    const also = table.say !== undefined || table.set !== undefined;
    const more = h("details", { class: "also", open: also || null, "data-keep": `${key}.also` },
      h("summary", {}, also ? t("also_on_the_way") : t("say_on_the_way")),
      content(`${key}.say`, table.say, (said) => give(withKey(value, "say", said))),
      pairs(`${key}.set`, table.set, (set) => give(withKey(value, "set", set)), { name: t("remember") }));
    return h("div", { class: "way" }, select, value !== undefined && more);
  };
  const withKey = (value, key, given) => {
    const table = typeof value === "string" ? { then: value } : Studio.copy(value ?? {});
    delete table[key];
    const found = given === undefined ? table : { [key]: given, ...table };
    const names = Object.keys(found);
    return names.length === 1 && names[0] === "then" ? found.then : found;
  };

  // --- names and values: what is remembered

  const pairs = (key, value, give, { name }) => {
    const rows = Object.entries(value ?? {});
    const put = (made) => give(made.length ? Object.fromEntries(made) : undefined);
    const asText = (source) => (typeof source === "object" ? `= ${source.from ?? ""}` : source);
    const asSource = (text) => (/^=\s*[a-z]/.test(text) ? { from: text.replace(/^=\s*/, "") } : text);
    return h("div", { class: "pairs" },
      h("span", { class: "muted" }, name),
      rows.map(([variable, source], i) => h("div", { class: "row" },
        h("input", { value: variable, "data-focus": `${key}.${i}.name`, "aria-label": t("variable"), pattern: "[a-z][a-z0-9_]*", onchange: (event) => { rows[i] = [event.target.value.trim(), source]; put(rows); } }),
        h("span", {}, "="),
        h("input", { value: asText(source), "data-focus": `${key}.${i}.value`, "aria-label": t("value"), onchange: (event) => { rows[i] = [variable, asSource(event.target.value)]; put(rows); } }),
        remove(() => { rows.splice(i, 1); put(rows); }))),
      h("button", { type: "button", class: "small outline secondary", "data-focus": `${key}.add`, onclick: () => put([...rows, [`value${rows.length + 1}`, ""]]) }, `＋ ${t("add_value")}`));
  };
  const remove = (action, label = t("remove")) =>
    h("button", { type: "button", class: "plain remove", "aria-label": label, title: label, onclick: action }, "✕");

  // --- conditions

  const condition = (key, value, give, { none = false } = {}) => {
    const kind = value ? ["is", "is_not", "in"].find((one) => one in value) ?? "is" : "";
    const given = kind === "in" ? (value.in ?? []).join(", ") : value?.[kind] ?? "";
    const made = (variable, how, text) => ({
      ...Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => !["of", "is", "is_not", "in"].includes(name))),
      of: variable,
      [how]: how === "in" ? text.split(/[,，]\s*/).filter(Boolean) : text,
    });
    if (!value) {
      return h("button", { type: "button", class: "small outline secondary", "data-focus": `${key}.add`, onclick: () => give({ of: "caller.number", is_not: "" }) }, `＋ ${t("only_if")}`);
    }
    return h("div", { class: "row condition" },
      h("span", { class: "muted" }, t("if")),
      h("input", { value: value.of ?? "", list: "variables", "data-focus": `${key}.of`, "aria-label": t("variable"), onchange: (event) => give(made(event.target.value.trim(), kind, given)) }),
      h("select", { "data-focus": `${key}.how`, "aria-label": t("compared"), onchange: (event) => give(made(value.of, event.target.value, given)) },
        ["is", "is_not", "in"].map((one) => h("option", { value: one, selected: one === kind }, t(`cond_${one}`)))),
      h("input", { value: given, "data-focus": `${key}.value`, "aria-label": t("value"), placeholder: t("empty_value"), onchange: (event) => give(made(value.of, kind, event.target.value)) }),
      none && remove(() => give(undefined)));
  };

  // --- what is said

  const parts = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
  const whole = (list) => (list.length === 0 ? undefined : list.length === 1 ? list[0] : list);
  const promptOf = (one) => (typeof one === "string" ? one : one.prompt ?? "");

  const content = (key, value, give, { suggest = "" } = {}) => {
    const list = parts(value);
    const put = (changed) => give(whole(changed));
    const set = (i, one) => put(list.map((old, n) => (n === i ? one : old)));
    return h("div", { class: "said" },
      list.map((one, i) => utterance(`${key}.${i}`, one, (changed) => (changed === undefined ? put(list.filter((_old, n) => n !== i)) : set(i, changed)),
        i > 0 ? () => put(list.map((old, n) => (n === i - 1 ? list[i] : n === i ? list[i - 1] : old))) : null)),
      h("div", { class: "row" },
        h("button", { type: "button", class: "small outline secondary", "data-focus": `${key}.choose`, onclick: () => choosePrompt((prompt) => put([...list, prompt])) }, `＋ ${t("choose_prompt")}`),
        h("button", { type: "button", class: "small outline secondary", "data-focus": `${key}.write`, onclick: () => {
          const prompt = freshPrompt(suggest);
          Studio.tell("write", prompt, () => put([...list, prompt]));
        } }, `＋ ${t("write_prompt")}`)));
  };

  const freshPrompt = (suggest) => {
    const base = (suggest || `${Studio.root.dataset.name}_${state.chosen ?? "new"}`).slice(0, 56);
    let name = base;
    for (let n = 2; known(name); n += 1) name = `${base}_${n}`;
    return name;
  };

  const utterance = (key, one, give, up) => {
    const prompt = promptOf(one);
    const table = typeof one === "string" ? { prompt: one } : one;
    const put = (name, given) => {
      const made = { ...table };
      if (given === undefined || given === "") delete made[name];
      else made[name] = given;
      give(Object.keys(made).length === 1 && made.prompt ? made.prompt : made);
    };
    if (table.replay !== undefined) {
      return h("fieldset", { class: "utterance" }, h("legend", {}, t("replay")),
        h("div", { class: "row" }, h("input", { value: table.replay, list: "variables", "data-focus": `${key}.replay`, "aria-label": t("variable"), onchange: (event) => give({ ...table, replay: event.target.value.trim() }) }), remove(() => give(undefined))));
    }
    const slots = state.catalogue[prompt]?.slots ?? {};
    const changed = prompt in state.draft.words;
    const isNew = !(prompt in state.catalogue);
    const places = Object.entries(state.draft.used).filter(([node, said]) => node !== state.chosen && said.includes(prompt)).map(([node]) => node);
    const special = table.with !== undefined || table.when !== undefined || table.barge_in !== undefined;
    return h("fieldset", { class: "utterance" },
      h("legend", {}, h("code", {}, prompt), isNew && h("span", { class: "state good" }, t("new_prompt")), changed && !isNew && h("span", { class: "state busy" }, t("words_changed")),
        h("button", { type: "button", class: "plain", "data-focus": `${key}.swap`, onclick: () => choosePrompt((other) => give(typeof one === "string" ? other : { ...table, prompt: other })) }, t("another")),
        up && h("button", { type: "button", class: "plain", "data-focus": `${key}.up`, "aria-label": t("earlier"), title: t("earlier"), onclick: up }, "↑"),
        table.language && h("span", { class: "state" }, t("only_in", { language: t(`language_${table.language}`) })),
        remove(() => give(undefined), t("do_not_say"))),
      LANGUAGES.filter((language) => !table.language || table.language === language).map((language) => spokenWords(key, prompt, language)),
      places.length > 0 && h("p", { class: "muted small" }, t("said_elsewhere", { places: places.join(", ") })),
      h("details", { class: "also", open: special || null, "data-keep": `${key}.more` }, h("summary", {}, t("when_and_how")),
        Object.keys(slots).length > 0 && fillings(`${key}.with`, slots, table.with, (given) => put("with", given)),
        condition(`${key}.when`, table.when, (given) => put("when", given), { none: true }),
        h("div", { class: "row" },
          h("label", {}, t("in_language"), h("select", { "data-focus": `${key}.language`, onchange: (event) => put("language", event.target.value) },
            ["", ...LANGUAGES].map((language) => h("option", { value: language, selected: language === (table.language ?? "") }, language ? t(`language_${language}`) : t("callers_language"))))),
          h("label", { class: "check" }, h("input", { type: "checkbox", checked: table.barge_in === "false" || null, "data-focus": `${key}.barge_in`, onchange: (event) => put("barge_in", event.target.checked ? "false" : undefined) }), t("no_barge_in")))));
  };

  const spokenWords = (key, prompt, language) => {
    const area = h("textarea", { rows: 2, lang: language, "data-focus": `${key}.words.${language}`, "data-words": `${prompt} ${language}`, "aria-label": t("words_in", { language: t(`language_${language}`), prompt }),
      oninput: () => typed(prompt, language, area.value) });
    area.value = words(prompt, language);
    grow(area);
    const recorded = state.catalogue[prompt]?.recorded?.includes(language);
    return h("div", { class: "words" },
      h("span", { class: "tongue" }, t(`short_${language}`)), area,
      h("button", { type: "button", class: "small outline secondary", "data-focus": `${key}.hear.${language}`, "aria-label": t("hear_in", { language: t(`language_${language}`) }), title: t("hear"), onclick: (event) => Studio.hear(event.currentTarget, "hear", { prompt, language, text: area.value }) }, "▶"),
      recorded && h("p", { class: "muted small" }, t("has_recording")));
  };
  const typed = (prompt, language, text) => {
    for (const other of document.querySelectorAll(`[data-words="${CSS.escape(`${prompt} ${language}`)}"]`)) if (other !== document.activeElement) other.value = text;
    Studio.later(`words:${prompt}:${language}`, () => Studio.edit([["words", prompt, { [language]: text }]], "words", `${prompt} ${language}`));
  };
  const grow = (area) => requestAnimationFrame(() => { area.style.height = "auto"; area.style.height = `${Math.min(area.scrollHeight + 4, 260)}px`; });

  // A prompt's blanks, each filled from what is known in the call.
  const fillings = (key, slots, value, give) => {
    const given = Array.isArray(value) || typeof value === "string"
      ? Object.fromEntries(parts(value).map((name) => [name.split(".").pop(), name]))
      : { ...(value ?? {}) };
    const put = () => {
      const filled = Object.fromEntries(Object.entries(given).filter(([, name]) => name));
      const plain = Object.entries(filled).every(([slot, name]) => name.split(".").pop() === slot);
      give(Object.keys(filled).length === 0 ? undefined : plain ? Object.values(filled) : filled);
    };
    return h("div", { class: "pairs" }, h("span", { class: "muted" }, t("blanks")), Object.entries(slots).map(([slot, kind]) =>
      h("label", { class: "row" }, h("code", {}, `{${slot}:${kind}}`), h("span", {}, "="), h("input", { value: given[slot] ?? "", list: "variables", "data-focus": `${key}.${slot}`, onchange: (event) => { given[slot] = event.target.value.trim(); put(); } }))));
  };

  // --- choosing a prompt

  const choosePrompt = (give) => {
    const dialog = document.querySelector("[data-dialog=prompts]") ?? h("dialog", { "data-dialog": "prompts" });
    document.body.append(dialog);
    const search = h("input", { type: "search", placeholder: t("search_prompts"), "aria-label": t("search_prompts") });
    const results = h("ul", { class: "results", role: "listbox", "aria-label": t("choose_prompt") });
    const all = () => [...new Set([...Object.keys(state.draft.words), ...Object.keys(state.catalogue)])];
    const take = (prompt) => { dialog.close(); give(prompt); };
    const list = () => {
      const asked = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const found = all().filter((prompt) => {
        const text = [prompt, ...LANGUAGES.map((language) => words(prompt, language))].join(" ").toLowerCase();
        return asked.every((word) => text.includes(word));
      }).slice(0, 60);
      results.replaceChildren(...found.map((prompt) => h("li", {}, h("button", { type: "button", class: "plain", role: "option", onclick: () => take(prompt) }, h("code", {}, prompt), h("span", {}, words(prompt, here()))))));
      if (!found.length) results.append(h("li", { class: "muted" }, t("no_prompt_found")));
    };
    search.addEventListener("input", list);
    dialog.onkeydown = (event) => {
      const options = [...results.querySelectorAll("button")];
      const at = options.indexOf(document.activeElement);
      if (event.key === "ArrowDown") { options[Math.min(at + 1, options.length - 1)]?.focus(); event.preventDefault(); }
      if (event.key === "ArrowUp") { (at > 0 ? options[at - 1] : search).focus(); event.preventDefault(); }
      if (event.key === "Enter" && document.activeElement === search) { options[0]?.click(); event.preventDefault(); }
    };
    dialog.replaceChildren(h("article", {}, h("header", {}, h("strong", {}, t("choose_prompt")), h("button", { type: "button", class: "plain close", "aria-label": t("close"), onclick: () => dialog.close() }, "×")), search, results));
    list();
    dialog.showModal();
    search.focus();
  };

  return { way, code, led, targets, pairs, condition, content, parts, remove, freshPrompt, choosePrompt, grow };
})();
