// What levers cost, by the rules of `costs.py`: a budget over its tranches, what a stock of the model grew by, or no
// price. Amounts of each year are weighed by the page's prices: present value, in prices of one year.

// Of one lever for one member: { present, nominal }, or null without a price.
function costOf(data, lever, parameters, results) {
  const plan = plansOf(data).get(lever) ?? null;
  if (plan === null) return null;
  const { weights } = data.prices;
  let present = 0;
  let nominal = 0;
  plan(parameters, results).forEach((amount, k) => {
    nominal += amount;
    present += amount * weights[k];
  });
  return { present, nominal };
}

const plans = new WeakMap(); // by data: costs are asked for in every draw

// Of each lever what gives its amounts of each year of prices from a member; null without a price.
function plansOf(data) {
  if (!plans.has(data)) {
    const calendar = data.prices === null ? null : calendarOf(data);
    const plan = (lever) => {
      if (lever.cost === null || calendar === null || lever.cost.rule === "unpriced") return null;
      return lever.cost.rule === "budget" ? budgetPath(data, lever, calendar) : spentPath(data, lever, calendar);
    };
    plans.set(data, new Map(data.groups.flatMap((group) => group.levers.map((lever) => [lever, plan(lever)]))));
  }
  return plans.get(data);
}

// Of each year of prices: where it begins and ends in days since 1970, and between which saved times it lies.
function calendarOf(data) {
  const { first, weights } = data.prices;
  const begin = (year) => Date.UTC(year, 0, 1) / 86400000;
  const years = data.time.map((time) => Math.floor((12 * data.origin[0] + data.origin[1] - 1 + time + 1e-9) / 12));
  const until = years.length - 1;
  const saved = (year) => years.findIndex((found, k) => found >= year || k === until);
  return weights.map((_, k) => ({
    begin: begin(first + k), end: begin(first + k + 1), firstSaved: saved(first + k), lastSaved: saved(first + k + 1),
  }));
}

function budgetPath(data, lever, calendar) {
  const number = (part) => lever.parts.find((item) => item.part === part)?.names[0];
  const [level, budget, start, end] = ["level", "budget", "start", "end"].map(number);
  const { total, tranches } = lever.cost;
  return (parameters) => {
    let afforded = Math.min(Math.max(parameters[level], 0), 1);
    if (budget !== undefined) afforded *= Math.min(1, Math.max(parameters[budget], 0) / total);
    const [first, last] = [dayOf(data.origin, parameters[start]), dayOf(data.origin, parameters[end])];
    return calendar.map((year) => {
      let spent = 0;
      for (const [from, until, share] of tranches) {
        const days = Math.min(until, last, year.end) - Math.max(from, first, year.begin);
        if (days > 0) spent += (afforded * total * share * days) / (until - from);
      }
      return spent;
    });
  };
}

// What stocks that hold what was spent so far grew by.
function spentPath(data, lever, calendar) {
  const rows = lever.cost.variables.map((name) => rowOf(data, name) * data.time.length);
  return (_, results) => calendar.map(({ firstSaved, lastSaved }) => {
    let spent = 0;
    for (const row of rows) spent += results[row + lastSaved] - results[row + firstSaved];
    return spent;
  });
}

// Where a variable stands in the results: outputs first, then what costs are counted from.
function rowOf(data, name) {
  const shown = data.outputs.findIndex((output) => output.name === name);
  return shown >= 0 ? shown : data.outputs.length + data.counted.indexOf(name);
}

// Of all levers of one member, in their order: the present value, or null without a price.
function presentCosts(data, { parameters, results }) {
  return Array.from(plansOf(data).keys(), (lever) => costOf(data, lever, parameters, results)?.present ?? null);
}

// Extra costs of all levers together, from those of a member and of the baseline; present value.
function extraCost(now, then) {
  return now.reduce((sum, present, k) => (present === null || then[k] === null ? sum : sum + (present - then[k])), 0);
}
