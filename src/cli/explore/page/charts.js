// Plots in one style: round ticks, lines told apart by dashes and markers as well as by colour.

import { element, log10, short } from "./network.js";

const WIDTH = 400;
const HEIGHT = 190;
const LEFT = 58;
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = ["", "8 4", "2 4", "14 4", "5 2", "2 8"];
const MARKS = ["M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0", "M0-5L5 4H-5Z", "M-4-4L4 4M-4 4L4-4", "M-4-4H4V4H-4Z", "M0-5L5 0L0 5L-5 0Z", "M0-5V5M-5 0H5"];

// Round values between two ends: 1, 2 or 5 times a power of ten apart; on a logarithmic axis powers of ten where there are enough.
function ticks(low, high, isLogarithmic) {
  if (isLogarithmic && high - low > 2) {
    const every = Math.ceil((high - low) / 6);
    const powers = [];
    for (let power = Math.ceil(low / every) * every; power <= high; power += every) powers.push(power);
    return powers.map((power) => ({ at: power, text: Math.abs(power) < 100 ? short(10 ** power) : `1e${power}` }));
  }
  // Beyond the range of numbers ticks are counted in a power of ten.
  const base = isLogarithmic && Math.max(Math.abs(low), Math.abs(high)) > 290 ? Math.floor(low) : 0;
  const [from, to] = isLogarithmic ? [10 ** (low - base), 10 ** (high - base)] : [low, high];
  const rough = (to - from) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) {
    if (!isLogarithmic || value > 0) found.push({ at: isLogarithmic ? Math.log10(value) + base : value, text: base ? `${short(value)}e${base}` : short(Math.abs(value) < step / 1e6 ? 0 : value) });
  }
  return found;
}

// Curves over the number of steps, as pairs of step and value, beyond the range of numbers as text; values that are 0 have no place on a logarithmic axis and stand on its lower end.
export function lines(curves, isLogarithmic, what) {
  const logarithms = curves.flatMap((points) => points.map((point) => log10(point[1]))).filter(Number.isFinite);
  const floor = logarithms.length ? Math.min(...logarithms) : 0;
  const height = (value) => (isLogarithmic ? Math.max(log10(value), floor) : value);
  const heights = curves.flatMap((points) => points.map((point) => height(point[1])));
  const [least, most] = [Math.min(...heights), Math.max(...heights)];
  const room = (most - least || (isLogarithmic ? 0 : Math.abs(most)) || 1) * 0.08;
  const [low, high] = [least - room, most + room];
  const longest = Math.max(1, ...curves.flatMap((points) => points.map((point) => point[0])));
  const x = (step) => LEFT + ((WIDTH - LEFT - 16) * step) / longest;
  const y = (place) => 12 + ((HEIGHT - 42) * (high - place)) / (high - low);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": what });
  for (const { at, text } of ticks(low, high, isLogarithmic)) {
    svg.append(element("path", { class: "grid", d: `M${LEFT} ${y(at)}H${WIDTH - 16}` }));
    svg.append(element("text", { x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, text));
  }
  for (const { at, text } of ticks(0, longest, false)) {
    if (Number.isInteger(at)) svg.append(element("text", { x: x(at), y: HEIGHT - 10, "text-anchor": "middle" }, text));
  }
  curves.forEach((curve, index) => {
    const points = curve.map(([step, value]) => `${x(step)} ${y(height(value))}`);
    svg.append(stroke(index, `M${points.join("L")}`));
    const every = Math.max(1, Math.ceil(points.length / 6));
    points.forEach((point, number) => {
      if (number % every === index % every || points.length < 3) svg.append(mark(index, point));
    });
  });
  return svg;
}

function stroke(index, path) {
  return element("path", { class: "line", d: path, stroke: COLOURS[index % 6], "stroke-dasharray": DASHES[index % 6] });
}

function mark(index, point) {
  return element("path", { d: MARKS[index % 6], transform: `translate(${point})`, fill: index % 6 === 2 || index % 6 === 5 ? "none" : COLOURS[index % 6], stroke: COLOURS[index % 6], "stroke-width": 2 });
}

export function legend(names) {
  const list = document.createElement("ul");
  list.className = "legend";
  names.forEach((name, index) => {
    const entry = document.createElement("li");
    entry.append(element("svg", { viewBox: "0 0 40 14", "aria-hidden": "true" }, stroke(index, "M0 7H40"), mark(index, "20 7")), name);
    list.append(entry);
  });
  return list;
}

// The channels of a layer as bars, before above after, on one logarithmic scale.
export function bars(layer) {
  const all = [...layer.before, ...layer.after].filter((value) => value > 0);
  const svg = element("svg", { viewBox: "0 0 320 150", role: "img", "aria-label": `${layer.name}: the largest magnitudes of its channels` });
  if (!all.length) return svg;
  const [low, high] = [Math.log10(Math.min(...all)) - 0.1, Math.log10(Math.max(...all))];
  const row = (values, top, kind) => {
    const width = 256 / Math.max(1, values.length);
    values.forEach((value, index) => {
      const height = value > 0 ? Math.max(1, (62 * (Math.log10(value) - low)) / (high - low || 1)) : 0;
      svg.append(element("rect", { class: kind, x: 62 + index * width, y: top + 62 - height, width: Math.max(0.8, width * 0.8), height }));
    });
    // What no number of the program holds is null.
    const [most, least] = values.includes(null) ? ["beyond", "f64"] : [short(Math.max(...values)), short(Math.min(...values))];
    svg.append(element("text", { x: 56, y: top + 12, "text-anchor": "end" }, most));
    svg.append(element("text", { x: 56, y: top + 62, "text-anchor": "end" }, least));
  };
  row(layer.before, 4, "before");
  if (layer.after.length) row(layer.after, 82, "after");
  return svg;
}
