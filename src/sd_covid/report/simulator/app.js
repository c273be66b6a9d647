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
    this.baselineResults = sdEngine.unpack(data.baseline.results, Float64Array);
    this.bands = data.baseline.bands === "" ? null : sdEngine.unpack(data.baseline.bands, Float32Array);
    const first = data.since ?? data.time[0];
    this.shown = data.time.map((_, t) => t).filter((t) => data.time[t] >= first - 1e-9);
    this.times = this.shown.map((t) => data.time[t]);
    this.xs = this.times.map((time) => xOf(this, time));
    const { one } = data.kernels;
    this.members = new Members(this.base, sdEngine.compile(one.code, one.common), one.layout, data.seed);
    this.slots = Object.fromEntries(["baseline", "current", "assumed", "other"].map((name) => [name, this.members.slot()]));
    this.history = new History(decodeState(this, location.hash.slice(1)) ?? initialState(data));
    this.spread = null;
    this.rested = false; // whether all that is to be drawn of the state is there
    this.cache = new Map(); // intervals of packages that were worked out
    this.readings = new Map();
    this.view = { parameters: this.baselineParameters, results: this.baselineResults, assumed: null, run: {} };
    this.pool = new Pool(this, source);
  }

  // --- changing ----------------------------------------------------------------------------------------------------

  // Part of a state, put on top of it; settings are worked out in the next frame, or at once.
  change(patch, gesture = null, settled = false) {
    this.say("");
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
    this.say("");
    this.history.change(state);
    this.update();
    this.settle();
  }

  step(direction) {
    this.say("");
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
    put(this.elements.message, text);
  }

  // --- running -----------------------------------------------------------------------------------------------------

  positions(year = this.history.now.year) {
    return this.data.outputs.map((output) => positionsOf(this.data, output.reading, year));
  }

  // The baseline as the page itself runs it, so that a difference is none of rounding; packages carry on from it.
  runBaseline(settings) {
    const { slots } = this;
    if (slots.current.parameters !== null) return;
    this.baselineResults = this.members.runOne(slots.baseline, parametersOf(this.base, -1, settings));
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
    const results = same ? this.baselineResults : this.members.runOne(this.slots.current, view.parameters);
    view.results = results;
    view.run = {}; // memory of results is used again: this tells one run from the next
    view.assumed = null;
    if (!sameSettings(assumed, baseline)) {
      view.assumed = sameSettings(assumed, settings)
        ? results.slice()
        : this.members.runOne(this.slots.assumed, parametersOf(this.base, -1, assumed)).slice();
    }
    const positions = this.positions();
    view.before = readingsOf(data, this.baselineResults, positions);
    view.beforeAssumed = view.assumed === null ? null : readingsOf(data, view.assumed, positions);
    view.after = readingsOf(data, results, positions);
    view.same = same;
    this.spread = null;
    this.rested = !live && this.base.count === 0;
    this.pool.drop();
    this.show(live);
  }

  // When a gesture has ended: puts the state into the link, and asks for the bands, as soon as nothing else is to do.
  settle() {
    if (this.waiting) this.update(true);
    if (this.partly) { // a slider was let go: the rest waits for the bands, whose draws need the processors
      this.settled();
      if (this.base.count === 0) this.show();
      return;
    }
    clearTimeout(this.settling); // changes that come at one stroke are asked for once
    this.settling = setTimeout(() => this.settled(), 0);
  }

  settled() {
    this.ask();
    window.history.replaceState(null, "", `#${encodeState(this.history.now)}`);
  }

  ask() {
    const { history } = this;
    const wanted = [...new Set(history.now.charts)];
    const key = keyOf(history.now, history.now.year); // of what is asked: when answers come it can be another
    this.pool.ask(this.settings, wanted, this.positions(), (answers, done) => {
      if (answers.length === 0) return;
      if (!done && this.spread !== null) return; // once when some are there, once when all are
      this.spread = this.spreadOf(answers, wanted);
      this.count = answers.length;
      if (done && this.spread.failed > 0) this.say(this.texts.failed.replace("{count}", String(this.spread.failed)));
      if (done) this.cache.set(key, { readings: this.spread.readings, cost: this.spread.cost }); // not its bands: they are large
      this.rested = done;
      this.showSpread(done);
      if (this.partly) this.showRest();
      if (done) this.workOutSaved();
    });
  }

  spreadOf(answers, wanted) {
    const width = this.data.time.length;
    const charts = new Map(wanted.map((output, k) => {
      const rows = (kind) => answers.map((answer) => answer[kind].subarray(k * width, (k + 1) * width));
      return [output, { levels: bandsOf(rows("levels"), width, this.shown), differences: bandsOf(rows("differences"), width, this.shown) }];
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
      const { readings, cost } = this.spreadOf(answers, []);
      this.cache.set(keyOf(item, year), { readings, cost });
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
      const results = this.members.runOne(this.slots.other, parameters);
      const before = { parameters: this.baselineParameters, results: this.baselineResults };
      this.readings.set(key, {
        values: readingsOf(data, results, this.positions()),
        cost: extraCost(presentCosts(data, { parameters, results }), presentCosts(data, before)),
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
    draw(this);
    this.told();
    if (live) return;
    showPackage(this);
    showSaved(this);
    drawStrip(this);
    showTables(this);
    showDrivers(this);
  }

  // Bands and intervals that came for what is shown already; at first only those that are looked at.
  showSpread(done) {
    showFigures(this, !done);
    showCosts(this, true);
    draw(this);
    this.told();
    if (!done || this.partly) return;
    showSaved(this);
    showTables(this);
  }

  // What is beside the charts, some time after the bands are painted; a page that nobody sees is not.
  showRest() {
    const show = () => {
      if (this.partly && this.spread !== null) this.show();
    };
    if (document.hidden) show();
    else requestAnimationFrame(() => setTimeout(show, 20));
  }

  // Says, for who watches the page from outside, how often the charts were drawn and how many draws their bands hold.
  told() {
    const { dataset } = document.getElementById("charts");
    this.drawn = (this.drawn ?? 0) + 1;
    dataset.drawn = String(this.drawn);
    dataset.draws = String(this.spread === null ? 0 : this.count);
    dataset.all = String(this.base.count);
  }

  // Runs the baseline before it is needed, a few times, so that the browser has quick code of it.
  warm(left = 6) {
    if (left === 0 || this.slots.current.parameters !== null) return;
    if (left === 1) this.runBaseline(new Map(this.data.baselineSettings));
    else this.members.runOne(this.members.slot(), this.baselineParameters);
    setTimeout(() => this.warm(left - 1), 0);
  }
}
