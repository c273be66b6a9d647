// A worker: runs its share of the draws, some pairs at a time, and drops what it was doing when other settings come.

const FEW = 4; // pairs between two looks at what is asked now

let asked = null; // the latest request
let busy = false;
let wake = null; // goes on after a rest
let known = null;

function setUp({ data, modules, layout, pairs }) {
  const base = makeBase(data);
  const members = new Members(base, modules, layout, data.seed);
  const pair = (number) => ({ draw: 2 * number, before: null, baseline: members.slot(), current: members.slot() });
  known = { data, base, members, own: pairs.map(pair) };
}

// Two draws, of which the last may be one alone, put behind what was found: of each a row of numbers as `Pool` takes it
// apart.
function answer(request, item, found) {
  const { data, base, members } = known;
  const draws = [item.draw, Math.min(item.draw + 1, base.count - 1)];
  item.before ??= baselineOf(item, draws);
  const parameters = draws.map((draw) => parametersOf(base, draw, request.settings));
  if (item.current.parameters === null) item.current = copyOf(item.baseline); // so that it can restart where levers start
  members.run(item.current, parameters, item.draw).forEach((results, lane) => {
    if (item.draw + lane >= base.count) return;
    found.draws.push(item.draw + lane);
    found.rows.push(rowOfAnswer(request, item.before[lane], { parameters: parameters[lane], results }));
  });
}

// The baseline of two draws: it stays as long as the page is open.
function baselineOf(item, draws) {
  const { data, base, members } = known;
  const parameters = draws.map((draw) => parametersOf(base, draw, data.baselineSettings));
  return members.run(item.baseline, parameters, item.draw).map((results, lane) => (
    { results, costs: presentCosts(data, { parameters: parameters[lane], results }) }
  ));
}

// Levels and differences of what charts show, differences of all readings, and extra costs.
function rowOfAnswer({ wanted, positions }, before, after) {
  const { data } = known;
  const width = data.time.length;
  const size = wanted.length * width;
  const row = new Float64Array(2 * size + data.outputs.length + 1);
  wanted.forEach((output, k) => {
    for (let t = 0; t < width; t += 1) {
      const level = after.results[output * width + t];
      row[k * width + t] = level;
      row[size + k * width + t] = level - before.results[output * width + t];
    }
  });
  const then = readingsOf(data, before.results, positions);
  readingsOf(data, after.results, positions).forEach((value, k) => {
    row[2 * size + k] = value - then[k];
  });
  row[row.length - 1] = extraCost(presentCosts(data, after), before.costs);
  return row;
}

// Rows behind one another: one piece of memory is sent in far less time than hundreds.
function joined(rows) {
  const all = new Float64Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
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
  while (asked !== null) {
    const request = asked;
    let begun = performance.now();
    let pace = Infinity; // ms for a pair of draws, of the quickest few: what holds others up comes and goes
    let found = { draws: [], rows: [] };
    for (let k = 0; k < known.own.length && asked === request; k += 1) {
      answer(request, known.own[k], found);
      const done = k + 1;
      if (done % FEW === 0) pace = Math.min(pace, (performance.now() - begun) / FEW);
      if (done === request.first || done === known.own.length) {
        const rows = joined(found.rows);
        postMessage({ id: request.id, draws: found.draws, rows, pace }, [rows.buffer]);
        found = { draws: [], rows: [] };
      }
      if (done === request.first && done < known.own.length) await rest();
      else if (done % FEW === 0) await pause();
      if (done % FEW === 0) begun = performance.now();
    }
    if (asked === request) asked = null;
  }
  busy = false;
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
