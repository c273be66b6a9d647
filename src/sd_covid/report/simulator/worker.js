// A worker: runs its share of the draws, a few at a time, and drops what it was doing when other settings come.

let asked = null; // the latest request
let busy = false;
let known = null;

function setUp(message) {
  const base = makeBase(message.data);
  const members = new Members(base, sdEngine.build(sdModel), message.data.seed, message.every);
  known = {
    data: message.data,
    base,
    members,
    own: message.members.map((draw) => ({ draw, baseline: members.slot(), current: members.slot() })),
  };
}

// One draw: results of the baseline and of the package, and what is made of them.
function answerOf(request, item) {
  const { data, base, members } = known;
  const before = parametersOf(base, item.draw, data.baselineSettings);
  const after = parametersOf(base, item.draw, request.settings);
  const baseline = members.run(item.baseline, before, item.draw);
  if (item.current.parameters === null) item.current = copyOf(item.baseline); // so that it can restart where levers start
  const current = members.run(item.current, after, item.draw);
  const width = data.time.length;
  const levels = new Float64Array(request.wanted.length * width);
  const differences = new Float64Array(request.wanted.length * width);
  request.wanted.forEach((output, k) => {
    for (let t = 0; t < width; t += 1) {
      levels[k * width + t] = current[output * width + t];
      differences[k * width + t] = current[output * width + t] - baseline[output * width + t];
    }
  });
  const now = readingsOf(data, current, request.positions);
  const then = readingsOf(data, baseline, request.positions);
  const cost = extraCost(data, { parameters: before, results: baseline }, { parameters: after, results: current });
  return { draw: item.draw, levels, differences, readings: now.map((value, k) => value - then[k]), cost };
}

async function work() {
  if (busy) return;
  busy = true;
  while (asked !== null) {
    const request = asked;
    asked = null;
    for (let first = 0, size = request.first; first < known.own.length && asked === null; first += size, size = 25) {
      const answers = known.own.slice(first, first + size).map((item) => answerOf(request, item));
      const memory = answers.flatMap((answer) => [answer.levels.buffer, answer.differences.buffer]);
      postMessage({ id: request.id, answers }, memory);
      await new Promise((resolve) => {
        setTimeout(resolve, 0);
      });
    }
  }
  busy = false;
}

onmessage = ({ data: message }) => {
  if (message.type === "start") {
    setUp(message);
  } else {
    asked = message;
    work();
  }
};
