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

function yearBorders(data) {
  const { first, weights } = data.prices;
  return weights.map((_, k) => [Date.UTC(first + k, 0, 1) / 86400000, Date.UTC(first + k + 1, 0, 1) / 86400000]);
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
  return yearBorders(data).map(([first, last]) => {
    let spent = 0;
    for (const [from, until, share] of tranches) {
      const days = Math.min(until, end, last) - Math.max(from, start, first);
      if (days > 0) spent += (afforded * total * share * days) / (until - from);
    }
    return spent;
  });
}

function spentPath(data, lever, results) {
  const width = data.time.length;
  const found = data.prices.weights.map(() => 0);
  for (const name of lever.cost.variables) {
    const row = results.subarray(rowOf(data, name) * width);
    for (let k = 0; k + 1 < width; k += 1) {
      const year = Math.floor((12 * data.origin[0] + data.origin[1] - 1 + data.time[k] + 1e-9) / 12);
      const at = year - data.prices.first;
      if (at >= 0 && at < found.length) found[at] += row[k + 1] - row[k];
    }
  }
  return found;
}

// Where a variable stands in the results: outputs first, then what costs are counted from.
function rowOf(data, name) {
  const shown = data.outputs.findIndex((output) => output.name === name);
  return shown >= 0 ? shown : data.outputs.length + data.counted.indexOf(name);
}

// Extra costs of all levers together, compared with the baseline, present value.
function extraCost(data, before, after) {
  let extra = 0;
  for (const group of data.groups) {
    for (const lever of group.levers) {
      const now = costOf(data, lever, after.parameters, after.results);
      const then = costOf(data, lever, before.parameters, before.results);
      if (now !== null && then !== null) extra += now.present - then.present;
    }
  }
  return extra;
}
