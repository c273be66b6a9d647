// What the page says in numbers: headline figures, costs, the package in words, saved packages side by side, tables.

// How sure a direction is, by the wording rules of the project: from a 90 % and a 60 % interval.
function verdictOf(output, shares) {
  const [q05, q20, , , , q80, q95] = shares;
  if (![q05, q95].every(Number.isFinite)) return "unknown";
  if (q05 === 0 && q95 === 0) return "none";
  if (output.relevance > 0 && q05 > -output.relevance && q95 < output.relevance) return "small";
  if (q05 > 0 || q95 < 0) return q05 > 0 ? "raises" : "lowers";
  if (q20 > 0 || q80 < 0) return q20 > 0 ? "probablyRaises" : "probablyLowers";
  return "unclear";
}

// Whether a direction is good for welfare, for the colour beside the word.
function welfareOf(output, verdict) {
  const up = verdict === "raises" || verdict === "probablyRaises";
  const down = verdict === "lowers" || verdict === "probablyLowers";
  if (output.better === "neutral" || !(up || down)) return "neutral";
  return (output.better === "higher") === up ? "good" : "bad";
}

function intervalText(app, shares) {
  const { language, texts } = app;
  const [low, high] = interval(language, shares[0], shares[6]);
  return texts["figure.interval"]
    .replace("{low}", low)
    .replace("{high}", high);
}

// Sets a text where it is another: what does not change is not laid out again.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Headline figures in one list, all other outcomes in another: side effects are figures too.
function buildFigures(app, headlines, others) {
  const { data, texts } = app;
  return data.outputs.map((output, k) => {
    const list = output.headline ? headlines : others;
    const row = {
      k,
      output,
      now: make("span", { class: "now" }),
      difference: make("strong", { class: "difference", "data-output": output.name }),
      interval: make("span", { class: "interval" }),
      verdict: make("span", { class: "verdict" }),
    };
    list.append(make(
      "li", {},
      make("button", { type: "button", class: "pick", title: texts["figure.pick"], onclick: () => app.pick(0, k) }, output.title),
      make("span", { class: "unit" }, output.unit),
      row.difference, row.interval, row.verdict, row.now,
    ));
    return row;
  });
}

function showFigures(app, live) {
  const { language, texts, view } = app;
  for (const row of app.figures) {
    if (live && !row.output.headline) continue;
    const [before, after] = [view.before[row.k], view.after[row.k]];
    put(row.difference, signed(language, after - before));
    const levels = texts["figure.levels"]
      .replace("{before}", numberIn(language, before, 4)).replace("{after}", numberIn(language, after, 4));
    const moved = view.beforeAssumed === null ? 0 : view.beforeAssumed[row.k] - before;
    put(row.now, moved === 0 ? levels : `${levels}; ${texts["figure.assumed"].replace("{moved}", signed(language, moved))}`);
    const shares = app.spread === null ? null : app.spread.readings[row.k];
    const verdict = shares === null ? null : verdictOf(row.output, shares);
    const waiting = app.base.count > 0 && !view.same ? texts["figure.waiting"] : "";
    put(row.interval, shares === null ? waiting : intervalText(app, shares));
    put(row.verdict, verdict === null ? "" : texts[`verdict.${verdict}`]);
    row.verdict.className = `verdict ${verdict === null ? "" : welfareOf(row.output, verdict)}`;
  }
}

function showCosts(app, live) {
  const { data, language, texts, view } = app;
  const { ticker, rows } = app.elements.costs;
  if (data.prices === null) return;
  const before = { parameters: app.baselineParameters, results: app.baselineResults };
  const after = { parameters: view.parameters, results: view.results };
  const shares = app.spread === null ? null : app.spread.cost;
  ticker.textContent = texts["cost.extra"].replace("{amount}", signed(language, extraCost(presentCosts(data, after), presentCosts(data, before)), 4));
  if (shares !== null) ticker.textContent += ` ${intervalText(app, shares)}`;
  if (live) return;
  const found = [];
  for (const lever of allLevers(data)) {
    const now = costOf(data, lever, after.parameters, after.results);
    const then = costOf(data, lever, before.parameters, before.results);
    const changed = lever.parts.some((part) => !Object.is(after.parameters[part.names[0]], before.parameters[part.names[0]]));
    if (now === null) {
      if (changed) found.push([lever.title, "PM"]);
    } else if (Math.abs(now.present - then.present) > 1e-9) {
      found.push([lever.title, signed(language, now.present - then.present, 3)]);
    }
  }
  rows.replaceChildren(...found.map(([title, amount]) => make("tr", {}, make("th", { scope: "row" }, title), make("td", {}, amount))));
}

// The package in words: for print, and for who does not see the sliders.
function showPackage(app) {
  const { data, language, texts } = app;
  const state = app.history.now;
  const preset = presetOf(data, state);
  const found = preset === null ? [] : [make("li", {}, `${texts["package.preset"]} ${preset.title}. ${preset.rationale}`)];
  const owners = [...allLevers(data), ...data.assumptions];
  for (const [name, value] of Object.entries(state.set)) {
    const owner = owners.find((item) => item.parts.some((part) => part.constant === name));
    const part = owner?.parts.find((item) => item.constant === name);
    const told = part === undefined ? numberIn(language, value, 6) : `${toldOf(app, part, value)} ${part.unit}`.trim();
    found.push(make("li", {}, part === undefined ? `${name}: ${told}` : `${part.title === owner.title ? owner.title : `${owner.title} – ${part.title}`}: ${told}`));
  }
  for (const [id, group] of Object.entries(state.targets)) {
    const lever = allLevers(data).find((item) => item.id === id);
    const target = lever?.targets.find((item) => item.group === group);
    if (target !== undefined) found.push(make("li", {}, `${lever.title} – ${texts["part.target"]}: ${target.title}`));
  }
  app.elements.package.replaceChildren(...found);
}

// --- saved packages -----------------------------------------------------------------------------------------------

function keyOf(item, year) {
  return JSON.stringify([item.preset, item.set, item.targets, year]);
}

function showSaved(app) {
  const { data, language, texts, elements } = app;
  const { saved, year } = app.history.now;
  elements.saved.hidden = saved.length === 0;
  if (saved.length === 0) return;
  const readings = saved.map((item) => app.readingsFor(item));
  const head = make("tr", {}, make("td", {}), ...saved.map((item, k) => make(
    "th", { scope: "col" }, item.name, " ",
    make("button", { type: "button", onclick: () => app.load(item) }, texts["saved.load"], make("span", { class: "hidden" }, ` ${item.name}`)),
    make("button", { type: "button", onclick: () => app.forget(k) }, texts["saved.forget"], make("span", { class: "hidden" }, ` ${item.name}`)),
  )));
  const cell = (difference, shares) => make(
    "td", {}, signed(language, difference), app.base.count > 0
      ? make("span", { class: "interval" }, ` ${shares === undefined ? texts["figure.waiting"] : intervalText(app, shares)}`)
      : null,
  );
  const rows = app.figures.filter((row) => row.output.headline).map((row) => make(
    "tr", {}, make("th", { scope: "row" }, row.output.title, make("span", { class: "unit" }, ` ${row.output.unit}`)),
    ...saved.map((item, k) => cell(readings[k].values[row.k] - app.view.before[row.k], app.cache.get(keyOf(item, year))?.readings[row.k])),
  ));
  if (data.prices !== null) {
    rows.push(make("tr", {}, make("th", { scope: "row" }, texts["cost.row"]), ...saved.map((item, k) => cell(
      readings[k].cost, app.cache.get(keyOf(item, year))?.cost,
    ))));
  }
  elements.savedTable.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
}

// --- tables and files ---------------------------------------------------------------------------------------------

// Rows of a chart: the saved times that it shows, with all that it draws.
function chartRows(app, position) {
  const { data, view } = app;
  const output = app.history.now.charts[position];
  const width = data.time.length;
  const row = (results) => (results === null ? null : results.subarray(output * width, (output + 1) * width));
  const [before, assumed, after] = [row(app.baselineResults), row(view.assumed), row(view.results)];
  const spread = app.spread?.charts.get(output) ?? null;
  const head = ["Time", ...(data.origin === null ? [] : ["Date"]), "baseline", "baseline under changed assumptions", "package", "difference"];
  if (spread !== null) for (const kind of ["package", "difference"]) for (const share of SHARES) head.push(`${kind} q${Math.round(share * 100)}`);
  const rows = app.shown.map((t) => {
    const found = [data.time[t], ...(data.origin === null ? [] : [isoDay(data.origin, data.time[t])])];
    found.push(before[t], assumed === null ? before[t] : assumed[t], after[t], after[t] - before[t]);
    if (spread !== null) for (const kind of [spread.levels, spread.differences]) for (const values of kind) found.push(values[t]);
    return found;
  });
  return [head, ...rows];
}

function csvOf(rows) {
  const spelled = (value) => (typeof value === "number" ? String(value) : `"${String(value).replace(/"/g, '""')}"`);
  return rows.map((row) => row.map(spelled).join(",")).join("\r\n");
}

// The table of a chart for a reader: one row a year, or a tenth of the run.
function tableOf(app, position) {
  const { data, language, texts } = app;
  const [head, ...rows] = chartRows(app, position);
  const dated = data.origin !== null;
  const step = Math.max(1, Math.floor(rows.length / 10));
  const chosen = rows.filter((row, k) => (dated ? row[1].slice(5) === "01-01" : k % step === 0));
  const first = dated ? 1 : 0;
  const moved = app.view.assumed !== null; // else that column would be the baseline again
  const titles = [texts[dated ? "table.date" : "table.time"], texts["line.baseline"], ...(moved ? [texts["line.assumed"]] : []), texts["line.current"], texts["table.difference"]];
  const spread = head.indexOf("difference q5");
  if (spread > 0) titles.push(texts["table.interval"]);
  return make(
    "table", {},
    make("caption", {}, data.outputs[app.history.now.charts[position]].title),
    make("thead", {}, make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)))),
    make("tbody", {}, ...chosen.map((row) => make(
      "tr", {},
      make("th", { scope: "row" }, dated ? monthIn(language, data.origin, row[0]) : numberIn(language, row[0], 6)),
      ...row.slice(first + 1, first + 5)
        .map((value, k) => make("td", {}, k === 3 ? signed(language, value, 3) : numberIn(language, value, 4)))
        .filter((_, k) => moved || k !== 1),
      spread > 0 ? make("td", {}, interval(language, row[spread], row[spread + 6]).join(" … ")) : null,
    ))),
  );
}

function download(name, content, type) {
  const url = typeof content === "string" && content.startsWith("data:") ? content : URL.createObjectURL(new Blob([content], { type }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (!url.startsWith("data:")) setTimeout(() => URL.revokeObjectURL(url), 1000);
}
