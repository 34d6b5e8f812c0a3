// Numbers with their units, as people read them.

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const NONE = "\u2013";

export const count = (number) => whole.format(number);

export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// Three digits, as far as they tell something.
function digits(number) {
  const after = number >= 100 ? 0 : number >= 10 ? 1 : 2;
  return whole.format(Number(number.toFixed(after)));
}

export function time(microseconds) {
  if (microseconds === null || microseconds === undefined) return NONE;
  if (microseconds < 1000) return `${whole.format(Math.round(microseconds))} \u00b5s`;
  if (microseconds < 1e6) return `${digits(microseconds / 1e3)} ms`;
  if (microseconds < 12e7) return `${digits(microseconds / 1e6)} s`;
  return `${digits(microseconds / 6e7)} min`;
}

export function bytes(number) {
  if (number === null || number === undefined) return NONE;
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (number >= 1024 && at < units.length - 1) {
    number /= 1024;
    at += 1;
  }
  return `${at === 0 ? whole.format(number) : digits(number)} ${units[at]}`;
}

export const fuel = (number) => (number ? short.format(number) : number === 0 ? "0" : NONE);

export function share(part, all) {
  if (!all) return NONE;
  const percent = (100 * part) / all;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${Number(percent.toFixed(1))} %`;
}

export function duration(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = Math.max(0, parts.findIndex(([size]) => seconds >= size));
  const [size, unit] = seconds < 1 ? [1, "s"] : parts[at];
  const first = Math.floor(seconds / size);
  const next = parts[parts.findIndex(([own]) => own === size) + 1];
  const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
  return rest ? `${first} ${unit} ${rest} ${next[1]}` : `${first} ${unit}`;
}

export const timeOfDay = (milliseconds) => clock.format(new Date(milliseconds));
