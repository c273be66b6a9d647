// What the reader has chosen, and what it means: { preset, set, targets, charts, year, saved }.
//
// `set` holds constants by name and `targets` levers by id, so that a link still holds when the page is made anew.

const MOST_SAVED = 4;

function initialState(data) {
  return {
    preset: data.presets.length > 0 ? data.presets[0].id : "",
    set: {},
    targets: {},
    charts: data.charts.slice(),
    year: data.year,
    saved: [],
  };
}

function presetOf(data, state) {
  return data.presets.find((preset) => preset.id === state.preset) ?? null;
}

function allLevers(data) {
  return data.groups.flatMap((group) => group.levers);
}

// Constants that belong to levers: a baseline under changed assumptions has those of the baseline.
function leverNumbers(data) {
  const found = new Set();
  for (const lever of allLevers(data)) {
    for (const part of lever.parts) for (const number of part.names) found.add(number);
    if (lever.municipal !== null) found.add(lever.municipal);
    for (const target of lever.targets) for (const [since, value] of target.constants) found.add(since).add(value);
  }
  return found;
}

// Settings, by number, of a state; `only` says which constants count.
function settingsOf(app, state, only = () => true) {
  const { data, numbers } = app;
  const settings = new Map(data.baselineSettings);
  const preset = presetOf(data, state);
  const assumed = new Set(preset === null ? [] : preset.assumed);
  for (const [number, value] of preset === null ? [] : preset.settings) {
    if (only(number, assumed.has(number))) settings.set(number, value);
  }
  for (const [name, value] of Object.entries(state.set)) {
    for (const number of numbers.get(name) ?? []) {
      if (only(number, !app.leverNumbers.has(number))) settings.set(number, value);
    }
  }
  for (const lever of allLevers(data)) {
    const target = lever.targets.find((item) => item.group === state.targets[lever.id]);
    if (target === undefined) continue;
    const start = lever.parts.find((part) => part.part === "start").names[0];
    for (const [since, value, aimed] of target.constants) {
      if (!only(since, false)) continue;
      settings.set(since, settings.get(start) ?? app.base.reference[start]);
      settings.set(value, aimed);
    }
  }
  return settings;
}

// The state under which only assumptions are changed.
function assumedSettings(app, state) {
  return settingsOf(app, state, (_, assumed) => assumed);
}

function sameSettings(a, b) {
  if (a.size !== b.size) return false;
  for (const [number, value] of a) if (!Object.is(b.get(number), value)) return false;
  return true;
}

// --- undo, redo -----------------------------------------------------------------------------------------------------

class History {
  constructor(state) {
    this.past = [];
    this.now = state;
    this.future = [];
  }

  // Changes that come as one gesture, such as a drag, are undone as one.
  change(state, gesture = null) {
    if (gesture === null || gesture !== this.gesture) this.past.push(this.now);
    this.gesture = gesture;
    this.now = state;
    this.future = [];
  }

  undo() {
    if (this.past.length === 0) return;
    this.future.push(this.now);
    this.now = this.past.pop();
    this.gesture = null;
  }

  redo() {
    if (this.future.length === 0) return;
    this.past.push(this.now);
    this.now = this.future.pop();
    this.gesture = null;
  }
}

// --- the state in a link ----------------------------------------------------------------------------------------------

function encodeState(state) {
  return encodeURIComponent(JSON.stringify(state));
}

// The state of a link, or null: what it names and the page does not know is left out.
function decodeState(app, text) {
  let found;
  try {
    found = JSON.parse(decodeURIComponent(text));
  } catch {
    return null;
  }
  return found !== null && typeof found === "object" ? cleanState(app, found) : null;
}

// Whether a constant gives the time bounds, which are one for all that the page shows.
function isFixed(app, name) {
  return app.numbers.get(name).some((number) => app.data.fixed.includes(number));
}

function cleanState(app, found) {
  const { data } = app;
  const state = initialState(data);
  const numbersIn = (item) => Object.fromEntries(
    Object.entries(item ?? {}).filter(([name, value]) => app.numbers.has(name) && !isFixed(app, name) && Number.isFinite(value)),
  );
  if (data.presets.some((preset) => preset.id === found.preset)) state.preset = found.preset;
  state.set = numbersIn(found.set);
  for (const lever of allLevers(data)) {
    const group = (found.targets ?? {})[lever.id];
    if (lever.targets.some((target) => target.group === group)) state.targets[lever.id] = group;
  }
  if (Array.isArray(found.charts) && found.charts.length === 2) {
    const valid = found.charts.every((k) => Number.isInteger(k) && k >= 0 && k < data.outputs.length);
    if (valid) state.charts = found.charts.slice();
  }
  if (Number.isInteger(found.year) && yearsOf(data).includes(found.year)) state.year = found.year;
  if (Array.isArray(found.saved)) {
    const saved = found.saved.filter((item) => item !== null && typeof item === "object");
    state.saved = saved.slice(0, MOST_SAVED).map((item) => {
      const inner = cleanState(app, { preset: item.preset, set: item.set, targets: item.targets });
      return { name: String(item.name).slice(0, 80), preset: inner.preset, set: inner.set, targets: inner.targets };
    });
  }
  return state;
}

function yearsOf(data) {
  if (data.origin === null) return [];
  const at = (time) => Math.floor((12 * data.origin[0] + data.origin[1] - 1 + time + 1e-9) / 12);
  const first = at(data.since ?? data.time[0]);
  const last = at(data.time[data.time.length - 1] - 1);
  return Array.from({ length: last - first + 1 }, (_, k) => first + k);
}
