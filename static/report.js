// Draws a report's chart with Vega-Embed from the page's own data address: the report's header says mark and encoding,
// this file adds what all charts share (units, colours, sizes). The page is whole without it.
"use strict";
(() => {
  const LONGEST_RANKING = 30;
  const DAY = "%Y-%m-%d";
  const DAY_MS = 864e5;
  const NARROW = 560;
  const OTHERS = "others";
  const GREY = "#848c98";
  const PALETTE = [
    "#3f7fd0", "#d0741c", "#129488", "#9a6bd8", "#cf5c98", "#8a8a1f",
    "#1593bd", "#b0733f", "#6f7fe0", "#3f9a58", "#c9605f", "#9c7a8f",
  ];
  const STATUS = {
    completed: "#3f9a58", ok: "#3f9a58", failed: "#d9534f", problem: "#d9534f", running: "#3f7fd0", queued: "#7c8794",
    waiting: "#b9801a", warning: "#b9801a", blocked: "#9a6bd8", cancelled: "#8d6e55", skipped: "#8b95a1",
  };
  // The units of a column by its suffix, smallest first: name and size.
  const UNITS = {
    _ms: [["ms", 1], ["seconds", 1e3], ["minutes", 6e4], ["hours", 36e5], ["days", 864e5]],
    _minutes: [["minutes", 1], ["hours", 60], ["days", 1440]],
    _bytes: [["B", 1], ["kB", 1e3], ["MB", 1e6], ["GB", 1e9]],
    _pct: [["%", 1]],
  };
  const ROUND_MINUTES = [0, 10, 60, 360, 1440, 10080, 43200, 525600];

  const suffix = (field) => Object.keys(UNITS).find((end) => (field || "").endsWith(end));
  const words = (field = "") => field.slice(0, field.length - (suffix(field) || "").length).replaceAll("_", " ");
  const distinct = (rows, field) => [...new Set(rows.map((row) => row[field]))];

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

  const adds = (measure) => Boolean(measure.aggregate || measure.stack);

  // Group → what it adds up to, as the chart shows it.
  function totals(rows, group, measure) {
    const sums = new Map();
    for (const row of rows) {
      const before = sums.get(row[group]);
      const value = measure.aggregate === "count" ? 1 : row[measure.field];
      sums.set(row[group], adds(measure) ? (before || 0) + value : Math.max(before ?? -Infinity, value));
    }
    return sums;
  }

  const largest = (sums, count) => [...sums].sort((a, b) => b[1] - a[1]).slice(0, count).map(([name]) => name);

  // The same name has the same colour on every page; a source's comes from its place among all sources.
  function colours(field, names, sources) {
    const taken = new Set();
    return names.map((name) => {
      if (name === OTHERS) return GREY;
      if (field === "status" && STATUS[name]) return STATUS[name];
      if (field === "source" && sources.includes(name)) return PALETTE[sources.indexOf(name) % PALETTE.length];
      let place = [...String(name)].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) >>> 0, 7);
      while (taken.has(place % PALETTE.length) && taken.size < PALETTE.length) place += 1;
      taken.add(place % PALETTE.length);
      return PALETTE[place % PALETTE.length];
    });
  }

  // Keep what can be drawn; say what is left out.
  function drawable(rows, encoding, notes) {
    const needed = Object.values(encoding).filter((channel) => channel.field && channel.type !== "nominal");
    const kept = rows.filter((row) => needed.every(({ field }) => row[field] !== null));
    if (kept.length < rows.length) {
      const fields = needed.map(({ field }) => field).filter((field) => rows.some((row) => row[field] === null));
      notes.push(`${rows.length - kept.length} rows without ${fields.map(words).join(" or ")} are in the table only.`);
    }
    return kept.map((row) => {
      const named = { ...row };
      for (const { field, type } of Object.values(encoding)) if (type === "nominal" && field) named[field] ??= "none";
      return named;
    });
  }

  function withUnit(channel, rows, peak, narrow) {
    const currency = "currency" in rows[0] && channel.field && !suffix(channel.field) ? rows[0].currency : "";
    const title = channel.title || (channel.aggregate === "count" ? "rows" : words(channel.field));
    const axis = { title, tickCount: narrow ? 4 : 8, ...channel.axis };
    const units = UNITS[suffix(channel.field)];
    if (!units) return { ...channel, axis: { ...axis, title: currency ? `${title} (${currency})` : title } };
    if (channel.scale) {
      const values = suffix(channel.field) === "_minutes" ? ROUND_MINUTES.filter((value) => value <= peak) : undefined;
      Object.assign(axis, { values, format: channel.field, formatType: "reading", labelOverlap: true });
      return { ...channel, axis };
    }
    const [name, size] = fitting(units, peak);
    for (const row of rows) row.measured = row[channel.field] / size;
    return { ...channel, field: "measured", axis: { ...axis, title: `${title} (${name})` } };
  }

  function tooltip(rows, encoding, columns) {
    const shown = ({ field, aggregate, timeUnit, ...channel }) => ({
      ...(field && { field }), ...(aggregate && { aggregate }), ...(timeUnit && { timeUnit }), type: channel.type,
      title: channel.title || (aggregate === "count" ? "rows" : words(field)),
      ...(channel.type === "temporal" && { format: DAY }),
      ...(channel.type === "quantitative" && { formatType: "reading", format: field || "" }),
    });
    const channels = Object.values(encoding).filter((channel) => channel.field || channel.aggregate);
    if (channels.some((channel) => channel.aggregate)) return channels.map(shown);
    return columns.slice(0, 12).map((field) => {
      const isNumber = rows.some((row) => typeof row[field] === "number");
      const reads = isNumber ? { type: "quantitative", formatType: "reading", format: field } : { type: "nominal" };
      return { field, title: words(field), ...reads };
    });
  }

  // A bar for each category: the longest first, no more than can be read, one bar per row unless they may be added up.
  function ranked(rows, encoding, measure, category, notes) {
    const field = category.field;
    const colour = encoding.color && encoding.color.field;
    if (!adds(measure)) {
      const met = new Map();
      for (const row of rows) met.set(row[field], (met.get(row[field]) || 0) + 1);
      for (const row of rows) {
        if (colour && colour !== field && met.get(row[field]) > 1) row[field] += ` (${row[colour]})`;
      }
      measure.stack = null;
    }
    const sums = totals(rows, field, measure);
    const order = String(category.sort || "").startsWith("-") ? largest(sums, sums.size) : [...sums.keys()];
    const kept = new Set(largest(sums, LONGEST_RANKING));
    if (sums.size > kept.size) notes.push(`The ${kept.size} largest of ${sums.size}; the table has all.`);
    category.sort = order.filter((name) => kept.has(name));
    return rows.filter((row) => kept.has(row[field]));
  }

  // At most as many colours as can be told apart: the smallest bars share grey, the smallest lines are left out.
  function coloured(rows, encoding, measure, mark, sources, notes, room) {
    const channel = encoding.color;
    if (!channel || channel.type !== "nominal") return rows;
    const field = channel.field;
    const names = distinct(rows, field);
    const isLine = mark.type !== "bar";
    const kept = new Set(names.length <= PALETTE.length ? names
      : largest(totals(rows, field, measure), PALETTE.length - !isLine));
    if (isLine && kept.size < names.length) {
      notes.push(`The ${kept.size} largest of ${names.length}; the table has all.`);
    }
    if (isLine) rows = rows.filter((row) => kept.has(row[field]));
    for (const row of rows) row.coloured = kept.has(row[field]) ? row[field] : OTHERS;
    const place = (name) => (name === OTHERS ? Infinity : sources.indexOf(name));
    const shown = distinct(rows, "coloured").sort((a, b) => place(a) - place(b) || String(a).localeCompare(String(b)));
    const isNamed = shown.length === 1 || field === encoding.x?.field || field === encoding.y?.field;
    const labelLimit = room < NARROW ? 90 : 150;
    const columns = Math.max(1, Math.floor(room / (labelLimit + 20)));
    Object.assign(channel, {
      field: "coloured", title: channel.title || words(field),
      scale: { domain: shown, range: colours(field, shown, sources) },
      legend: isNamed ? null : { title: null, orient: "top", columns, labelLimit, symbolType: "circle" },
    });
    return rows;
  }

  // Days are days everywhere: never shifted by the reader's time zone. Ticks stand on whole days, and a few bars are
  // bars, not blocks.
  function dated(channel, rows, mark, width) {
    const found = distinct(rows, channel.field).map((day) => Date.parse(`${day}T00:00:00Z`));
    const [first, last] = [Math.min(...found), Math.max(...found)];
    const every = (step) => {
      const count = Math.floor((last - first) / DAY_MS / step) + 1;
      return Array.from({ length: count }, (_, place) => first + place * step * DAY_MS);
    };
    const days = every(1);
    channel.axis = { title: null, labelAngle: 0, grid: false, ...channel.axis };
    if (mark.type === "bar" && days.length <= 14) {
      channel.type = "ordinal";
      channel.scale = { domain: days.map((day) => new Date(day).toISOString().slice(0, 10)) };
      channel.axis.labelOverlap = true;
      mark.size = Math.min(60, (0.7 * width) / days.length);
      return;
    }
    channel.timeUnit = "utcyearmonthdate";
    channel.axis.format = width < NARROW ? "%b %d" : DAY;
    channel.axis.values = every(Math.ceil(days.length / (width < NARROW ? 4 : 10)));
  }

  // The header's mark and encoding, completed for these rows. Changes the rows.
  function complete(chart, rows, columns, sources, notes, width) {
    const { row: _, ...encoding } = structuredClone(chart.encoding);
    const mark = typeof chart.mark === "string" ? { type: chart.mark } : { ...chart.mark };
    const narrow = width < NARROW;
    const axes = [encoding.x, encoding.y].filter(Boolean);
    const measure = axes.find((channel) => channel.type === "quantitative") || {};
    const category = axes.find((channel) => channel !== measure) || {};
    const isRanking = mark.type === "bar" && category.type === "nominal";
    const labelLimit = narrow ? 130 : 280;
    if (isRanking) {
      rows = ranked(rows, encoding, measure, category, notes);
      category.axis = { title: null, labelLimit, ...category.axis };
    }
    rows = coloured(rows, encoding, measure, mark, sources, notes, width - (isRanking ? labelLimit : 80));
    if (category.type === "temporal") dated(category, rows, mark, width);
    const peak = Math.max(...totals(rows, category.field, measure).values());
    encoding.tooltip = tooltip(rows, encoding, columns);
    for (const name of ["x", "y"]) {
      if (encoding[name] === measure) encoding[name] = withUnit(measure, rows, peak, narrow);
    }
    const { encoding: __, ...rest } = chart;
    return {
      ...rest, mark, encoding, data: { values: rows }, width: "container",
      height: isRanking && encoding.y === category ? 24 * category.sort.length : 260,
      autosize: { type: "fit-x", contains: "padding" },
    };
  }

  // The page's own text colour, so that the chart follows dark mode.
  const faint = { gridColor: "currentColor", gridOpacity: 0.12, domainColor: "currentColor", domainOpacity: 0.3 };
  const CONFIG = {
    customFormatTypes: true, background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 12, titleFontSize: 12,
      titleFontWeight: "normal", ticks: false, labelPadding: 6, ...faint },
    axisBand: { grid: false },
    legend: { labelColor: "currentColor", labelFontSize: 12 },
    bar: { cornerRadiusEnd: 2 }, line: { point: true, strokeWidth: 2 },
  };

  async function draw(figure) {
    const { title, spec, data, sources } = JSON.parse(figure.querySelector("script").textContent);
    const response = await fetch(`${data}${data.includes("?") ? "&" : "?"}_shape=objects`);
    if (!response.ok) throw new Error(`${data} answers ${response.status}`);
    const { rows, columns } = await response.json();
    const notes = [];
    const kept = drawable(rows, spec.encoding, notes);
    if (!kept.length) return;
    figure.hidden = false;
    const split = spec.encoding.row && spec.encoding.row.field;
    const parts = split ? distinct(kept, split) : [null];
    for (const part of parts) {
      const place = figure.querySelector(".drawing").appendChild(document.createElement("div"));
      if (parts.length > 1) place.before(Object.assign(document.createElement("h2"), { textContent: part }));
      const own = split ? kept.filter((row) => row[split] === part) : kept;
      const chart = complete(spec, own, columns || Object.keys(rows[0]), sources, notes, figure.clientWidth);
      await vegaEmbed(place, { description: `Chart of the report ${title}`, ...chart }, {
        renderer: "svg", actions: false, config: CONFIG,
        expressionFunctions: { reading },
      });
    }
    figure.querySelector("figcaption").textContent = [...new Set(notes)].join(" ");
    figure.classList.add("drawn");
  }

  function copyable(link) {
    link.addEventListener("click", async (event) => {
      if (!navigator.clipboard) return;
      event.preventDefault();
      await navigator.clipboard.writeText(link.href);
      link.textContent = "Copied";
    });
    if (navigator.clipboard) link.textContent = "Copy link";
  }

  for (const figure of document.querySelectorAll("figure.chart")) {
    draw(figure).catch((error) => {
      figure.hidden = true;
      console.error("The chart cannot be drawn:", error);
    });
  }
  document.querySelectorAll("a.copy").forEach(copyable);
})();
