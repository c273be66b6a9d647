// Packages as scenario files: what `sd-covid run -s` reads, written and read back.
//
// Read is the part of YAML that scenarios are written in: mappings by indentation or in braces, texts, numbers, folded
// texts. Anything else is refused by its line.

function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// A state as a scenario file that extends its preset.
function scenarioYaml(app, state, title) {
  const { data, texts } = app;
  const both = (text) => `{nl: ${quoted(text)}, en: ${quoted(text)}}`;
  const lines = [`title: ${both(title)}`, `rationale: ${both(texts["yaml.rationale"])}`];
  if (state.preset !== "") lines.push(`extends: ${quoted(state.preset)}`);
  const rest = new Map(Object.entries(state.set));
  const section = (name, rows) => {
    if (rows.length > 0) lines.push(`${name}:`, ...rows);
  };
  section("levers", allLevers(data).filter((lever) => lever.catalogue).flatMap((lever) => {
    const parts = [];
    for (const part of lever.parts) {
      if (!rest.has(part.constant)) continue;
      const value = rest.get(part.constant);
      const dated = part.part === "start" || part.part === "end";
      parts.push(`${part.part}: ${dated ? isoDay(data.origin, value) : value}`);
      rest.delete(part.constant);
    }
    const municipal = lever.municipal === null ? undefined : data.constants[lever.municipal];
    if (municipal !== undefined && rest.has(municipal)) {
      parts.push(`delivery: ${rest.get(municipal) > 0.5 ? "municipal" : "national"}`);
      rest.delete(municipal);
    }
    if (state.targets[lever.id]) parts.push(`target: ${state.targets[lever.id]}`);
    return parts.length > 0 ? [`  ${lever.id}: {${parts.join(", ")}}`] : [];
  }));
  section("assumptions", data.assumptions.filter((item) => item.catalogue && rest.has(item.parts[0].constant)).map((item) => {
    const value = rest.get(item.parts[0].constant);
    rest.delete(item.parts[0].constant);
    return `  ${item.id}: ${value}`;
  }));
  section("constants", Array.from(rest, ([name, value]) => `  ${quoted(name)}: ${value}`));
  return `${lines.join("\n")}\n`;
}

// The state of a scenario file. Throws an Error that a reader can act on.
function stateOfYaml(app, text) {
  const { data, texts } = app;
  const found = readYaml(text, texts);
  const refuse = (key, value) => {
    throw new Error(texts[key].replace("{name}", value));
  };
  const known = ["title", "rationale", "references", "extends", "levers", "assumptions", "constants"];
  for (const key of Object.keys(found)) if (!known.includes(key)) refuse("yaml.key", key);
  if (found.title === undefined) refuse("yaml.none", "title");
  const mapping = (value, name) => {
    if (value === null || value === undefined) return {};
    return typeof value === "object" && !Array.isArray(value) ? value : refuse("yaml.mapping", name);
  };
  const state = { ...initialState(data), charts: app.history.now.charts, year: app.history.now.year, saved: app.history.now.saved };
  const preset = found.extends ?? state.preset;
  if (data.presets.length > 0 && !data.presets.some((item) => item.id === preset)) refuse("yaml.preset", preset);
  state.preset = data.presets.length > 0 ? preset : "";
  const number = (value, name) => (typeof value === "number" ? value : refuse("yaml.number", name));
  for (const [id, parts] of Object.entries(mapping(found.levers, "levers"))) {
    const lever = allLevers(data).find((item) => item.id === id && item.catalogue) ?? refuse("yaml.lever", id);
    for (const [name, value] of Object.entries(mapping(parts, id))) {
      const part = lever.parts.find((item) => item.part === name);
      if (name === "delivery" && lever.municipal !== null) {
        if (!["municipal", "national"].includes(value)) refuse("yaml.key", `${id}: ${name}: ${value}`);
        state.set[data.constants[lever.municipal]] = value === "municipal" ? 1 : 0;
      } else if (name === "target" && lever.targets.some((item) => item.group === value)) {
        state.targets[id] = value;
      } else if (part === undefined) {
        refuse("yaml.key", `${id}: ${name}`);
      } else {
        const dated = name === "start" || name === "end";
        const set = dated ? timeOfDay(data.origin, String(value)) ?? refuse("yaml.day", String(value)) : number(value, `${id}: ${name}`);
        if (set < part.low || (name !== "budget" && set > part.high)) refuse("yaml.range", `${id}: ${name}: ${value}`);
        state.set[part.constant] = set;
      }
    }
    const settings = settingsOf(app, state);
    const [start, end] = ["start", "end"].map((name) => lever.parts.find((part) => part.part === name)?.names[0]);
    const at = (item) => settings.get(item) ?? app.base.reference[item];
    if (start !== undefined && end !== undefined && at(end) <= at(start)) refuse("yaml.order", id);
  }
  for (const [id, value] of Object.entries(mapping(found.assumptions, "assumptions"))) {
    const item = data.assumptions.find((other) => other.id === id && other.catalogue) ?? refuse("yaml.assumption", id);
    state.set[item.parts[0].constant] = number(value, id);
  }
  for (const [name, value] of Object.entries(mapping(found.constants, "constants"))) {
    if (!app.numbers.has(name)) refuse("yaml.constant", name);
    if (isFixed(app, name)) refuse("yaml.key", name);
    state.set[name] = number(value, name);
  }
  return state;
}

function readYaml(text, texts) {
  const rows = text.split(/\r?\n/).map((line, k) => ({ line, number: k + 1, indent: line.search(/\S/) }));
  const used = rows.filter((row) => row.indent >= 0 && row.line[row.indent] !== "#");
  let at = 0;
  const fail = (row) => {
    throw new Error(texts["yaml.line"].replace("{line}", String(row.number)).replace("{text}", row.line.trim()));
  };
  function block(indent) {
    const found = Object.create(null);
    while (at < used.length && used[at].indent === indent) {
      const row = used[at];
      const scan = new Flow(row.line, row.indent, () => fail(row));
      const key = scan.scalar(":");
      if (key in found) fail(row);
      scan.expect(":");
      at += 1;
      const rest = scan.rest();
      if (rest === "") {
        found[key] = at < used.length && used[at].indent > indent ? block(used[at].indent) : null;
      } else if (/^[>|][+-]?$/.test(rest)) {
        const parts = [];
        while (at < used.length && used[at].indent > indent) parts.push(used[at++].line.trim());
        found[key] = parts.join(" ");
      } else {
        found[key] = scan.value();
        if (scan.rest() !== "") fail(row);
      }
    }
    if (at < used.length && used[at].indent > indent) fail(used[at]);
    return found;
  }
  const found = used.length > 0 ? block(used[0].indent) : Object.create(null);
  if (at < used.length) fail(used[at]);
  return found;
}

// One line, or what stands in braces.
class Flow {
  constructor(text, at, fail) {
    Object.assign(this, { text, at, fail });
  }

  rest() {
    this.blank();
    const left = this.text.slice(this.at);
    return left.startsWith("#") ? "" : left.replace(/\s+#.*$/, "").trim();
  }

  blank() {
    while (this.text[this.at] === " ") this.at += 1;
  }

  expect(sign) {
    this.blank();
    if (this.text[this.at] !== sign) this.fail();
    this.at += 1;
  }

  // A text in quotes, or what stands before one of some signs.
  scalar(ends) {
    this.blank();
    const first = this.text[this.at];
    if (first === '"') {
      const match = /^"(?:[^"\\]|\\.)*"/.exec(this.text.slice(this.at));
      if (match === null) this.fail();
      this.at += match[0].length;
      try {
        return JSON.parse(match[0]);
      } catch {
        return this.fail();
      }
    }
    if (first === "'") {
      const match = /^'((?:[^']|'')*)'/.exec(this.text.slice(this.at));
      if (match === null) this.fail();
      this.at += match[0].length;
      return match[1].replace(/''/g, "'");
    }
    let end = this.at;
    while (end < this.text.length && !ends.includes(this.text[end])) {
      if (this.text[end] === "#" && this.text[end - 1] === " ") break;
      end += 1;
    }
    const found = this.text.slice(this.at, end).trim();
    if (found === "" || "&*!|>%@`".includes(found[0])) this.fail();
    this.at = end;
    return found;
  }

  value(ends = "") {
    this.blank();
    if (this.text[this.at] === "{") return this.mapping();
    if (this.text[this.at] === "[") return this.list();
    const quotedHere = "\"'".includes(this.text[this.at]);
    const found = this.scalar(ends);
    if (quotedHere || found === "") return found;
    return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(found) ? Number(found) : found;
  }

  mapping() {
    const found = Object.create(null);
    this.expect("{");
    this.blank();
    while (this.text[this.at] !== "}") {
      const key = this.scalar(":,}");
      this.expect(":");
      found[key] = this.value(",}");
      this.blank();
      if (this.text[this.at] !== "}") this.expect(",");
      this.blank();
    }
    this.at += 1;
    return found;
  }

  list() {
    const found = [];
    this.expect("[");
    this.blank();
    while (this.text[this.at] !== "]") {
      found.push(this.value(",]"));
      this.blank();
      if (this.text[this.at] !== "]") this.expect(",");
      this.blank();
    }
    this.at += 1;
    return found;
  }
}
