// Charts as SVG, with as much of Plotly's interface as this page needs: react, on, d2p; bars, lines, dots and texts.

const Plotly = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const FONT = 12;
  const VIRIDIS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"];
  const pen = document.createElement("canvas").getContext("2d");
  const observed = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    if (target._size !== `${target.clientWidth} ${target.clientHeight}`) plot(target);
  }));

  function node(parent, name, attributes = {}, text = undefined) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) made.setAttribute(key, value);
    if (text !== undefined) write(made, String(text), attributes.x);
    return parent.appendChild(made);
  }

  const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  const linesOf = (text) => String(text).split("<br>").map((line) => ({ bold: line.includes("<b>"), text: plain(line.replaceAll(/<\/?b>/g, "")) }));

  /** Lines and bold parts, each a tspan; nothing else in a text is markup. */
  function write(element, text, x = 0) {
    linesOf(text).forEach((line, n) => {
      const part = document.createElementNS(SVG, "tspan");
      if (n) { part.setAttribute("x", x); part.setAttribute("dy", "1.3em"); }
      if (line.bold) part.setAttribute("font-weight", "bold");
      part.textContent = line.text;
      element.appendChild(part);
    });
  }

  function widthOf(text, size = FONT) {
    pen.font = `${size}px system-ui,sans-serif`;
    return Math.max(...linesOf(text).map((line) => pen.measureText(line.text).width * (line.bold ? 1.08 : 1)));
  }

  // Numbers

  function trimmed(value) {
    const text = Number(value.toPrecision(3));
    return Math.abs(text) >= 1000 ? text.toLocaleString("en-US") : String(text);
  }

  function withPrefix(value) {
    const size = Math.abs(Number(value.toPrecision(3)));
    for (const [unit, scale] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]]) if (size >= scale) return `${Number((value / scale).toPrecision(3))}${unit}`;
    return String(Number(value.toPrecision(3)));
  }

  function formatted(value, format) {
    if (typeof value !== "number") return value;
    if (format === ",") return value.toLocaleString("en-US");
    return format ? withPrefix(value) : trimmed(value);
  }

  function hoverOf(trace, n) {
    const at = { x: trace.x[n], y: trace.y[n], text: trace.text && trace.text[n], customdata: trace.customdata && trace.customdata[n] };
    return trace.hovertemplate.replace("<extra></extra>", "").replaceAll(/%\{(\w+)(?::([^}]*))?\}/g, (_, name, format) => formatted(at[name], format));
  }

  const each = (value, n) => (Array.isArray(value) ? value[n] : value);

  // Axes

  function extentsOf(traces, key, stacked) {
    const values = [];
    for (const trace of traces) {
      if (trace.type === "bar" && ((trace.orientation === "h") === (key === "x"))) continue;
      values.push(...trace[key].filter((value) => typeof value === "number" && Number.isFinite(value)));
    }
    return [...values, ...stacked];
  }

  /** Ends of the stacks: their position on the other axis -> sum. */
  function stacksOf(traces) {
    const sums = new Map();
    for (const trace of traces.filter((one) => one.type === "bar")) {
      const [at, value] = trace.orientation === "h" ? [trace.y, trace.x] : [trace.x, trace.y];
      at.forEach((where, n) => sums.set(where, (sums.get(where) || 0) + (value[n] || 0)));
    }
    return sums;
  }

  function axisOf(chart, letter) {
    const { data, layout } = chart;
    const given = layout[`${letter}axis`] || {};
    const bars = data.filter((trace) => trace.type === "bar");
    const across = bars.length > 0 && (bars[0].orientation === "h") === (letter === "y");
    const axis = { ...given, letter, log: given.type === "log" };
    if (across) {
      const places = [...new Set(bars.flatMap((trace) => trace[letter]))];
      axis.places = places;
      axis.ends = [-0.5, Math.max(places.length, 1) - 0.5];
      axis.number = (value) => (typeof value === "number" && given.tickvals ? value : places.indexOf(value));
      return axis;
    }
    axis.number = (value) => (axis.log ? Math.log10(value) : value);
    const numbers = extentsOf(data, letter, bars.length ? [0, ...stacksOf(data).values()] : []).map(axis.number).filter(Number.isFinite);
    const [low, high] = numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
    const room = 0.06 * (high - low) || Math.abs(high) * 0.1 || 1;
    const own = chart._zoom && chart._zoom.revision === layout.uirevision ? chart._zoom[letter] : null;
    axis.ends = own || (given.range ? given.range : [bars.length ? 0 : low - room, high + room]);
    return axis;
  }

  /** An axis from 0 reaches so far that the text at the end of each bar has room, a fifth of it staying for bars. */
  function makeRoom(axis, notes, length) {
    for (const note of notes.filter((one) => one.xref !== "paper")) {
      const free = Math.max(length - widthOf(note.text) - 8, length / 5);
      axis.ends[1] = Math.max(axis.ends[1], (axis.number(note.x) * length) / free);
    }
  }

  function ticksOf(axis, length) {
    const [low, high] = axis.ends;
    const room = Math.max(3, length / (axis.letter === "x" ? 80 : 45));
    if (axis.tickvals) return axis.tickvals.map((value, n) => ({ at: value, text: axis.ticktext[n] }));
    if (axis.places) return axis.places.map((place, n) => ({ at: n, text: place }));
    if (axis.log) {
      const wanted = { D1: 2, D2: 1 }[axis.dtick] || 0;
      for (const steps of [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]].slice(wanted)) {
        const found = [];
        for (let decade = Math.floor(low); decade <= high; decade += 1) for (const step of steps) found.push(decade + Math.log10(step));
        const ticks = found.filter((at) => at >= low && at <= high);
        if (ticks.length > 2) return ticks.map((at) => ({ at, text: axis.tickformat === ",.3~r" ? trimmed(10 ** at) : withPrefix(10 ** at) }));
      }
      // Less than a decade or so: round values, not round logarithms.
      return evenly(10 ** low, 10 ** high, room, withPrefix).filter((tick) => tick.at > 0).map((tick) => ({ ...tick, at: Math.log10(tick.at) }));
    }
    return evenly(low, high, room, (at) => (Math.abs(high) >= 1e4 ? withPrefix(at) : trimmed(at)));
  }

  function evenly(low, high, most, say) {
    const raw = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
    const ticks = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) ticks.push({ at: n * step, text: say(n * step) });
    return ticks;
  }

  function place(axis, offset, length) {
    const [low, high] = axis.ends;
    axis._offset = offset;
    axis._length = length;
    const share = (at) => (at - low) / (high - low || 1);
    axis.pixel = (at) => (axis.letter === "x" ? share(at) : 1 - share(at)) * length;
    axis.d2p = (value) => axis.pixel(axis.number(value));
    axis.title = axis.title || { text: "" };
  }

  // Parts of a chart

  function legendRows(entries, width, column) {
    const rows = [];
    let used = Infinity;
    for (const entry of entries) {
      const wide = 30 + widthOf(entry.name);
      if (column || used + wide > width) { rows.push([]); used = 0; }
      rows[rows.length - 1].push({ ...entry, x: used });
      used += wide;
    }
    return rows;
  }

  function patternFor(chart, defs, colour, pattern, n) {
    const shape = pattern && each(pattern.shape, n);
    if (!shape) return colour;
    const id = `${chart.id}-${defs.childElementCount}`;
    const made = node(defs, "pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" });
    node(made, "rect", { width: 6, height: 6, fill: colour });
    const marks = { "/": "M0,6L6,0", "\\": "M0,0L6,6", x: "M0,6L6,0M0,0L6,6", ".": "M2,3h2" };
    node(made, "path", { d: marks[shape] || "M0,3h6", stroke: pattern.fgcolor, "stroke-width": shape === "." ? 2 : 1.2, "stroke-opacity": pattern.fgopacity });
    return `url(#${id})`;
  }

  function markerPath(symbol, r) {
    const k = r * 0.9;
    const shapes = {
      square: `M${-k},${-k}h${2 * k}v${2 * k}h${-2 * k}z`,
      diamond: `M0,${-1.25 * r}L${1.25 * r},0L0,${1.25 * r}L${-1.25 * r},0z`,
      "triangle-up": `M0,${-r * 1.15}L${r * 1.1},${k}H${-r * 1.1}z`,
      "triangle-down": `M0,${r * 1.15}L${r * 1.1},${-k}H${-r * 1.1}z`,
      cross: `M${-k / 3},${-r}h${(2 * k) / 3}v${r - k / 3}h${r - k / 3}v${(2 * k) / 3}h${k / 3 - r}v${r - k / 3}h${(-2 * k) / 3}v${k / 3 - r}h${k / 3 - r}v${(-2 * k) / 3}h${r - k / 3}z`,
      star: `M0,${-1.3 * r}L${0.4 * r},${-0.4 * r}L${1.3 * r},0L${0.4 * r},${0.4 * r}L0,${1.3 * r}L${-0.4 * r},${0.4 * r}L${-1.3 * r},0L${-0.4 * r},${-0.4 * r}z`,
    };
    if (symbol === "x") return `${shapes.cross}`;
    return shapes[symbol] || `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`;
  }

  function viridis(share) {
    const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
    const [low, high] = [VIRIDIS[Math.floor(at)], VIRIDIS[Math.ceil(at)]];
    const mix = (from) => Math.round(parseInt(low.slice(from, from + 2), 16) * (1 - (at % 1)) + parseInt(high.slice(from, from + 2), 16) * (at % 1));
    return `rgb(${mix(1)},${mix(3)},${mix(5)})`;
  }

  function shadesOf(marker) {
    if (!marker.colorscale) return (n) => each(marker.color, n);
    const known = marker.color.filter((one) => one !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return (n) => (marker.color[n] === null ? "#888" : viridis((marker.color[n] - low) / (high - low || 1)));
  }

  function drawBars(chart, parts) {
    const { data, layout } = chart;
    const { x, y, area, defs } = parts;
    const begun = new Map();
    const thick = (1 - (layout.bargap || 0.2));
    for (const trace of data.filter((one) => one.type === "bar")) {
      const flat = trace.orientation === "h";
      const [where, value, band, along] = flat ? [trace.y, trace.x, y, x] : [trace.x, trace.y, x, y];
      const width = thick * Math.abs(band.pixel(1) - band.pixel(0));
      where.forEach((at, n) => {
        if (!value[n]) return;
        const from = begun.get(at) || 0;
        begun.set(at, from + value[n]);
        const [p, q] = [along.d2p(from), along.d2p(from + value[n])];
        const middle = band.d2p(at) - width / 2;
        const box = flat ? { x: p, y: middle, width: Math.max(q - p, 0), height: width } : { x: middle, y: q, width, height: Math.max(p - q, 0) };
        const fill = patternFor(chart, defs, each(trace.marker.color, n), trace.marker.pattern, n);
        hoverable(chart, node(area, "rect", { ...box, fill, stroke: (trace.marker.line || {}).color, "stroke-width": (trace.marker.line || {}).width }), trace, n);
      });
    }
  }

  const DASHES = { dot: "2,3", dash: "7,4", solid: undefined };

  function drawTrace(chart, trace, { x, y, area }) {
    const points = trace.x.map((value, n) => [x.d2p(value), y.d2p(trace.y[n])]);
    if (trace.mode.includes("lines") && points.length) {
      const step = (trace.line || {}).shape === "hv";
      const path = points.map(([px, py], n) => (n === 0 ? `M${px},${py}` : step ? `H${px}V${py}` : `L${px},${py}`)).join("");
      const { color, width, dash } = trace.line || {};
      const line = node(area, "path", { d: path, fill: "none", stroke: color, "stroke-width": width || 2, "stroke-dasharray": DASHES[dash] });
      if (trace.hoverinfo !== "skip" && trace.hovertemplate) hoverable(chart, line, trace, 0);
    }
    if (trace.mode.includes("markers")) {
      const { size, opacity, line = {}, symbol } = trace.marker;
      const shade = shadesOf(trace.marker);
      points.forEach(([px, py], n) => {
        if (!Number.isFinite(px + py)) return;
        const dot = node(area, "path", { d: markerPath(symbol, each(size, n) / 2), transform: `translate(${px},${py})${symbol === "x" ? "rotate(45)" : ""}`, fill: shade(n), opacity: each(opacity, n), stroke: each(line.color, n), "stroke-width": each(line.width, n) });
        hoverable(chart, dot, trace, n);
      });
    }
    if (trace.mode.includes("text")) points.forEach(([px, py], n) => {
      const below = String(each(trace.textposition, n)).startsWith("bottom");
      const half = trace.text[n] ? widthOf(trace.text[n]) / 2 + 2 : 0;
      const middle = Math.max(half, Math.min(px, x._length - half));
      node(area, "text", { x: middle, y: py + (below ? 17 : -9), "text-anchor": "middle", "font-size": (trace.textfont || {}).size || FONT, fill: trace.textfont.color }, trace.text[n]);
    });
  }

  function hoverable(chart, shape, trace, n) {
    shape.addEventListener("pointermove", (event) => showHint(chart, hoverOf(trace, n), event));
    shape.addEventListener("pointerleave", () => { chart._hint.hidden = true; });
    shape.addEventListener("click", () => tell(chart, "plotly_click", { points: [{ customdata: trace.customdata && trace.customdata[n] }] }));
  }

  function showHint(chart, text, event) {
    const hint = chart._hint;
    hint.replaceChildren(...linesOf(text).map((line) => {
      const part = document.createElement(line.bold ? "b" : "span");
      part.style.display = "block";
      part.textContent = line.text;
      return part;
    }));
    hint.hidden = false;
    const box = chart.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    hint.style.left = `${Math.max(0, Math.min(left + 14, box.width - hint.offsetWidth - 4))}px`;
    hint.style.top = `${Math.max(0, top - hint.offsetHeight - 10)}px`;
  }

  function drawAxes(svg, { x, y, left, top }, { turned, soft, line, ink }, xticks, yticks) {
    const [bottom, right] = [top + y._length, left + x._length];
    const shown = (axis, tick) => axis.pixel(tick.at) >= -0.5 && axis.pixel(tick.at) <= axis._length + 0.5;
    let free = -Infinity;
    for (const tick of xticks.filter((one) => shown(x, one))) {
      const at = left + x.pixel(tick.at);
      if (!x.places && !x.tickvals) node(svg, "path", { d: `M${at},${top}V${bottom}`, stroke: line });
      const half = widthOf(tick.text) / 2;
      if (!turned && !x.tickvals && at - half < free) continue;
      free = at + half + 6;
      const group = node(svg, "g", { class: "xtick" });
      const label = turned ? { x: 0, y: 0, "text-anchor": "end", transform: `translate(${at + 4},${bottom + 14})rotate(-40)` } : { x: at, y: bottom + 17, "text-anchor": "middle" };
      node(group, "text", { ...label, fill: ink, "font-size": FONT }, tick.text).__data__ = { x: tick.at };
    }
    free = Infinity;
    for (const tick of yticks.filter((one) => shown(y, one))) {
      const at = top + y.pixel(tick.at);
      if (!y.places) node(svg, "path", { d: `M${left},${at}H${right}`, stroke: line });
      if (at + 8 > free) continue;
      free = at - 8;
      node(node(svg, "g", { class: "ytick" }), "text", { x: left - 6, y: at + 4, "text-anchor": "end", fill: ink, "font-size": FONT }, tick.text).__data__ = { x: tick.at };
    }
    node(svg, "path", { d: `M${left},${top}V${bottom}H${right}`, stroke: soft, fill: "none", "stroke-opacity": 0.5 });
  }

  function drawLegend(chart, svg, rows, { left, from, colour }, defs) {
    if (!rows.length) return;
    const group = node(svg, "g", { class: "legend", transform: `translate(${left},${from})` });
    const wide = Math.max(...rows.map((row) => row[row.length - 1].x + 30 + widthOf(row[row.length - 1].name)));
    node(group, "rect", { class: "bg", width: wide, height: rows.length * 20, fill: "none" });
    rows.forEach((row, n) => row.forEach(({ x, name, trace }) => {
      const y = n * 20 + 10;
      if (trace.mode === "lines") node(group, "path", { d: `M${x},${y}h18`, stroke: trace.line.color, "stroke-width": trace.line.width, "stroke-dasharray": DASHES[trace.line.dash] });
      else if (trace.type === "bar") node(group, "rect", { x, y: y - 6, width: 18, height: 12, fill: patternFor(chart, defs, each(trace.marker.color, 0), trace.marker.pattern, 0) });
      else node(group, "path", { d: markerPath(trace.marker.symbol, 5), transform: `translate(${x + 9},${y})`, fill: each(trace.marker.color, 0) });
      node(group, "text", { class: "legendtext", x: x + 23, y: y + 4, "font-size": FONT, fill: colour }, name);
    }));
  }

  function drawColourBar(svg, trace, { right, top, height, ink }, defs) {
    const { colorbar, color } = trace.marker;
    const known = color.filter((one) => one !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const blend = node(defs, "linearGradient", { id: "shades", x1: 0, y1: 1, x2: 0, y2: 0 });
    VIRIDIS.forEach((one, n) => node(blend, "stop", { offset: n / (VIRIDIS.length - 1), "stop-color": one }));
    node(svg, "rect", { x: right + 14, y: top, width: 12, height, fill: "url(#shades)" });
    colorbar.tickvals.forEach((value, n) => node(svg, "text", { x: right + 30, y: top + height * (1 - (value - low) / (high - low || 1)) + 4, fill: ink, "font-size": FONT }, colorbar.ticktext[n]));
    const middle = top + height / 2;
    node(svg, "text", { x: 0, y: 0, "text-anchor": "middle", fill: ink, "font-size": FONT, transform: `translate(${right + 78},${middle})rotate(-90)` }, colorbar.title.text);
  }

  function drawNotes(svg, chart, { x, y, left, top }) {
    for (const note of chart.layout.annotations || []) {
      const paper = note.xref === "paper";
      const [px, py] = paper ? [note.x * x._length, (1 - note.y) * y._length] : [x.d2p(note.x), y.d2p(note.y)];
      node(svg, "text", { x: left + px + (paper ? 0 : 2), y: top + py + 4, "text-anchor": paper ? "middle" : "start", "font-size": FONT, fill: (note.font || {}).color || "currentColor" }, note.text);
    }
  }

  /** Dragging over dots shows that part of them; a double click shows all again. */
  function zoomable(chart, cover, { x, y, left, top }, svg) {
    let start = null;
    let band = null;
    const at = (event) => { const box = svg.getBoundingClientRect(); return [event.clientX - box.left - left, event.clientY - box.top - top]; };
    svg.onpointerdown = (event) => { if (event.button === 0) start = at(event); };
    svg.onpointermove = (event) => {
      if (!start) return;
      const end = at(event);
      const box = { x: left + Math.min(start[0], end[0]), y: top + Math.min(start[1], end[1]), width: Math.abs(end[0] - start[0]), height: Math.abs(end[1] - start[1]) };
      band = band || node(svg, "rect", { fill: "currentColor", "fill-opacity": 0.1, "pointer-events": "none" });
      for (const [key, value] of Object.entries(box)) band.setAttribute(key, value);
    };
    svg.onpointerup = svg.onpointerleave = (event) => {
      const [from, end] = [start, at(event)];
      start = null;
      if (band) band.remove();
      band = null;
      if (!from || event.type !== "pointerup" || Math.abs(end[0] - from[0]) < 12 || Math.abs(end[1] - from[1]) < 12) return;
      const part = (axis, one, other) => {
        const [low, high] = axis.ends;
        const share = (p) => (axis.letter === "x" ? p : axis._length - p) / axis._length;
        return [one, other].map((p) => low + share(p) * (high - low)).sort((a, b) => a - b);
      };
      chart._zoom = { revision: chart.layout.uirevision, x: part(x, from[0], end[0]), y: part(y, from[1], end[1]) };
      plot(chart);
    };
    svg.ondblclick = () => { chart._zoom = null; plot(chart); };
  }

  function tell(chart, name, event) {
    for (const listener of (chart._listeners || {})[name] || []) listener(event);
  }

  function plot(chart) {
    const { data, layout, config } = chart;
    chart._size = `${chart.clientWidth} ${chart.clientHeight}`;
    const width = layout.width || chart.clientWidth || 600;
    const height = layout.height || chart.clientHeight || 300;
    const colours = { soft: colourOf("soft"), line: colourOf("line"), ink: colourOf("ink") };
    const [x, y] = [axisOf(chart, "x"), axisOf(chart, "y")];
    const named = data.filter((trace) => trace.name && trace.showlegend !== false);
    const entries = (named.length > 1 || layout.showlegend || named.some((trace) => trace.showlegend) ? named : []).map((trace) => ({ name: trace.name, trace }));
    const legend = layout.legend || {};
    const bar = data.find((trace) => trace.marker && trace.marker.showscale);
    const yticks = ticksOf(y, height - 100);
    const top = 12;
    const title = (axis) => (axis.title && axis.title.text) || "";
    const left = Math.min(0.45 * width, Math.max(20, ...yticks.map((tick) => widthOf(tick.text) + 10)) + (title(y) ? 20 : 0));
    const right = width - (bar ? 92 : 14);
    makeRoom(x, layout.annotations || [], right - left);
    const rows = legendRows(entries, width - 16, legend.orientation === "v");
    const turned = Boolean(x.tickangle);
    const xticks = ticksOf(x, right - left);
    const tall = turned ? Math.max(0, ...xticks.map((tick) => widthOf(tick.text))) * 0.66 + 22 : 18 + 15 * Math.max(0, ...xticks.map((tick) => linesOf(tick.text).length));
    const below = tall + (title(x) ? 20 : 0) + (rows.length ? rows.length * 20 + 8 : 0) + 4;
    const depth = Math.max(60, height - top - below);
    place(x, left, right - left);
    place(y, top, depth);
    chart._fullLayout = { xaxis: x, yaxis: y };
    const svg = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ width, height: Math.max(height, top + depth + below), role: "img", "font-family": "system-ui,sans-serif" })) svg.setAttribute(key, value);
    svg.style.display = "block";
    const defs = node(svg, "defs");
    node(node(defs, "clipPath", { id: `${chart.id}-clip` }), "rect", { width: right - left, height: depth });
    drawAxes(svg, { x, y, left, top }, { ...colours, turned }, xticks, yticks);
    const area = node(svg, "g", { transform: `translate(${left},${top})`, "clip-path": `url(#${chart.id}-clip)` });
    const parts = { x, y, area, defs };
    drawBars(chart, parts);
    for (const trace of data.filter((one) => one.type !== "bar")) drawTrace(chart, trace, parts);
    drawNotes(svg, chart, { x, y, left, top });
    if (title(x)) node(svg, "text", { class: "xtitle", x: left + (right - left) / 2, y: top + depth + tall + 12, "text-anchor": "middle", "font-size": 13, fill: colours.soft }, title(x));
    if (title(y)) node(svg, "text", { class: "ytitle", x: 0, y: 0, "text-anchor": "middle", "font-size": 13, fill: colours.soft, transform: `translate(14,${top + depth / 2})rotate(-90)` }, title(y));
    drawLegend(chart, svg, rows, { left: 8, from: top + depth + below - rows.length * 20 - 2, colour: colours.soft }, defs);
    if (bar) drawColourBar(svg, bar, { right, top, height: depth, ink: colours.ink }, defs);
    chart._hint = document.createElement("div");
    chart._hint.className = "hint";
    chart._hint.hidden = true;
    chart.replaceChildren(svg, chart._hint);
    if (config.displayModeBar) zoomable(chart, area, { x, y, left, top }, svg);
    tell(chart, "plotly_afterplot");
  }

  return {
    react(chart, data, layout, config) {
      Object.assign(chart, { data, layout, config });
      if (!chart.on) {
        chart._listeners = {};
        chart.on = (name, listener) => { (chart._listeners[name] = chart._listeners[name] || []).push(listener); };
        observed.observe(chart);
      }
      plot(chart);
    },
  };
})();
