// What levers cost, by the rules of `costs.py`: a budget over its tranches, what a stock of the model grew by, or no
// price. Amounts of each year are weighed by the page's prices: present value, in prices of one year.

// Of one lever for one member: { present, nominal }, or null without a price.
function costOf(data, lever, parameters, results) {
  if (lever.cost === null || data.prices === null || lever.cost.rule === "unpriced") return null;
  const byYear = lever.cost.rule === "budget" ? budgetPath(data, lever, parameters) : spentPath(data, lever, results);
  let present = 0;
  let nominal = 0;
  byYear.forEach((amount, k) => {
    nominal += amount;
    present += amount * data.prices.weights[k];
  });
  return { present, nominal };
}

const calendars = new WeakMap(); // by data: costs are asked for in every draw

// Of each year of prices: where it begins and ends in days since 1970, and between which saved times it lies.
function calendarOf(data) {
  if (!calendars.has(data)) {
    const { first, weights } = data.prices;
    const begin = (year) => Date.UTC(year, 0, 1) / 86400000;
    const years = data.time.map((time) => Math.floor((12 * data.origin[0] + data.origin[1] - 1 + time + 1e-9) / 12));
    const until = years.length - 1;
    const from = (year) => years.findIndex((found, k) => found >= year || k === until);
    calendars.set(data, {
      borders: weights.map((_, k) => [begin(first + k), begin(first + k + 1)]),
      saved: weights.map((_, k) => [from(first + k), from(first + k + 1)]),
    });
  }
  return calendars.get(data);
}

function budgetPath(data, lever, parameters) {
  const value = (part) => {
    const found = lever.parts.find((item) => item.part === part);
    return found === undefined ? undefined : parameters[found.names[0]];
  };
  const { total, tranches } = lever.cost;
  let afforded = Math.min(Math.max(value("level"), 0), 1);
  const budget = value("budget");
  if (budget !== undefined) afforded *= Math.min(1, Math.max(budget, 0) / total);
  const start = dayOf(data.origin, value("start"));
  const end = dayOf(data.origin, value("end"));
  return calendarOf(data).borders.map(([first, last]) => {
    let spent = 0;
    for (const [from, until, share] of tranches) {
      const days = Math.min(until, end, last) - Math.max(from, start, first);
      if (days > 0) spent += (afforded * total * share * days) / (until - from);
    }
    return spent;
  });
}

// What stocks that hold what was spent so far grew by.
function spentPath(data, lever, results) {
  const width = data.time.length;
  const rows = lever.cost.variables.map((name) => rowOf(data, name) * width);
  return calendarOf(data).saved.map(([from, to]) => (
    rows.reduce((sum, row) => sum + (results[row + to] - results[row + from]), 0)
  ));
}

// Where a variable stands in the results: outputs first, then what costs are counted from.
function rowOf(data, name) {
  const shown = data.outputs.findIndex((output) => output.name === name);
  return shown >= 0 ? shown : data.outputs.length + data.counted.indexOf(name);
}

// Of all levers of one member, in their order: the present value, or null without a price.
function presentCosts(data, { parameters, results }) {
  return data.groups.flatMap((group) => group.levers.map((lever) => costOf(data, lever, parameters, results)?.present ?? null));
}

// Extra costs of all levers together, from those of a member and of the baseline; present value.
function extraCost(now, then) {
  return now.reduce((sum, present, k) => (present === null || then[k] === null ? sum : sum + (present - then[k])), 0);
}
