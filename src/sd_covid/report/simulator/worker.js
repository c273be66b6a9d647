// A worker: runs its share of the draws, some pairs at a time, and drops what it was doing when other settings come.

const FEW = 4; // pairs between two looks at what is asked now

let asked = null; // the latest request
let busy = false;
let wake = null; // goes on after a rest
let known = null;

function setUp({ data, module, pairs }) {
  const base = makeBase(data);
  const members = new Members(base, module, data);
  known = { data, base, members, own: pairs.map((pair) => ({ draw: 2 * pair, baseline: members.slot(), current: members.slot() })) };
}

// Two draws, of which the last may be one alone: results of the baseline and of the package, and what is made of them.
function answersOf(request, item) {
  const { data, base, members } = known;
  const draws = [item.draw, Math.min(item.draw + 1, base.count - 1)];
  const before = draws.map((draw) => parametersOf(base, draw, data.baselineSettings));
  const after = draws.map((draw) => parametersOf(base, draw, request.settings));
  const baseline = members.run(item.baseline, before, item.draw);
  if (item.current.parameters === null) item.current = copyOf(item.baseline); // so that it can restart where levers start
  const current = members.run(item.current, after, item.draw);
  return draws.slice(0, base.count - item.draw).map((draw, lane) => ({
    draw, ...answerOf(request, { parameters: before[lane], results: baseline[lane] }, { parameters: after[lane], results: current[lane] }),
  }));
}

function answerOf(request, before, after) {
  const { data } = known;
  const width = data.time.length;
  const levels = new Float64Array(request.wanted.length * width);
  const differences = new Float64Array(request.wanted.length * width);
  request.wanted.forEach((output, k) => {
    for (let t = 0; t < width; t += 1) {
      levels[k * width + t] = after.results[output * width + t];
      differences[k * width + t] = after.results[output * width + t] - before.results[output * width + t];
    }
  });
  const then = readingsOf(data, before.results, request.positions);
  const readings = readingsOf(data, after.results, request.positions).map((value, k) => value - then[k]);
  return { levels, differences, readings, cost: extraCost(data, before, after) };
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
    let found = [];
    for (let k = 0; k < known.own.length && asked === request; k += 1) {
      found.push(...answersOf(request, known.own[k]));
      const done = k + 1;
      if (done === request.first || done === known.own.length) {
        const message = { id: request.id, answers: found, pace: (performance.now() - begun) / done };
        postMessage(message, found.flatMap((answer) => [answer.levels.buffer, answer.differences.buffer]));
        found = [];
      }
      if (done === request.first && done < known.own.length) {
        const since = performance.now();
        await rest();
        begun += performance.now() - since;
      } else if (done % FEW === 0) await pause();
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
