// Draws the charts of reports with Vega-Embed, from the page's rows or the address that has them: a report's header says
// mark and encoding, this file adds what all charts share (units, colours, sizes). The page is whole without it.
"use strict";
(() => {
  const { UNITS, suffix, safe, words, reading, fitting, wrapped } = storyreport;
  const LONGEST_RANKING = 30;
  const DAY = "%Y-%m-%d";
  const DAY_MS = 864e5;
  const NARROW = 560;
  const MANY_POINTS = 200;
  const MANY_LINES = 6;
  // About as wide as a letter is, in pixels, and as many lines as a name may take.
  const LETTER = 6.5;
  const LINE = 13;
  const OTHERS = "others";
  const NONE = "none";
  const GREY = "#848c98";
  const PALETTE = [
    "#3f7fd0", "#d0741c", "#129488", "#9a6bd8", "#cf5c98", "#8a8a1f",
    "#1593bd", "#b0733f", "#6f7fe0", "#3f9a58", "#c9605f", "#9c7a8f",
  ];
  const STATUS = {
    completed: "#3f9a58", ok: "#3f9a58", failed: "#d9534f", problem: "#d9534f", running: "#3f7fd0", queued: "#7c8794",
    waiting: "#b9801a", warning: "#b9801a", blocked: "#9a6bd8", cancelled: "#8d6e55", skipped: "#8b95a1",
  };
  // The ticks of a logarithmic scale.
  const ROUND = {
    _ms: [1, 10, 100, 1e3, 1e4, 6e4, 6e5, 36e5, 216e5, 864e5, 6048e5, 2592e6, 31536e6],
    _minutes: [0, 10, 60, 360, 1440, 10080, 43200, 525600],
  };
  // Durations that differ by more than this are drawn on a logarithmic scale.
  const SPREAD = 100;

  const distinct = (rows, field) => [...new Set(rows.map((row) => row[field]))];

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

  // The same name has the same colour on every page, but two names of one chart that would share one do not;
  // a source's comes from its place among all sources.
  function colours(field, names, sources) {
    const taken = new Set();
    return names.map((name) => {
      if (name === OTHERS || name === NONE) return GREY;
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
    const needed = Object.values(encoding).filter(({ field, type }) => field && type && type !== "nominal");
    const kept = rows.filter((row) => needed.every(({ field }) => row[field] !== null));
    if (kept.length < rows.length) {
      const fields = needed.map(({ field }) => field).filter((field) => rows.some((row) => row[field] === null));
      const count = rows.length - kept.length;
      const [noun, verb] = count === 1 ? ["row has", "is"] : ["rows have", "are"];
      notes.push(`${count} ${noun} no ${fields.map(words).join(" or ")} and ${verb} only in the table.`);
    }
    return kept.map((row) => {
      const named = { ...row };
      for (const { field, type } of Object.values(encoding)) {
        if (type === "nominal" && field) named[field] = safe(named[field] || NONE);
      }
      return named;
    });
  }

  function withUnit(channel, rows, peak, narrow) {
    const currency = "currency" in rows[0] && channel.field && !suffix(channel.field) ? rows[0].currency : "";
    const title = channel.title || (channel.aggregate === "count" ? "rows" : words(channel.field));
    const axis = { title, tickCount: narrow ? 4 : 8, ...channel.axis };
    const units = UNITS[suffix(channel.field)];
    if (!units) {
      // There is no half a call.
      const isCount = channel.aggregate === "count" || rows.every((row) => Number.isInteger(row[channel.field]));
      if (isCount && peak <= axis.tickCount) {
        Object.assign(axis, { values: Array.from({ length: peak + 1 }, (_, count) => count), format: "d" });
      }
      if (currency) axis.title = `${title} (${currency})`;
      return { ...channel, axis };
    }
    if (channel.scale) {
      const values = ROUND[suffix(channel.field)]?.filter((value) => value <= peak);
      Object.assign(axis, { values, format: channel.field, formatType: "reading", labelOverlap: "greedy", labelFlush: true });
      return { ...channel, axis };
    }
    const [name, size] = fitting(units, peak);
    for (const row of rows) row.measured = row[channel.field] / size;
    return { ...channel, field: "measured", axis: { ...axis, title: `${title} (${name})` } };
  }

  // Durations from a blink to an hour: an even scale would show the longest only. What adds up keeps an even one.
  function spread(measure, rows, mark, notes) {
    if (measure.scale) notes.push("Logarithmic scale.");
    if (measure.scale || adds(measure) || !ROUND[suffix(measure.field)]) return;
    const positive = rows.map((row) => row[measure.field]).filter((value) => value > 0);
    const least = Math.min(...positive);
    if (Math.max(...positive) < SPREAD * least) return;
    const isLog = mark.type !== "bar" && positive.length === rows.length;
    measure.scale = isLog ? { type: "log", nice: false } : { type: "symlog", constant: least };
    notes.push("The scale is logarithmic.");
  }

  // A time's label, as fine as the ticks are: a day, a minute, a second or a part of it.
  const TICK = "utcFormat(datum.value, datum.value % 1000 ? '%S.%L s' : utcseconds(datum.value) ? '%H:%M:%S' :"
    + " utchours(datum.value) + utcminutes(datum.value) ? '%H:%M' : '%b %d')";

  // A bar from x to x2 (times), in the order of their beginnings; what has no end goes on to the last one.
  function spanned(rows, encoding, narrow, notes) {
    const { x, x2, y, color } = encoding;
    const last = rows.flatMap((row) => [row[x.field], row[x2.field] ?? ""]).sort().at(-1);
    if (rows.some((row) => row[x2.field] === null)) notes.push("A bar without an end reaches to the right.");
    for (const row of rows) row.until = row[x2.field] ?? last;
    rows.sort((one, other) => String(one[x.field]).localeCompare(other[x.field]));
    y.sort = distinct(rows, y.field);
    const axis = { title: x.title, tickCount: narrow ? 4 : 8, labelExpr: TICK, ...x.axis };
    Object.assign(x, { scale: { type: "utc" }, axis });
    x2.field = "until";
    // A moment is a bar too: its edge is seen.
    if (color) encoding.stroke = { ...color, legend: null };
  }

  function tooltip(rows, encoding, columns) {
    const shown = ({ field, aggregate, ...channel }) => ({
      ...(field && { field }), ...(aggregate && { aggregate }),
      type: channel.type === "temporal" ? "nominal" : channel.type,
      title: channel.title || (aggregate === "count" ? "rows" : words(field)),
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

  // Bars of the same name lie on each other: what differs in their rows is added to it, else a number.
  function distinguished(rows, field, colour) {
    const namesakes = () => {
      const groups = new Map();
      for (const row of rows) groups.set(row[field], [...(groups.get(row[field]) || []), row]);
      return [...groups.values()].filter((group) => group.length > 1);
    };
    for (const column of [colour, "source", "kind", "step"]) {
      if (!column || column === field) continue;
      for (const group of namesakes()) {
        if (distinct(group, column).length > 1) for (const row of group) row[field] += ` (${row[column] ?? NONE})`;
      }
    }
    for (const group of namesakes()) group.forEach((row, place) => { row[field] += ` (${place + 1})`; });
  }

  // A bar for each category: the longest first, no more than can be read, one bar per row unless they may be added up.
  function ranked(rows, encoding, measure, category, notes) {
    const field = category.field;
    if (!adds(measure)) {
      distinguished(rows, field, encoding.color && encoding.color.field);
      measure.stack = null;
    }
    const sums = totals(rows, field, measure);
    const isByLength = String(category.sort || "").startsWith("-");
    const order = isByLength ? largest(sums, sums.size) : [...sums.keys()];
    const count = sums.size;
    for (const [name, sum] of sums) if (!sum) sums.delete(name);
    // Where the report's own order is kept, as newest first, what comes first matters most.
    const kept = new Set(order.filter((name) => sums.has(name)).slice(0, LONGEST_RANKING));
    if (count > sums.size) notes.push(`${count - sums.size} with value 0 ${count - sums.size === 1 ? "is" : "are"} not drawn.`);
    if (sums.size > kept.size) notes.push(`The ${isByLength ? `${kept.size} largest` : `first ${kept.size}`} of ${sums.size} are drawn.`);
    category.sort = order.filter((name) => kept.has(name));
    return rows.filter((row) => kept.has(row[field]));
  }

  // At most as many colours as people can distinguish: the smallest bars share grey, the smallest lines are left out.
  function coloured(rows, encoding, measure, mark, sources, notes, room) {
    const channel = encoding.color;
    if (!channel || channel.type !== "nominal") return rows;
    const field = channel.field;
    const names = distinct(rows, field);
    const isLine = mark.type !== "bar";
    const most = isLine ? MANY_LINES : PALETTE.length;
    const kept = new Set(names.length <= most ? names : largest(totals(rows, field, measure), most - !isLine));
    if (isLine && kept.size < names.length) {
      notes.push(`The ${kept.size} largest of ${names.length} are drawn.`);
    }
    if (isLine) rows = rows.filter((row) => kept.has(row[field]));
    for (const row of rows) row.coloured = kept.has(row[field]) ? row[field] : OTHERS;
    const place = (name) => (name === OTHERS ? Infinity : sources.indexOf(name));
    const shown = distinct(rows, "coloured").sort((a, b) => place(a) - place(b) || String(a).localeCompare(String(b)));
    const isNamed = shown.length === 1 || field === encoding.x?.field || field === encoding.y?.field;
    const longest = 1.2 * LETTER * Math.max(...shown.map((name) => String(name).length));
    const labelLimit = Math.min(longest, room < NARROW ? 130 : 200);
    const columns = Math.max(1, Math.floor(room / (labelLimit + 25)));
    Object.assign(channel, {
      field: "coloured", title: channel.title || words(field),
      scale: { domain: shown, range: colours(field, shown, sources) },
      legend: isNamed ? null : { title: null, orient: "top", columns, labelLimit, symbolType: "circle" },
    });
    return rows;
  }

  // Days are days everywhere: never shifted by the reader's time zone. Ticks stand on whole days, one on the last.
  function dated(channel, rows, mark, width) {
    const found = distinct(rows, channel.field).map((day) => Date.parse(`${day}T00:00:00Z`));
    const [first, last] = [Math.min(...found), Math.max(...found)];
    const every = (step) => {
      const count = Math.floor((last - first) / DAY_MS / step) + 1;
      return Array.from({ length: count }, (_, place) => last - place * step * DAY_MS).reverse();
    };
    const days = every(1);
    channel.axis = { title: null, labelAngle: 0, grid: false, ...channel.axis };
    if (mark.type === "bar" && days.length <= 14) {
      channel.type = "ordinal";
      channel.scale = { domain: days.map((day) => new Date(day).toISOString().slice(0, 10)) };
      return;
    }
    channel.timeUnit = "utcyearmonthdate";
    const [format, room] = width < NARROW ? ["%b %d", 80] : [DAY, 110];
    const most = Math.min(10, Math.floor(width / room));
    Object.assign(channel.axis, { format, values: every(Math.ceil(days.length / most)), labelFlush: false });
  }

  // The names beside the bars, and how much room a bar with its name takes.
  function named(channel, names, labelLimit) {
    const letters = Math.floor(labelLimit / LETTER);
    const lines = Math.max(...names.map((name) => wrapped(name, letters).length));
    const written = `wrapped(datum.label, ${letters})`;
    // Vega centres the first line only.
    const up = `${-LINE / 2} * (length(${written}) - 1)`;
    const labels = { text: { value: { signal: written } }, dy: { value: { signal: up } } };
    channel.axis = {
      title: null, labelLimit: 1.2 * labelLimit, labelLineHeight: LINE, encoding: { labels }, ...channel.axis,
    };
    return names.length * Math.max(24, LINE * lines + 8);
  }

  // A few bars are bars, not blocks.
  function stepped(channel, rows, mark, width) {
    const count = channel.scale?.domain?.length || distinct(rows, channel.field).length;
    channel.axis = { title: null, labelAngle: 0, labelOverlap: true, ...channel.axis };
    if (mark.type === "bar") mark.size = Math.min(60, (0.7 * width) / count);
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
    const labelLimit = narrow ? 0.45 * width : 280;
    encoding.tooltip = tooltip(rows, encoding, columns);
    if (encoding.x2) {
      const kept = coloured(rows, encoding, {}, mark, sources, notes, width - labelLimit);
      spanned(kept, encoding, narrow, notes);
      return completed(chart, mark, encoding, kept, named(encoding.y, encoding.y.sort, labelLimit));
    }
    let height = 260;
    if (isRanking) {
      rows = ranked(rows, encoding, measure, category, notes);
      if (encoding.y === category) height = named(category, category.sort, labelLimit);
    }
    rows = coloured(rows, encoding, measure, mark, sources, notes, width - (isRanking ? labelLimit : 60));
    if (category.type === "temporal") dated(category, rows, mark, width);
    if (category.type === "ordinal") stepped(category, rows, mark, width);
    if (mark.type === "line" && rows.length > MANY_POINTS) mark.point = false;
    spread(measure, rows, mark, notes);
    const peak = Math.max(...totals(rows, category.field, measure).values());
    for (const name of ["x", "y"]) {
      if (encoding[name] === measure) encoding[name] = withUnit(measure, rows, peak, narrow);
    }
    return completed(chart, mark, encoding, rows, height);
  }

  function completed(chart, mark, encoding, rows, height) {
    const size = { width: "container", height, autosize: { type: "fit-x", contains: "padding" } };
    return { ...chart, mark, encoding, data: { values: rows }, ...size };
  }

  const faint = (colour) => (
    { gridColor: colour, gridOpacity: 0.12, domainColor: colour, domainOpacity: 0.3, labelColor: colour, titleColor: colour }
  );
  const config = (text, background) => ({
    customFormatTypes: true, background, font: "system-ui, sans-serif", view: { stroke: null },
    axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", ticks: false, labelPadding: 6, ...faint(text) },
    axisBand: { grid: false },
    legend: { labelColor: text, labelFontSize: 12 },
    title: { color: text, anchor: "start", fontSize: 15, offset: 12 },
    mark: { color: PALETTE[0] }, bar: { cornerRadiusEnd: 2 }, line: { point: true, strokeWidth: 2 },
  });
  // On the page the page's own text colour, which follows dark mode; in a saved picture dark on white.
  const SCREEN = config("currentColor", "transparent");
  const PAPER = config("#15203b", "#ffffff");
  const PAPER_WIDTH = 960;

  async function draw(figure) {
    const given = JSON.parse(figure.querySelector("script").textContent);
    const { title, name, spec } = given;
    const sources = given.sources.map(safe);
    const { rows, columns } = given.rows ? given : await fetched(given.data);
    const notes = [];
    const kept = drawable(rows, spec.encoding, notes);
    const measure = [spec.encoding.x, spec.encoding.y].find((channel) => channel?.type === "quantitative");
    if (!kept.length || (measure?.field && !spec.encoding.x2 && kept.every((row) => !row[measure.field]))) {
      figure.remove();
      return;
    }
    figure.hidden = false;
    const split = spec.encoding.row && spec.encoding.row.field;
    const parts = split ? distinct(kept, split) : [""];
    const pictures = [];
    for (const part of parts) {
      const place = figure.querySelector(".drawing").appendChild(document.createElement("div"));
      if (parts.length > 1) place.before(Object.assign(document.createElement("h3"), { textContent: part }));
      const own = split ? kept.filter((row) => row[split] === part) : kept;
      const completedFor = (width) => complete(spec, structuredClone(own), columns, sources, notes, width);
      const description = `Chart: ${title}`;
      await vegaEmbed(place, { description, ...completedFor(figure.clientWidth) }, {
        renderer: "svg", actions: false, config: SCREEN,
      });
      const heading = parts.length > 1 ? `${title}: ${part}` : title;
      const file = parts.length > 1 ? `${name}-${part || "none"}` : name;
      pictures.push({ file, chart: () => ({ description, ...completedFor(PAPER_WIDTH), width: PAPER_WIDTH, title: heading }) });
    }
    figure.querySelector("figcaption").textContent = [...new Set(notes)].join(" ");
    for (const button of figure.querySelectorAll(".save button")) {
      button.addEventListener("click", () => pictures.forEach((picture) => save(picture, button.value)));
    }
    figure.classList.add("drawn");
  }

  async function fetched(address) {
    const response = await fetch(`${address}${address.includes("?") ? "&" : "?"}_shape=objects`);
    if (!response.ok) throw new Error(`${address} answers ${response.status}`);
    const { rows, columns } = await response.json();
    return { rows, columns: columns || Object.keys(rows[0] || {}) };
  }

  async function save({ file, chart }, format) {
    const view = new vega.View(vega.parse(vegaLite.compile(chart(), { config: PAPER }).spec), { renderer: "none" });
    const address = format === "svg"
      ? URL.createObjectURL(new Blob([await view.toSVG()], { type: "image/svg+xml" }))
      : await view.toImageURL("png", 2);
    const link = Object.assign(document.createElement("a"), { href: address, download: `${file}.${format}` });
    link.click();
    view.finalize();
  }

  for (const each of [reading, wrapped]) vega.expressionFunction(each.name, each);
  for (const figure of document.querySelectorAll("figure.chart")) {
    draw(figure).catch((error) => {
      figure.hidden = false;
      figure.textContent = "The chart could not be drawn; the rows are below.";
      console.error("The chart cannot be drawn:", error);
    });
  }
})();
