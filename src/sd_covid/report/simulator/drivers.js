// What drives a difference: what each change brings to it, and along which paths of the model a measure reaches it.

const SMALL = 0.01; // share of the largest contribution from which one is told by itself
const MOST_TOLD = 6; // measures whose paths are told

// What differs from the baseline, by measure and assumption; what belongs to none is the preset's own.
function changesOf(app) {
  const { data, view, baselineParameters: before, texts } = app;
  const left = new Set();
  view.parameters.forEach((value, number) => {
    if (!Object.is(value, before[number])) left.add(number);
  });
  const found = [];
  for (const owner of [...allLevers(data), ...data.assumptions]) {
    const own = owner.parts.flatMap((part) => part.names);
    if (owner.municipal !== null) own.push(owner.municipal);
    for (const target of owner.targets) for (const [since, value] of target.constants) own.push(since, value);
    const numbers = own.filter((number) => left.delete(number));
    if (numbers.length > 0) found.push({ owner, title: owner.title, numbers });
  }
  if (left.size > 0) found.push({ owner: null, title: texts["drivers.preset"], numbers: [...left] });
  return found;
}

// What each change brings to an output in the year of the headline figures, in the best fit: the mean of what the
// package loses without it and what it does alone. With one or two changes these add up to the whole difference
// (Shapley); with more the rest is told as interplay.
function contributions(app, output, changes) {
  const { view, data, members, slots, baselineParameters: base } = app;
  const width = data.time.length;
  const positions = app.positions()[output];
  const reading = (results) => readingOf(results, output * width, positions);
  const run = (parameters) => reading(members.runOne(slots.other, parameters));
  const mixed = (under, over, numbers) => {
    const found = under.slice();
    for (const number of numbers) found[number] = over[number];
    return found;
  };
  const [before, after] = [view.before[output], view.after[output]];
  const rows = changes.map((change) => ({
    ...change,
    amount: ((after - run(mixed(view.parameters, base, change.numbers))) + (run(mixed(base, view.parameters, change.numbers)) - before)) / 2,
  }));
  rows.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  return { rows, whole: after - before };
}

// The strongest paths from a measure to an output, as they were found for the preset that changes it first.
function pathsOf(app, owner, output) {
  const { data, texts, language } = app;
  if (owner === null || !owner.catalogue || owner.parts[0]?.part === "value") return null;
  if (data.reached === null) return make("p", {}, texts["drivers.unknown"]);
  const found = data.reached.find((item) => item.lever === owner.id && item.output === output);
  if (found === undefined) return make("p", {}, texts["drivers.none"]);
  const when = texts["drivers.when"]
    .replace("{preset}", found.preset)
    .replace("{month}", monthIn(language, data.origin, found.time, "long"))
    .replace("{difference}", signed(language, found.difference, 2))
    .replace("{unit}", data.outputs[output].points);
  if (found.paths.length === 0) return make("p", {}, `${when} ${texts["drivers.many"]}`);
  const share = (value) => `${numberIn(language, 100 * value, 2)} %`;
  return make(
    "div", {},
    make("p", {}, when),
    make("ul", {}, ...found.paths.map(([names, part]) => make(
      "li", {}, `${[owner.title, ...names].join(" → ")}: `, make("strong", {}, share(part)),
    ))),
    found.paths.some(([, part]) => part < 0 || part > 1) ? make("p", {}, texts["drivers.cancel"]) : null,
  );
}

function driversOf(app, position) {
  const { data, texts, language, history } = app;
  const output = history.now.charts[position];
  const changes = changesOf(app);
  if (changes.length === 0) return [make("p", {}, texts["drivers.same"])];
  app.runBaseline(new Map(data.baselineSettings));
  const { rows, whole } = contributions(app, output, changes);
  const rest = whole - rows.reduce((sum, row) => sum + row.amount, 0);
  const size = Math.max(...rows.map((row) => Math.abs(row.amount)));
  const told = rows.filter((row) => row.amount !== 0 && Math.abs(row.amount) >= SMALL * size);
  const left = rows.filter((row) => !told.includes(row));
  const digits = (amount) => (size > 0 && amount !== 0 ? Math.max(1, 3 + Math.floor(Math.log10(Math.abs(amount))) - Math.floor(Math.log10(size))) : 1);
  const line = (title, amount) => make("tr", {}, make("th", { scope: "row" }, title), make("td", {}, signed(language, amount, digits(amount))));
  const { year } = history.now;
  const caption = year > 0 ? texts["drivers.caption"].replace("{year}", String(year)) : texts["drivers.end"];
  const reached = told
    .slice(0, MOST_TOLD)
    .map((row) => [row, pathsOf(app, row.owner, output)])
    .filter(([, paths]) => paths !== null);
  return [
    make("p", {}, texts["drivers.how"]),
    make(
      "table", {},
      make("caption", {}, `${data.outputs[output].title}, ${data.outputs[output].points}: ${caption}`),
      make(
        "tbody", {}, ...told.map((row) => line(row.title, row.amount)),
        left.length > 0 ? line(texts["drivers.left"].replace("{count}", String(left.length)), left.reduce((sum, row) => sum + row.amount, 0)) : null,
        rows.length > 2 ? line(texts["drivers.rest"], rest) : null, line(texts["drivers.whole"], whole),
      ),
    ),
    ...reached.map(([row, paths]) => make("details", {}, make("summary", {}, `${texts["drivers.paths"]} ${row.title}`), paths)),
  ];
}

// As long as it is open, and not while a slider moves; anew only for another run, output or year.
function showDrivers(app) {
  app.charts.forEach((chart, position) => {
    const { open } = chart.drivers.closest("details");
    const shown = open ? [app.view.run, app.history.now.charts[position], app.history.now.year] : [];
    if (chart.driven !== undefined && shown.length === chart.driven.length && shown.every((item, k) => item === chart.driven[k])) return;
    chart.driven = shown;
    chart.drivers.replaceChildren(...(open ? driversOf(app, position) : []));
  });
}
