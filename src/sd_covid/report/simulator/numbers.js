// Numbers, days and quantiles, in the language of the page.

// Formatters take long to make, and a page makes the same few thousands of times.
const formatters = new Map();

function formatter(Kind, language, options) {
  const key = `${Kind.name} ${language} ${JSON.stringify(options)}`;
  if (!formatters.has(key)) formatters.set(key, new Kind(language, options));
  return formatters.get(key);
}

function numberIn(language, value, digits = 3) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(Math.max(digits - 1 - size, 0), 12);
  const text = formatter(Intl.NumberFormat, language, { maximumFractionDigits: decimals }).format(value);
  return text === "-0" ? "0" : text.replace("-", "−");
}

function signed(language, value, digits = 3) {
  const text = numberIn(language, value, digits);
  return value > 0 && text !== "0" ? `+${text}` : text;
}

// The ends of an interval, to two digits of its width; to more where an end would else seem to be nothing.
function interval(language, low, high) {
  const ends = [low, high];
  if (!(high > low)) return ends.map((end) => signed(language, end));
  let power = Math.floor(Math.log10(high - low)) - 1;
  while (power > -12 && ends.some((end) => end !== 0 && Math.round(end / 10 ** power) === 0)) power -= 1;
  const decimals = Math.max(0, -power);
  const form = formatter(Intl.NumberFormat, language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return ends.map((end) => {
    const text = form.format(Math.round(end / 10 ** power) * 10 ** power).replace("-", "−");
    return end > 0 ? `+${text}` : text;
  });
}

// A value of a slider: as many decimals as its step has; three digits at least of one that is on no step.
function stepped(language, value, step) {
  const decimals = Math.min(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), 10);
  const off = Math.abs(value - Number(value.toFixed(decimals))) > 1e-9;
  const held = off ? Math.min(Math.max(decimals, 2 - Math.floor(Math.log10(Math.abs(value)))), 12) : decimals;
  return formatter(Intl.NumberFormat, language, { maximumFractionDigits: held }).format(value).replace("-", "−");
}

function dateOf(origin, time) {
  return new Date(Math.floor(dayOf(origin, time) + 1e-6) * 86400000);
}

function monthIn(language, origin, time, length = "short") {
  const day = dateOf(origin, time);
  const form = { month: length, year: "numeric", timeZone: "UTC" };
  if (day.getUTCDate() !== 1) form.day = "numeric";
  return formatter(Intl.DateTimeFormat, language, form).format(day);
}

function isoDay(origin, time) {
  return dateOf(origin, time).toISOString().slice(0, 10);
}

// Model time of the start of a day, as `Calendar.time`.
function timeOfDay(origin, text) {
  const match = /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 1)];
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > length) return null;
  return 12 * (year - origin[0]) + month - origin[1] + (day - 1) / length;
}

// Linear between the nearest ranks, as numpy's; members that failed are left out. Sorts `values`, an array of doubles.
function quantilesWithin(values, shares) {
  values.sort(); // infinities at the ends, NaN after them
  let first = 0;
  let last = values.length - 1;
  while (last >= 0 && !(values[last] < Infinity)) last -= 1;
  while (first <= last && values[first] === -Infinity) first += 1;
  return shares.map((share) => {
    if (first > last) return NaN;
    const at = first + share * (last - first);
    const below = Math.floor(at);
    const above = Math.min(below + 1, last);
    return values[below] + (at - below) * (values[above] - values[below]);
  });
}

const quantiles = (values, shares) => quantilesWithin(Float64Array.from(values), shares);

const SHARES = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];

// Quantiles at some times of rows of equal length: a row for each share, as long as those; NaN elsewhere.
function bandsOf(rows, width, times) {
  const found = SHARES.map(() => new Float64Array(width).fill(NaN));
  const count = rows.length;
  const columns = new Float64Array(times.length * count); // rows lie far apart in memory, and are gone through once
  rows.forEach((row, k) => {
    for (let i = 0; i < times.length; i += 1) columns[i * count + k] = row[times[i]];
  });
  times.forEach((t, i) => {
    const shares = quantilesWithin(columns.subarray(i * count, (i + 1) * count), SHARES);
    for (let q = 0; q < shares.length; q += 1) found[q][t] = shares[q];
  });
  return found;
}
