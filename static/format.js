// How values read: durations, sizes, shares and long names. chart.js uses these.
"use strict";
const storyreport = (() => {
  // The units of a column by its suffix, smallest first: name and size.
  const UNITS = {
    _ms: [["ms", 1], ["seconds", 1e3], ["minutes", 6e4], ["hours", 36e5], ["days", 864e5]],
    _minutes: [["minutes", 1], ["hours", 60], ["days", 1440]],
    _bytes: [["B", 1], ["kB", 1e3], ["MB", 1e6], ["GB", 1e9]],
    _pct: [["%", 1]],
  };
  const LINES = 3;

  const suffix = (field) => Object.keys(UNITS).find((end) => (field || "").endsWith(end));
  // Vega looks names up in plain objects, which know `constructor` and the like: such a name gets a letter without width.
  const safe = (name) => (String(name) in {} ? `${name}\u200b` : name);
  const words = (field = "") => field.slice(0, field.length - (suffix(field) || "").length).replaceAll("_", " ");

  function duration(ms) {
    const parts = (value, size, large, small) =>
      `${Math.floor(value / size)} ${large}` + (value % size ? ` ${value % size} ${small}` : "");
    const [seconds, minutes, hours] = [1e3, 6e4, 36e5].map((size) => Math.round(ms / size));
    if (ms < 999.5) return `${Math.round(ms)} ms`;
    if (ms < 59950) return `${(ms / 1e3).toFixed(1)} s`;
    if (seconds < 3600) return parts(seconds, 60, "min", "s");
    if (minutes < 2880) return parts(minutes, 60, "h", "min");
    return parts(hours, 24, "d", "h");
  }

  // How a value reads in a tooltip or beside a tick.
  function reading(value, field) {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return String(value);
    const number = (digits) => value.toLocaleString("en", { maximumFractionDigits: digits });
    switch (suffix(field)) {
      case "_ms": return duration(value);
      case "_minutes": return value ? duration(value * 6e4) : "0 min";
      case "_pct": return `${number(2)} %`;
      case "_bytes": {
        const [name, size] = fitting(UNITS._bytes, value);
        return `${(value / size).toLocaleString("en", { maximumFractionDigits: 1 })} ${name}`;
      }
      default: return number(Math.abs(value) < 1 ? 6 : 2);
    }
  }

  const fitting = (units, peak) => units.findLast(([, size]) => Math.abs(peak) >= 2 * size) || units[0];

  // A long name stands on several lines.
  function wrapped(text, letters) {
    const lines = [];
    for (const word of String(text).split(/(?<=[\s/_-])/)) {
      if (lines.length && lines.at(-1).length + word.length <= letters) lines[lines.length - 1] += word;
      else lines.push(word);
    }
    return lines.length > LINES ? [...lines.slice(0, LINES - 1), `${lines[LINES - 1].trimEnd()} …`] : lines;
  }

  return { UNITS, LINES, suffix, safe, words, duration, reading, fitting, wrapped };
})();
