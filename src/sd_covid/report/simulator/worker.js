// A worker: runs its share of the draws, some pairs at a time, and drops what it was doing when other settings come.

const SPELL = 12; // ms between two looks at what is asked now
const WARM = 16; // pairs that are run beforehand

let asked = null; // the latest request
let busy = false;
let wake = null; // goes on after a rest
let known = null;
let clock = null; // of a spell: when it began, and the runs before it

function setUp({ data, modules, layout, pairs }) {
  const base = makeBase(data);
  const members = new Members(base, modules, layout, data.seed);
  const pair = (number) => ({ draws: [2 * number, 2 * number + 1], before: null, baseline: members.slot(), current: members.slot() });
  known = { data, base, members, own: pairs.map(pair), pace: Infinity, warm: false };
  clock = { begun: 0, runs: 0 };
}

// Rows for the answers of some pairs, behind one another: one piece of memory is sent in far less time than hundreds.
function answersFor(request, pairs) {
  const length = 2 * request.wanted.length * known.data.time.length + known.data.outputs.length + 1;
  return { draws: [], length, rows: new Float64Array(sdEngine.LANES * pairs * length) };
}

// Two draws, of which the last may be one alone, put behind what was found: of each a row of numbers as `Pool` takes it
// apart.
function answer(request, item, found) {
  const after = resultsOf(request, item);
  item.draws.forEach((draw, lane) => {
    if (draw >= known.base.count) return;
    const row = found.rows.subarray(found.draws.length * found.length, (found.draws.length + 1) * found.length);
    if (after === null) row.fill(NaN);
    else writeAnswer(row, request, item.before[lane], after[lane]);
    found.draws.push(draw);
  });
}

// Of two draws their parameters and results; null where the model cannot run them, as with a delay of no length.
function resultsOf(request, item) {
  const { members } = known;
  try {
    item.before ??= baselineOf(item);
    const parameters = parametersOfPair(item, request.settings);
    if (item.current.parameters === null) item.current = copyOf(item.baseline); // so that it can restart where levers start
    return members.run(item.current, parameters, item.draws[0]).map((results, lane) => ({ parameters: parameters[lane], results }));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function parametersOfPair({ draws }, settings) {
  return draws.map((draw) => parametersOf(known.base, Math.min(draw, known.base.count - 1), settings));
}

// The baseline of two draws: it stays as long as the page is open.
function baselineOf(item) {
  const { data, members } = known;
  const parameters = parametersOfPair(item, data.baselineSettings);
  return members.run(item.baseline, parameters, item.draws[0]).map((results, lane) => (
    { results, costs: presentCosts(data, { parameters: parameters[lane], results }) }
  ));
}

// Levels and differences of what charts show, differences of all readings, and extra costs.
function writeAnswer(row, { wanted, positions }, before, after) {
  const { data } = known;
  const width = data.time.length;
  const size = wanted.length * width;
  wanted.forEach((output, k) => {
    for (let t = 0; t < width; t += 1) {
      const level = after.results[output * width + t];
      row[k * width + t] = level;
      row[size + k * width + t] = level - before.results[output * width + t];
    }
  });
  positions.forEach((times, k) => {
    row[2 * size + k] = readingOf(after.results, k * width, times) - readingOf(before.results, k * width, times);
  });
  row[row.length - 1] = extraCost(presentCosts(data, after), before.costs);
}

// Lets messages come in; a timer would wait longer.
function pause() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}

// Until the page has drawn what it was sent, or asks something else: it and its browser need the processors then.
function rest() {
  return new Promise((resolve) => {
    wake = resolve;
  });
}

async function work() {
  if (busy) return;
  busy = true;
  try {
    await answerAll();
  } finally {
    busy = false;
  }
}

async function answerAll() {
  while (asked !== null) {
    const request = asked;
    const all = known.own.length;
    let found = answersFor(request, Math.min(request.first, all));
    beginSpell();
    for (let k = 0; k < all && asked === request; k += 1) {
      const whole = known.own[k].before === null; // its baseline is run too, from the start
      answer(request, known.own[k], found);
      const done = k + 1;
      if (whole) notePace(done === all);
      if (done === request.first || done === all) {
        const { draws, length, rows } = found;
        postMessage({ id: request.id, draws, length, rows, pace: known.pace }, [rows.buffer]);
        found = answersFor(request, all - done);
      }
      const resting = done === request.first && done < all;
      if (resting || performance.now() - clock.begun > SPELL) {
        await (resting ? rest() : pause());
        beginSpell();
      }
    }
    if (asked !== request) continue;
    asked = null;
    if (!known.warm) await warmUp(request);
  }
}

function beginSpell() {
  clock = { begun: performance.now(), runs: known.members.runs };
}

// What a spell of whole runs tells of the machine: of the quickest one, for what holds it up comes and goes. Clocks of
// browsers can be as coarse as a millisecond.
function notePace(last) {
  const [took, runs] = [performance.now() - clock.begun, known.members.runs - clock.runs];
  const enough = took >= SPELL || (last && known.pace === Infinity);
  if (enough && runs > 0) known.pace = Math.min(known.pace, took / runs);
}

// Once, when nothing is asked: goes through what a moved slider asks, so that the browser has quick code of it, and
// memory for it, before a reader waits.
async function warmUp(request) {
  const moved = new Map(request.settings);
  const nudged = (value) => value * (1 + 2 ** -40) + 2 ** -40;
  const part = known.data.groups[0]?.levers[0]?.parts[0];
  for (const number of part?.names ?? []) moved.set(number, nudged(moved.get(number) ?? known.base.defaults[number]));
  for (const settings of [moved, new Map(request.settings)]) {
    for (const item of known.own.slice(0, WARM)) {
      if (asked !== null) return;
      answer({ ...request, settings }, item, answersFor(request, 1));
      await pause();
    }
  }
  known.warm = true;
}

onmessage = ({ data: message }) => {
  if (message.type === "start") {
    setUp(message);
  } else {
    if (message.type !== "more") asked = message.type === "run" ? message : null;
    wake?.();
    wake = null;
    work();
  }
};
