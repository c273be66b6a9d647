// Puts the page together: one state, one run of the reference member in the page, draws in workers.

class App {
  constructor(data, source) {
    Object.assign(this, { data, texts: data.texts, language: data.language });
    data.baselineSettings = data.presets.length > 0 ? data.presets[0].settings : [];
    this.base = makeBase(data);
    this.numbers = new Map(data.constants.map((name, k) => [name, [k]]));
    for (const owner of [...allLevers(data), ...data.assumptions]) {
      for (const part of owner.parts) this.numbers.set(part.constant, part.names);
    }
    this.leverNumbers = leverNumbers(data);
    this.baselineParameters = parametersOf(this.base, -1, new Map(data.baselineSettings));
    this.baselineResults = unpack(data.baseline.results, Float64Array);
    this.bands = data.baseline.bands === "" ? null : unpack(data.baseline.bands, Float32Array);
    const first = data.since ?? data.time[0];
    this.shown = data.time.map((_, t) => t).filter((t) => data.time[t] >= first - 1e-9);
    this.times = this.shown.map((t) => data.time[t]);
    this.xs = this.times.map((time) => xOf(this, time));
    this.members = new Members(this.base, sdEngine.build(sdModel), data.seed, 48);
    this.slots = Object.fromEntries(["baseline", "current", "assumed", "other"].map((name) => [name, this.members.slot()]));
    const begun = this.members.runner.begin(this.baselineParameters, 0, data.seed);
    this.stepsPerYear = 12 / begun.grid.step;
    this.history = new History(decodeState(this, location.hash.slice(1)) ?? initialState(data));
    this.spread = null;
    this.cache = new Map(); // intervals of packages that were worked out
    this.readings = new Map();
    this.view = { parameters: this.baselineParameters, results: this.baselineResults, assumed: null, run: {} };
    this.pool = new Pool(this, source);
  }

  // --- building ----------------------------------------------------------------------------------------------------

  build() {
    const { data, texts } = this;
    const element = (id) => document.getElementById(id);
    this.elements = {
      saved: element("saved"), savedTable: element("saved-table"), package: element("package"), message: element("message"),
      costs: { ticker: element("cost"), rows: element("cost-rows") },
      undo: element("undo"), redo: element("redo"), year: element("year"), yearShown: element("year-shown"),
    };
    this.controls = buildControls(this, element("levers"), element("assumptions"));
    this.figures = buildFigures(this, element("headlines"), element("others"));
    element("others").closest("details").hidden = this.figures.every((row) => row.output.headline);
    this.buildCharts();
    this.buildStrip(element("strip"));
    this.buildPresets(element("preset"));
    this.buildYear();
    if (data.prices === null) element("costs").hidden = true;
    const on = (id, act) => element(id).addEventListener("click", act);
    on("undo", () => this.step("undo"));
    on("redo", () => this.step("redo"));
    on("reset", () => this.replace({ ...initialState(data), saved: this.history.now.saved }));
    on("save", () => this.save(element("save-name")));
    on("share", () => this.share());
    on("export", () => download("scenario.yaml", scenarioYaml(this, this.history.now, data.title), "text/yaml"));
    on("print", () => window.print());
    element("import").addEventListener("change", (event) => this.read(event.target));
    addEventListener("hashchange", () => {
      const found = decodeState(this, location.hash.slice(1));
      if (found !== null && encodeState(found) !== encodeState(this.history.now)) this.replace(found);
    });
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text], textarea")) return;
      const key = event.key.toLowerCase();
      if (key === "z") this.step(event.shiftKey ? "redo" : "undo");
      else if (key === "y") this.step("redo");
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => {
      for (const chart of this.charts) chart.resize();
      this.draw();
    }).observe(element("charts"));
    if (this.base.count > 0) element("about-draws").textContent = texts["about.draws"].replace("{count}", String(this.base.count));
  }

  buildCharts() {
    const { data, texts } = this;
    this.charts = []; // until they are there
    const made = [0, 1].map((position) => {
      const figure = document.getElementById(`chart-${position}`);
      const find = (name) => figure.querySelector(`.${name}`);
      const select = find("picker");
      const themes = new Map();
      data.outputs.forEach((output, k) => {
        if (!themes.has(output.theme)) themes.set(output.theme, []);
        themes.get(output.theme).push(make("option", { value: k }, output.title));
      });
      for (const [theme, options] of themes) select.append(...(theme === "" ? options : [make("optgroup", { label: theme }, ...options)]));
      select.addEventListener("change", () => this.pick(position, Number(select.value)));
      const chart = new Chart(this, figure);
      Object.assign(chart, { select, unit: find("unit"), about: find("meaning"), table: find("table") });
      const name = () => data.outputs[this.history.now.charts[position]].name.replace(/[^\w-]+/g, "_");
      find("csv").addEventListener("click", () => download(`${name()}.csv`, csvOf(chartRows(this, position)), "text/csv"));
      find("svg").addEventListener("click", async () => download(`${name()}.svg`, await chart.levels.toSVG(), "image/svg+xml"));
      find("png").addEventListener("click", async () => download(`${name()}.png`, await chart.levels.toImageURL("png", 2), "image/png"));
      find("show-table").addEventListener("toggle", () => this.showTables());
      find("meaning-title").textContent = texts["about.open"];
      return chart.build();
    });
    this.ready = Promise.all(made).then((charts) => {
      this.charts = charts;
      for (const chart of charts) chart.resize();
      this.show();
    });
  }

  buildStrip(strip) {
    this.small = this.figures.filter((row) => row.output.headline).map(({ output, k }) => {
      const space = "http://www.w3.org/2000/svg";
      const svg = document.createElementNS(space, "svg");
      svg.setAttribute("viewBox", "-1 -1 122 42");
      svg.setAttribute("aria-hidden", "true");
      const paths = ["baseline", "current"].map((name) => {
        const path = document.createElementNS(space, "path");
        path.setAttribute("class", name);
        svg.append(path);
        return path;
      });
      strip.append(make("li", {}, make("button", { type: "button", onclick: () => this.pick(1, k) }, svg, output.title)));
      return { k, paths };
    });
  }

  buildPresets(select) {
    const { data } = this;
    this.preset = select;
    if (data.presets.length === 0) {
      select.closest(".choice").hidden = true;
      return;
    }
    select.append(...data.presets.map((preset, k) => make("option", { value: preset.id }, `S${k} ${preset.title}`)));
    select.addEventListener("change", () => this.replace({ ...this.history.now, preset: select.value, set: {}, targets: {} }));
  }

  buildYear() {
    const { year } = this.elements;
    const years = yearsOf(this.data);
    if (years.length === 0) {
      year.closest(".choice").hidden = true;
      return;
    }
    Object.assign(year, { min: years[0], max: years[years.length - 1], step: 1 });
    year.addEventListener("input", () => this.change({ year: Number(year.value) }, "year"));
    year.addEventListener("change", () => this.settle());
  }

  // --- changing ----------------------------------------------------------------------------------------------------

  // Part of a state, put on top of it; settings are worked out in the next frame, or at once.
  change(patch, gesture = null, settled = false) {
    const { now } = this.history;
    const targets = { ...now.targets, ...patch.targets };
    for (const [id, group] of Object.entries(targets)) if (group === "") delete targets[id];
    this.history.change({ ...now, ...patch, set: { ...now.set, ...patch.set }, targets }, gesture);
    if (settled) {
      this.update();
      this.settle();
    } else if (!this.waiting) {
      this.waiting = true;
      requestAnimationFrame(() => {
        if (this.waiting) this.update(true);
      });
    }
  }

  replace(state) {
    this.history.change(state);
    this.update();
    this.settle();
  }

  step(direction) {
    this.history[direction]();
    this.update();
    this.settle();
  }

  pick(position, output) {
    const charts = this.history.now.charts.slice();
    charts[position] = output;
    this.change({ charts }, null, true);
  }

  save(input) {
    const { preset, set, targets, saved } = this.history.now;
    if (saved.length >= MOST_SAVED) {
      this.say(this.texts["saved.full"]);
      return;
    }
    const name = input.value.trim() || `${this.texts["saved.name"]} ${saved.length + 1}`;
    input.value = "";
    this.change({ saved: [...saved, { name, preset, set, targets }] }, null, true);
  }

  load(item) {
    this.replace({ ...this.history.now, preset: item.preset, set: item.set, targets: item.targets });
  }

  forget(position) {
    this.change({ saved: this.history.now.saved.filter((_, k) => k !== position) }, null, true);
  }

  async share() {
    this.settled();
    try {
      await navigator.clipboard.writeText(location.href);
      this.say(this.texts["share.copied"]);
    } catch {
      this.say(this.texts["share.bar"]);
    }
  }

  async read(input) {
    const [file] = input.files;
    if (file === undefined) return;
    try {
      this.replace(stateOfYaml(this, await file.text()));
      this.say(this.texts["import.done"].replace("{name}", file.name));
    } catch (error) {
      this.say(`${this.texts["import.failed"]} ${error.message}`);
    }
    input.value = "";
  }

  say(text) {
    this.elements.message.textContent = text;
  }

  // --- running -----------------------------------------------------------------------------------------------------

  positions(year = this.history.now.year) {
    return this.data.outputs.map((output) => positionsOf(this.data, output.reading, year));
  }

  // The baseline as the page itself runs it, so that a difference is none of rounding; packages carry on from it.
  runBaseline(settings) {
    const { slots } = this;
    if (slots.current.parameters !== null) return;
    this.baselineResults = this.members.run(slots.baseline, parametersOf(this.base, -1, settings), 0);
    for (const name of ["current", "assumed", "other"]) slots[name] = copyOf(slots.baseline);
  }

  // Runs the reference member for what is chosen now, and shows it; `live`, while a slider moves, only what is looked at.
  update(live = false) {
    this.waiting = false;
    const { data, history, view } = this;
    const settings = settingsOf(this, history.now);
    const assumed = assumedSettings(this, history.now);
    const baseline = new Map(data.baselineSettings);
    this.settings = settings;
    view.parameters = parametersOf(this.base, -1, settings);
    const same = sameSettings(settings, baseline);
    if (!same) this.runBaseline(baseline);
    const results = same ? this.baselineResults : this.members.run(this.slots.current, view.parameters, 0);
    view.results = results;
    view.run = {}; // memory of results is used again: this tells one run from the next
    view.assumed = null;
    if (!sameSettings(assumed, baseline)) {
      view.assumed = sameSettings(assumed, settings)
        ? results.slice()
        : this.members.run(this.slots.assumed, parametersOf(this.base, -1, assumed), 0).slice();
    }
    const positions = this.positions();
    view.before = readingsOf(data, this.baselineResults, positions);
    view.beforeAssumed = view.assumed === null ? null : readingsOf(data, view.assumed, positions);
    view.after = readingsOf(data, results, positions);
    view.same = same;
    this.spread = null;
    this.pool.drop();
    this.show(live);
  }

  // When a gesture has ended: puts the state into the link, and asks for the bands, as soon as nothing else is to do.
  settle() {
    if (this.waiting) this.update();
    else if (this.partly) this.show();
    clearTimeout(this.settling); // changes that come at one stroke are asked for once
    this.settling = setTimeout(() => this.settled(), 0);
  }

  settled() {
    window.history.replaceState(null, "", `#${encodeState(this.history.now)}`);
    this.ask();
  }

  ask() {
    const { history } = this;
    const wanted = [...new Set(history.now.charts)];
    this.pool.ask(this.settings, wanted, this.positions(), (answers, done) => {
      if (answers.length === 0) return;
      if (!done && this.spread !== null) return; // once when some are there, once when all are
      this.spread = this.spreadOf(answers, wanted);
      this.count = answers.length;
      if (done && this.spread.failed > 0) this.say(this.texts.failed.replace("{count}", String(this.spread.failed)));
      if (done) this.cache.set(keyOf(history.now, history.now.year), this.spread);
      this.show();
      if (done) this.workOutSaved();
    });
  }

  spreadOf(answers, wanted) {
    const width = this.data.time.length;
    const charts = new Map(wanted.map((output, k) => {
      const rows = (kind) => answers.map((answer) => answer[kind].subarray(k * width, (k + 1) * width));
      return [output, { levels: bandsOf(rows("levels"), width), differences: bandsOf(rows("differences"), width) }];
    }));
    return {
      charts,
      readings: this.data.outputs.map((_, k) => quantiles(answers.map((answer) => answer.readings[k]), SHARES)),
      cost: quantiles(answers.map((answer) => answer.cost), SHARES),
      failed: answers.filter((answer) => !answer.readings.every(Number.isFinite)).length,
    };
  }

  // Intervals of saved packages that were not worked out yet, one after another, as long as nothing else is asked.
  workOutSaved() {
    const { saved, year } = this.history.now;
    const item = saved.find((other) => !this.cache.has(keyOf(other, year)));
    if (item === undefined) return;
    this.pool.ask(settingsOf(this, { ...this.history.now, ...item }), [], this.positions(), (answers, done) => {
      if (!done) return;
      this.cache.set(keyOf(item, year), this.spreadOf(answers, []));
      showSaved(this);
      this.workOutSaved();
    });
  }

  // What a saved package comes to in the reference member.
  readingsFor(item) {
    const { data, history } = this;
    const key = keyOf(item, history.now.year);
    if (!this.readings.has(key)) {
      const parameters = parametersOf(this.base, -1, settingsOf(this, { ...history.now, ...item }));
      const results = this.members.run(this.slots.other, parameters, 0);
      const before = { parameters: this.baselineParameters, results: this.baselineResults };
      this.readings.set(key, {
        values: readingsOf(data, results, this.positions()),
        cost: extraCost(data, before, { parameters, results }),
      });
    }
    return this.readings.get(key);
  }

  // --- showing -----------------------------------------------------------------------------------------------------

  show(live = false) {
    const { now } = this.history;
    this.partly = live;
    for (const control of this.controls) control.refresh(this.settings);
    if (this.data.presets.length > 0) this.preset.value = now.preset;
    if (now.year > 0) {
      this.elements.year.value = now.year;
      this.elements.yearShown.textContent = String(now.year);
    }
    this.elements.undo.disabled = this.history.past.length === 0;
    this.elements.redo.disabled = this.history.future.length === 0;
    showFigures(this, live);
    showCosts(this, live);
    this.draw();
    if (live) return;
    showPackage(this);
    showSaved(this);
    this.drawStrip();
    this.showTables();
  }

  draw() {
    const { data, view, shown } = this;
    const width = data.time.length;
    const rowOf_ = (results, output) => (results === null ? null : shown.map((t) => results[output * width + t]));
    this.charts.forEach((chart, position) => {
      const output = this.history.now.charts[position];
      chart.show(output);
      chart.select.value = output;
      put(chart.unit, data.outputs[output].unit);
      put(chart.about, `${data.outputs[output].meaning} ${data.outputs[output].basis}`.trim());
      const [before, after] = [rowOf_(this.baselineResults, output), rowOf_(view.results, output)];
      const pick = (rows) => rows.map((row) => shown.map((t) => row[t]));
      const [above, below] = chart.axes;
      const first = output * SHARES.length;
      const quantile = (q) => this.bands.subarray((first + q) * width, (first + q + 1) * width);
      chart.band(chart.levels, "shade", above, this.bands, () => pick(SHARES.map((_, q) => quantile(q))));
      const spread = this.spread?.charts.get(output) ?? null;
      chart.band(chart.levels, "bands", above, spread, () => pick(spread.levels));
      chart.band(chart.difference, "bands", below, spread, () => pick(spread.differences));
      chart.line(chart.levels, "baseline", above, this.baselineResults, () => before);
      chart.line(chart.levels, "assumed", above, view.assumed, () => rowOf_(view.assumed, output));
      chart.line(chart.levels, "current", above, view.run, () => after);
      chart.line(chart.difference, "current", below, view.run, () => after.map((value, t) => value - before[t]));
      chart.run();
      this.describe(chart, output, before, after);
    });
  }

  drawStrip() {
    const width = this.data.time.length;
    for (const { k, paths } of this.small) {
      const rows = [this.baselineResults, this.view.results].map((results) => this.shown.map((t) => results[k * width + t]));
      const all = rows.flat().filter(Number.isFinite);
      const [low, high] = [Math.min(...all), Math.max(...all)];
      rows.forEach((row, i) => paths[i].setAttribute("d", pathOf(row, low, high, 120, 40)));
    }
  }

  describe(chart, output, before, after) {
    const { language, texts, data } = this;
    const last = before.length - 1;
    const text = texts["chart.described"]
      .replace("{title}", data.outputs[output].title)
      .replace("{before}", numberIn(language, before[last], 4))
      .replace("{after}", numberIn(language, after[last], 4));
    put(chart.figure.querySelector(".described"), text);
  }

  showTables() {
    this.charts.forEach((chart, position) => {
      const open = chart.figure.querySelector(".show-table").open;
      chart.table.replaceChildren(...(open ? [tableOf(this, position)] : []));
    });
  }

  // Lets the browser compile the model before it is needed: short runs, so that nothing waits for long.
  warm(left = 60) {
    if (left === 0 || this.slots.current.parameters !== null) return;
    const { runner, model } = this.members;
    const begun = runner.begin(this.baselineParameters, 0, this.data.seed);
    runner.run(begun, new Float64Array(model.outputs * this.data.time.length), { until: 100 });
    setTimeout(() => this.warm(left - 1), 0);
  }
}

// --- for scripts and tests --------------------------------------------------------------------------------------------

function contractOf(app) {
  const { data } = app;
  const width = data.time.length;
  return {
    model: data.model,
    time: data.time,
    get settings() {
      const found = {};
      data.constants.forEach((name, k) => {
        if (!Object.is(app.view.parameters[k], app.base.defaults[k])) found[name] = app.view.parameters[k];
      });
      return found;
    },
    get results() {
      return Object.fromEntries(data.outputs.map((output, k) => [
        output.name, Array.from(app.view.results.subarray(k * width, (k + 1) * width)),
      ]));
    },
    set(name, value) {
      const folded = (text) => text.toLowerCase().replace(/[\s_]+/g, " ").trim();
      const found = app.numbers.has(name) ? name : Array.from(app.numbers.keys()).find((other) => folded(other) === folded(name));
      if (found === undefined) throw new RangeError(`the model has no constant '${name}'`);
      if (["initial time", "final time", "time step", "saveper"].includes(folded(found))) {
        throw new RangeError(`'${found}' is the same for everything that the page shows`);
      }
      if (typeof value !== "number" || !Number.isFinite(value)) throw new RangeError(`'${name}' is given no finite number`);
      app.change({ set: { [found]: value } }, null, true);
    },
  };
}

const app = new App(
  JSON.parse(document.getElementById("sd-data").textContent),
  `${document.getElementById("sd-engine").textContent}\n${document.getElementById("sd-worker").textContent}`,
);
app.build();
window.sdCovid = contractOf(app);
app.update();
app.ready.then(() => setTimeout(() => {
  document.documentElement.dataset.painted = "yes";
  app.ask();
  app.warm();
}, 0));
