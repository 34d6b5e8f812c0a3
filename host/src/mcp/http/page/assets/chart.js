// Pictures of the last minutes: lines, areas and bars over time.

import { draw, make, setText } from "./dom.js";
import { timeOfDay } from "./units.js";

const HEIGHT = 132;
// Minutes that are shown: as few as hold what is known.
const SPANS = [2, 5, 15];
const EDGE = { top: 8, right: 2, bottom: 20, left: 2 };

// A chart of `series`, each { label, className, kind, of(sample) }. `shown` makes text of a value. Values up to `least` fit
// always; `step` is the factor between two units; `isWide` draws what spans many powers of ten.
export function chart(title, series, shown, { least = 0, step = 1, isWide = false } = {}) {
  const picture = draw("svg", { class: "chart", role: "img", height: HEIGHT });
  const values = series.map(() => make("b"));
  const legend = make("p", { class: "legend" },
    ...series.map(({ label, className }, at) => make("span", { class: `key ${className}` }, `${label} `, values[at])));
  const moment = make("span", { class: "moment" });
  const heading = make("h2", { text: title });
  const element = make("figure", { class: "panel" }, make("figcaption", {}, heading, moment, legend), picture);
  let samples = [];
  let pointed = null;
  let minutes = SPANS[0];

  const tell = () => {
    const sample = samples[pointed ?? samples.length - 1];
    series.forEach(({ of }, at) => setText(values[at], sample ? shown(of(sample)) : shown(null)));
    setText(moment, pointed !== null && sample ? timeOfDay(sample.timeMs) : `last ${minutes} minutes`);
  };

  const paint = () => {
    const width = Math.max(200, picture.clientWidth || 320);
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const all = samples.flatMap((sample) => series.map(({ of }) => of(sample))).filter((value) => value !== null && value !== undefined);
    const reached = Math.max(least, ...all);
    const unit = step ** Math.max(0, Math.floor(Math.log(Math.max(reached, 1)) / Math.log(step === 1 ? Infinity : step)));
    const positive = all.filter((value) => value > 0);
    const floor = isWide ? 10 ** Math.floor(Math.log10(Math.min(...positive, 1000))) : 0;
    const most = isWide ? 10 ** Math.ceil(Math.log10(Math.max(reached, floor * 10))) : niceTop(reached / unit) * unit;
    const inner = { width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
    const end = samples.at(-1)?.timeMs ?? 0;
    const age = (end - (samples[0]?.timeMs ?? end)) / 6e4;
    minutes = SPANS.find((span) => span >= age) ?? SPANS.at(-1);
    const x = (at) => EDGE.left + inner.width * (1 - (end - samples[at].timeMs) / (minutes * 6e4));
    const share = isWide ? (value) => Math.log(Math.max(value, floor) / floor) / Math.log(most / floor) : (value) => value / most;
    const y = (value) => EDGE.top + inner.height * (1 - share(value));
    const parts = [];
    const lines = isWide ? Array.from({ length: Math.round(Math.log10(most / floor)) + 1 }, (_, at) => floor * 10 ** at) : [0, most / 2, most];
    for (const value of lines) {
      const at = Math.round(y(value)) + 0.5;
      parts.push(draw("line", { class: "grid", x1: 0, x2: width, y1: at, y2: at }));
    }
    for (const { kind, className, of } of series) parts.push(...shapes(kind, className, samples, of, x, y, inner, minutes));
    parts.push(draw("text", { class: "tick", x: 2, y: y(most) + 11, text: shown(most) }));
    if (isWide) parts.push(draw("text", { class: "tick", x: 2, y: y(floor) - 3, text: shown(floor) }));
    parts.push(draw("text", { class: "tick", x: 2, y: HEIGHT - 5, text: `${minutes} min ago` }));
    parts.push(draw("text", { class: "tick end", x: width - 2, y: HEIGHT - 5, text: "now" }));
    if (pointed !== null && samples[pointed]) {
      parts.push(draw("line", { class: "guide", x1: x(pointed), x2: x(pointed), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    }
    picture.replaceChildren(...parts);
    const said = series.map(({ label, of }) => {
      const known = samples.map(of).filter((value) => value !== null && value !== undefined);
      if (known.length === 0) return `${label}: nothing yet`;
      return `${label}: now ${shown(known.at(-1))}, between ${shown(Math.min(...known))} and ${shown(Math.max(...known))}`;
    });
    picture.setAttribute("aria-label", `${title}, last ${minutes} minutes. ${said.join(". ")}.`);
    tell();
  };

  picture.addEventListener("pointermove", (event) => {
    if (samples.length === 0) return;
    const box = picture.getBoundingClientRect();
    const at = samples.at(-1).timeMs - (1 - (event.clientX - box.left) / box.width) * minutes * 6e4;
    const away = samples.map(({ timeMs }) => Math.abs(timeMs - at));
    pointed = away.indexOf(Math.min(...away));
    paint();
  });
  picture.addEventListener("pointerleave", () => {
    pointed = null;
    paint();
  });
  new ResizeObserver(paint).observe(element);
  return {
    element,
    update(given) {
      samples = given;
      paint();
    },
  };
}

function shapes(kind, className, samples, of, x, y, inner, minutes) {
  const base = EDGE.top + inner.height;
  if (kind === "bars") {
    const width = Math.max(1, (inner.width / (minutes * 12)) * 0.7);
    return samples.flatMap((sample, at) => {
      const value = of(sample);
      if (!value) return [];
      const top = Math.min(y(value), base - 1);
      return [draw("rect", { class: `shape bar ${className}`, x: x(at) - width, y: top, width, height: base - top })];
    });
  }
  // A gap of more than three samples, in which nothing was called, parts a line.
  const runs = [];
  samples.forEach((sample, at) => {
    const value = of(sample);
    if (value === null || value === undefined) return;
    const run = runs.at(-1);
    if (run && at - run.at(-1)[2] <= 3) run.push([x(at), y(value), at]);
    else runs.push([[x(at), y(value), at]]);
  });
  return runs.flatMap((run) => {
    if (run.length === 1) return [draw("circle", { class: `shape dot ${className}`, cx: run[0][0], cy: run[0][1], r: 2 })];
    const line = run.map(([left, top], at) => `${at === 0 ? "M" : "L"}${left.toFixed(1)} ${top.toFixed(1)}`).join("");
    const path = draw("path", { class: `shape line ${className}`, d: line });
    if (kind !== "area") return [path];
    const area = `${line}L${run.at(-1)[0].toFixed(1)} ${base}L${run[0][0].toFixed(1)} ${base}Z`;
    return [draw("path", { class: `shape area ${className}`, d: area }), path];
  });
}

// The number above `most` that begins with 1, 2 or 5.
function niceTop(most) {
  if (!(most > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * decade).find((top) => top >= most);
}
