// Charts in the page's colours.

const CONFIG = { displaylogo: false, responsive: true, displayModeBar: false };
const ZOOMED = { ...CONFIG, displayModeBar: "hover" };
const PATTERNS = { d0: "", d1: "/", d2: "x", d3: "\\", d4: "." };
const LIMIT_PATTERNS = { read: "", write: "/", shared: "x", compute: "", latency: "." };
const MOST_BARS = 12;
const NEGLIGIBLE = 2e-3; // of the highest bar: too thin to be seen, so not in the legend

function layoutOf(parts) {
  const [ink, soft, line] = ["ink", "soft", "line"].map(colourOf);
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line, automargin: true, title: { font: { color: soft, size: 13 } } };
  const { xaxis, yaxis, ...rest } = parts;
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui,sans-serif", size: 12.5, color: ink },
    margin: { l: 56, r: 12, t: 12, b: 44 },
    hoverlabel: { bgcolor: colourOf("paper"), bordercolor: soft, font: { color: ink, size: 13 }, align: "left" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink },
    legend: { orientation: "h", y: -0.2, font: { size: 12, color: soft }, traceorder: "normal" },
    ...rest,
    xaxis: { ...axis, ...xaxis, title: { ...axis.title, ...(xaxis || {}).title } },
    yaxis: { ...axis, ...yaxis, title: { ...axis.title, ...(yaxis || {}).title } },
  };
}

/** On paper a chart cannot follow its column, so it is told how large that will be. */
function draw(id, traces, layout, config = CONFIG) {
  const paper = document.documentElement.dataset.paper && ($(id).closest(".pair") ? { width: 340, height: 270 } : { width: 700, height: 300 });
  $(id).style.height = layout.height && !paper ? `${layout.height}px` : "";
  return Plotly.react($(id), traces, layoutOf({ ...layout, ...paper }), config);
}

// One figure against another ------------------------------------------------------------------------------------------

function hoverText(data, row, axes) {
  const lines = [`<b>${escapeText(labelOf(data, row, "<br>"))}</b>`.replaceAll("&lt;br&gt;", "<br>"), `${energyText(row.energy_pj)}, ${count(row.cycles)} cycles`, `EDP ${significant(row.edp_j_cycles)} J·cycles`, `utilization ${percent(row.utilization)}`];
  if (row.area_um2 !== null) lines.push(`area ${significant(row.area_um2 * 1e-6)} mm²`);
  if (row.limit) lines.push(`limited by ${escapeText(row.limit)}`);
  const told = ["energy_pj", "cycles", "edp_j_cycles", "utilization", "area_um2"];
  for (const axis of axes) if (!told.includes(axis.key)) lines.push(escapeText(axis.say(row) || ""));
  return lines.filter(Boolean).join("<br>");
}

const escapeText = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function scatter(data, { matching, colourBy, logarithmic, plane }) {
  const rows = data.rows;
  const { x, y } = plane;
  const found = data.order.filter((index) => rows[index].status === "ok" && x.value(rows[index]) !== null && y.value(rows[index]) !== null);
  const areas = found.map((index) => rows[index].area_um2 || 0);
  const largest = Math.max(...areas);
  const sized = largest > 0 && Math.min(...areas) < largest;
  const size = (index) => (sized ? Math.max(6, 22 * Math.sqrt((rows[index].area_um2 || 0) / largest)) : found.length > 300 ? 6 : 10);
  const shown = new Set(matching);
  const dot = (indices, marker, name) => ({
    type: "scatter", mode: "markers", name, showlegend: false, customdata: indices,
    x: indices.map((index) => x.value(rows[index])), y: indices.map((index) => y.value(rows[index])),
    text: indices.map((index) => hoverText(data, rows[index], [x, y])), hovertemplate: "%{text}<extra></extra>",
    marker: { size: indices.map(size), opacity: indices.map((index) => (shown.has(index) ? marker.opacity : 0.08)), line: { width: 1, color: colourOf("paper") }, ...marker.style },
  });
  const fronts = plane.fronts();
  const best = plane.hasFront ? new Set(fronts.flat()) : new Set(rows.filter((row) => row.front));
  const traces = fronts.map((front) => ({ type: "scatter", mode: "lines", showlegend: false, hoverinfo: "skip", x: front.map(x.value), y: front.map(y.value), line: { color: colourOf("l0"), width: 1.5, shape: "hv" } }));
  if (colourBy === "") {
    traces.push(dot(found.filter((index) => !best.has(rows[index])), { opacity: 0.55, style: { color: colourOf("ln") } }, "trials"));
    traces.push(dot(found.filter((index) => best.has(rows[index])), { opacity: 0.95, style: { color: colourOf("l0") } }, "front"));
  } else traces.push(...coloured(data, found, Number(colourBy), dot));
  $("#plane").textContent = plane.title;
  $("#plane-note").textContent = plane.note;
  const axis = (letter, format) => {
    const type = logarithmic && plane.canBeLogarithmic(letter) ? "log" : "linear";
    const { title, unit } = plane[letter];
    return { type, title: { text: unit ? `${title}, ${unit}` : title }, ...ticks(type, plane.values(letter), format) };
  };
  const [xaxis, yaxis] = [axis("x", x.key === "cycles" ? ".3~s" : ",.3~r"), axis("y", y.key === "cycles" ? ".3~s" : ",.3~r")];
  draw("#scatter", traces, {
    hovermode: "closest", dragmode: "zoom", uirevision: [x.key, y.key, xaxis.type, yaxis.type].join(" "), margin: { l: 60, r: 12, t: 12, b: 48 }, xaxis, yaxis,
  }, ZOOMED);
}

/** A ring around the selected trial: an element of its own, so that moving it does not draw thousands of dots again. */
function placeRing(row, plane) {
  const ring = $("#ring");
  const { xaxis, yaxis } = $("#scatter")._fullLayout;
  const values = row ? [plane.x.value(row), plane.y.value(row)] : [null, null];
  const [x, y] = values.includes(null) ? [NaN, NaN] : [xaxis.d2p(values[0]), yaxis.d2p(values[1])];
  ring.hidden = !(x >= 0 && x <= xaxis._length && y >= 0 && y <= yaxis._length);
  ring.style.transform = `translate(${xaxis._offset + x}px, ${yaxis._offset + y}px) translate(-50%, -50%)`;
}

/** Logarithmic axes over few decades need more ticks than the powers of ten; without a format these show one digit. */
function ticks(type, values, tickformat) {
  if (type !== "log") return {};
  const decades = Math.log10(Math.max(...values) / Math.min(...values));
  return decades > 4 ? {} : { tickformat, dtick: decades > 0.8 || onPhone() ? "D2" : "D1" };
}

const onPhone = () => innerWidth < 600 && !document.documentElement.dataset.paper;

/** Dots coloured by a swept parameter: numbers on a scale, words with a symbol each. */
function coloured(data, found, column, dot) {
  const value = (index) => data.rows[index].swept[column];
  const values = [...new Set(found.map(value))].filter((one) => one !== null);
  if (values.every((one) => typeof one === "number") && values.length > 1) {
    const logs = Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) >= 8;
    const shade = (index) => (value(index) === null ? null : logs ? Math.log2(value(index)) : value(index));
    const marks = values.length <= 8 ? [...values].sort((a, b) => a - b) : [Math.min(...values), Math.max(...values)];
    return [dot(found, { opacity: 0.9, style: { color: found.map(shade), colorscale: "Viridis", showscale: true, colorbar: { title: { text: data.swept[column], side: "right" }, thickness: 12, outlinewidth: 0, tickvals: marks.map((one) => (logs ? Math.log2(one) : one)), ticktext: marks.map(String) } } }, "trials")];
  }
  const symbols = ["circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "star"];
  return values.map((one, n) => ({ ...dot(found.filter((index) => value(index) === one), { opacity: 0.9, style: { color: colourOf(`l${n % 8}`), symbol: symbols[n % 8] } }, String(one)), showlegend: true }));
}

// Energy and cycles ----------------------------------------------------------------------------------------------

/** What the bars stand for: the levels of one layer, the layers of one trial, or several trials. */
function barsOf(data, state) {
  const row = data.rows[state.selected];
  if (state.scope === "many") {
    const chosen = state.visible.filter((index) => data.rows[index].layers.length).slice(0, MOST_BARS);
    return { many: true, bars: chosen.map((index) => ({ label: labelOf(data, data.rows[index], "<br>").replaceAll(/[^<>]*?=/g, ""), layers: data.rows[index].layers, strong: index === state.selected })) };
  }
  return { many: row.layers.length > 1, bars: row.layers.map((layer) => ({ label: layer.name, layers: [layer] })) };
}

function energyChart(data, state) {
  const { many, bars } = barsOf(data, state);
  if (!many) return energyOfLayer(data, bars[0].layers[0]);
  const totals = bars.map((bar) => bar.layers.reduce((sum, layer) => sum + layer.energy_pj * layer.runs, 0));
  const { unit, scale } = energyUnit(Math.max(...totals));
  const parts = new Map();
  bars.forEach((bar, n) => bar.layers.forEach((layer) => layer.energy.forEach(([component, whose, energy]) => {
    const key = `${component}\n${whose}`;
    if (!parts.has(key)) parts.set(key, bars.map(() => 0));
    parts.get(key)[n] += (energy * layer.runs) / scale;
  })));
  const order = Object.keys(data.components);
  const keys = [...parts.keys()].sort((a, b) => order.indexOf(a.split("\n")[0]) - order.indexOf(b.split("\n")[0]));
  const legend = new Set();
  const traces = keys.map((key) => {
    const [component, whose] = key.split("\n");
    const name = data.spaces[whose] ? `${component} ${whose}` : whose === "leak" ? `${component} leakage` : component;
    const fresh = !legend.has(name) && Math.max(...parts.get(key)) > NEGLIGIBLE * (Math.max(...totals) / scale);
    legend.add(name);
    return { type: "bar", name, legendgroup: name, showlegend: fresh, x: bars.map((_, n) => n), y: parts.get(key), marker: { color: colourOf(data.components[component] || "do"), pattern: patternOf(PATTERNS[data.spaces[whose]] || ""), line: { width: 0.5, color: colourOf("paper") } }, customdata: bars.map((bar) => bar.label), hovertemplate: `%{customdata}: ${escapeText(key.replace("\n", ", "))}<br>%{y:.3~s} ${unit}<extra></extra>` };
  });
  const entries = traces.filter((trace) => trace.showlegend).length;
  return draw("#energy", traces, { barmode: "stack", bargap: 0.3, xaxis: labels(bars), yaxis: { title: { text: `energy, ${unit}` } }, ...roomBelow(bars, entries) });
}

/** On a phone the labels are turned and the legend is a column: the chart grows by what both need. */
function roomBelow(bars, entries) {
  if (!onPhone()) return {};
  const { tickangle } = labels(bars);
  const lengths = bars.map((bar) => (tickangle ? 14 + 5 * bar.label.length : 8 + 16 * bar.label.split("<br>").length));
  const below = Math.max(...lengths) + 20 * entries + 8;
  return {
    height: 230 + below, margin: { l: 56, r: 12, t: 12, b: below }, xaxis: { ...labels(bars), automargin: "left+right" },
    legend: { orientation: "v", yref: "container", y: 0, yanchor: "bottom", x: 0, font: { size: 12, color: colourOf("soft") }, traceorder: "normal" },
  };
}

const patternOf = (shape) => ({ shape, fgcolor: colourOf("paper"), fillmode: "overlay", fgopacity: 0.75, size: 6, solidity: 0.22 });
const labels = (bars) => ({ tickvals: bars.map((_, n) => n), ticktext: bars.map((bar) => (bar.strong ? `<b>${bar.label}</b>` : bar.label)), tickangle: bars.length > (onPhone() ? 4 : 8) && bars.every((bar) => !bar.label.includes("<br>")) ? -40 : 0 });

function energyOfLayer(data, layer) {
  const { unit, scale } = energyUnit(Math.max(...sumBy(layer.energy, 0).values()));
  const components = [...sumBy(layer.energy, 0).keys()].reverse();
  const sums = sumBy(layer.energy, 0);
  const kinds = [...new Set(layer.energy.map(([, whose]) => whose))].sort((a, b) => (data.spaces[a] || "z").localeCompare(data.spaces[b] || "z"));
  const names = { leak: "leakage", compute: "arithmetic", transfer: "networks", other: "other" };
  const traces = kinds.map((kind) => ({
    type: "bar", orientation: "h", name: names[kind] || kind, y: components,
    x: components.map((component) => layer.energy.filter(([at, whose]) => at === component && whose === kind).reduce((sum, part) => sum + part[2], 0) / scale),
    marker: { color: colourOf(data.spaces[kind] || { compute: "lc", transfer: "ln" }[kind] || "do"), line: { width: 0.5, color: colourOf("paper") } },
    hovertemplate: `%{y}: ${escapeText(names[kind] || kind)}<br>%{x:.3~s} ${unit}<extra></extra>`,
  }));
  const notes = components.map((component) => ({ x: sums.get(component) / scale, y: component, text: ` ${significant(sums.get(component) / scale)} ${unit}, ${percent(sums.get(component) / layer.energy_pj)}`, showarrow: false, xanchor: "left", bgcolor: colourOf("paper"), borderpad: 1, font: { size: 12, color: colourOf("soft") } }));
  return draw("#energy", traces, { barmode: "stack", bargap: gapFor(components.length), annotations: notes, xaxis: { title: { text: `energy, ${unit}` } }, yaxis: {}, legend: legendBelow() });
}

/** A few bars should not become blocks. */
const gapFor = (bars) => Math.max(0.35, 1 - 0.09 * bars);

const legendBelow = () => ({ orientation: "h", y: -0.24, font: { size: 12, color: colourOf("soft") }, traceorder: "normal" });

function sumBy(parts, column) {
  const sums = new Map();
  for (const part of parts) sums.set(part[column], (sums.get(part[column]) || 0) + part[2]);
  return sums;
}

function cyclesChart(data, state) {
  const { many, bars } = barsOf(data, state);
  if (!many) return limitsOfLayer(data, bars[0].layers[0]);
  const parts = new Map();
  const add = (key, n, cycles) => {
    if (!parts.has(key)) parts.set(key, bars.map(() => 0));
    parts.get(key)[n] += cycles;
  };
  bars.forEach((bar, n) => bar.layers.forEach((layer) => {
    const compute = layer.limits.find(([, kind]) => kind === "compute");
    if (!compute) return add("\nnot known", n, layer.cycles * layer.runs);
    const limit = layer.limits.find(([, , , limits]) => limits);
    const latency = layer.limits.find(([, kind]) => kind === "latency");
    add(`${compute[0]}\ncompute`, n, compute[2] * layer.runs);
    if (limit !== compute) add(`${limit[0]}\n${limit[1]}`, n, (limit[2] - compute[2]) * layer.runs);
    if (latency) add("networks\nlatency", n, latency[2] * layer.runs);
  }));
  const traces = [...parts].map(([key, values]) => {
    const [component, kind] = key.split("\n");
    const name = kind === "compute" ? `${component} computing` : kind === "latency" ? "network latency" : `waiting for ${component} ${kind}`;
    return { type: "bar", name, x: bars.map((_, n) => n), y: values, customdata: bars.map((bar) => bar.label), marker: { color: colourOf(data.components[component] || "do"), pattern: patternOf(LIMIT_PATTERNS[kind] || ""), line: { width: 0.5, color: colourOf("paper") } }, hovertemplate: `%{customdata}: ${escapeText(name)}<br>%{y:,} cycles<extra></extra>` };
  });
  return draw("#cycles", traces, { barmode: "stack", bargap: 0.3, showlegend: true, xaxis: labels(bars), yaxis: { title: { text: "cycles" } }, ...roomBelow(bars, traces.length) });
}

function limitsOfLayer(data, layer) {
  const limits = [...layer.limits].reverse();
  if (!limits.length) return draw("#cycles", [], { annotations: [{ text: "not known for this trial", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }] });
  const label = ([component, kind]) => (kind === "compute" ? component : `${component} ${kind}`);
  const notes = limits.map((limit) => ({ x: limit[2], y: label(limit), text: ` ${short(limit[2])}, ${percent(limit[2] / layer.cycles)}${limit[3] ? " <b>limits</b>" : ""}`, showarrow: false, xanchor: "left", bgcolor: colourOf("paper"), borderpad: 1, font: { size: 12, color: colourOf(limit[3] ? "ink" : "soft") } }));
  const trace = { type: "bar", orientation: "h", y: limits.map(label), x: limits.map((limit) => limit[2]), marker: { color: limits.map(([component]) => colourOf(data.components[component] || "do")), pattern: { ...patternOf(""), shape: limits.map(([, kind]) => LIMIT_PATTERNS[kind]) } }, hovertemplate: "%{y} alone needs<br>%{x:,} cycles<extra></extra>" };
  return draw("#cycles", [trace], { bargap: gapFor(limits.length), annotations: notes, xaxis: { title: { text: "cycles that each alone would need" } } });
}

// Roofline -------------------------------------------------------------------------------------------------------

/** A level whose read and write bandwidths are the same has one roof. */
function roofsOf(bandwidths) {
  const roofs = new Map();
  for (const [component, kind, , , , words] of bandwidths) {
    const key = `${component} ${words}`;
    if (roofs.has(key)) roofs.get(key).kinds.push(kind);
    else roofs.set(key, { component, words, kinds: [kind] });
  }
  return [...roofs.values()];
}

/** Labels stand above their points; beside a neighbour whose label would meet it, one goes below. */
function placed(points) {
  const near = (a, b) => Math.abs(Math.log10(a.y / b.y)) < 0.15 && Math.abs(Math.log10(a.x / b.x)) < 0.4;
  points.forEach((point, n) => { point.below = n > 0 && near(point, points[n - 1]) && !points[n - 1].below; });
  return points;
}

/** A point for each other layer, at its most loaded bandwidth; layers that meet in a point share its label. */
function otherLayers(layers, chosen, point) {
  const found = new Map();
  for (const layer of layers.filter((one) => one !== chosen)) {
    const bandwidths = layer.limits.filter(([, kind, , , words]) => kind !== "compute" && kind !== "latency" && words);
    const worst = bandwidths.sort((a, b) => b[2] - a[2])[0];
    if (!worst) continue;
    const { x, y } = point(layer, worst);
    const key = [x, y].map((value) => Math.round(12 * Math.log10(value))).join(" ");
    const same = found.get(key);
    if (same) same.name += `, ${layer.name}`;
    else found.set(key, { x, y, name: layer.name, component: worst[0], kind: worst[1] });
  }
  return placed([...found.values()].sort((a, b) => a.x - b.x));
}

/** What each point of a layer stands for; points that are close to each other share a label, a line each. */
function pointLabels(bandwidths, at) {
  const order = bandwidths.map((_, n) => n).sort((a, b) => at(bandwidths[a]) - at(bandwidths[b]));
  const labels = bandwidths.map(() => "");
  let first = null;
  for (const n of order) {
    const [component, kind, , limits] = bandwidths[n];
    const label = escapeText(`${component} ${kind}`);
    if (first === null || Math.log10(at(bandwidths[n]) / at(bandwidths[first])) > (onPhone() ? 0.7 : 0.3)) first = n;
    labels[first] += `${labels[first] ? "<br>" : ""}${limits ? `<b>${label}, limits</b>` : label}`;
  }
  return labels;
}

/** Roofs of the selected layer; a point for the layer at each bandwidth, and one for the limiting one of the others. */
function roofline(data, state) {
  const layers = data.rows[state.selected].layers;
  const chosen = layers[state.layer] || layers[0];
  const bandwidths = chosen.limits.filter(([, kind, , , words]) => kind !== "compute" && kind !== "latency" && words);
  const compute = chosen.limits.find(([, kind]) => kind === "compute");
  const available = compute && chosen.computes / chosen.cycles / chosen.utilization;
  const point = (layer, limit) => ({ x: layer.computes / limit[4], y: layer.computes / layer.cycles });
  const others = otherLayers(layers, chosen, point);
  $("#roof").hidden = !compute || !bandwidths.length;
  if (!compute || !bandwidths.length) return undefined;
  const xs = [...bandwidths.map((limit) => point(chosen, limit).x), ...others.map((other) => other.x), ...bandwidths.map((limit) => available / limit[5])];
  const [left, right] = [Math.min(...xs) / 2.5, Math.max(...xs) * 2.5];
  const dashes = { read: "solid", write: "dot", shared: "dash" };
  const traces = [
    { mode: "lines", x: [left, right], y: [available, available], name: `${count(available)} compute units`, line: { color: colourOf("ink"), width: 2 }, hovertemplate: `${count(available)} operations per cycle: all compute units<extra></extra>` },
    ...(compute[5] < available * 0.999 ? [{ mode: "lines", x: [left, right], y: [compute[5], compute[5]], name: `${count(compute[5])} units in use`, line: { color: colourOf("ink"), width: 1.5, dash: "dot" }, hovertemplate: `${count(compute[5])} operations per cycle: the units in use<extra></extra>` }] : []),
    ...roofsOf(bandwidths).map((roof) => ({ mode: "lines", x: [left, available / roof.words], y: [left * roof.words, available], name: `${roof.component} ${roof.kinds.join(" and ")}`, line: { color: colourOf(data.components[roof.component] || "do"), width: 2, dash: dashes[roof.kinds[0]] }, hovertemplate: `${escapeText(roof.component)} ${roof.kinds.join(" and ")}: ${significant(roof.words)} words per cycle<extra></extra>` })),
    { mode: "markers+text", name: chosen.name, showlegend: false, text: pointLabels(bandwidths, (limit) => point(chosen, limit).x), textposition: "bottom center", textfont: { size: 12, color: colourOf("ink") }, x: bandwidths.map((limit) => point(chosen, limit).x), y: bandwidths.map((limit) => point(chosen, limit).y), marker: { size: 12, color: bandwidths.map((limit) => colourOf(data.components[limit[0]] || "do")), line: { width: bandwidths.map((limit) => (limit[3] ? 2.5 : 1)), color: bandwidths.map((limit) => colourOf(limit[3] ? "ink" : "paper")) } }, customdata: bandwidths.map((limit) => `${escapeText(chosen.name)} at ${escapeText(limit[0])} ${limit[1]}${limit[3] ? ", which limits" : ""}`), hovertemplate: "<b>%{customdata}</b><br>%{y:.3~s} operations per cycle<br>%{x:.3~s} operations per word<extra></extra>" },
    { mode: "markers+text", name: "other layers", showlegend: false, x: others.map((other) => other.x), y: others.map((other) => other.y), text: others.map((other) => other.name), textposition: others.map((other) => (other.below ? "bottom center" : "top center")), textfont: { size: 11, color: colourOf("soft") }, marker: { size: 7, symbol: "diamond", color: others.map((other) => colourOf(data.components[other.component] || "do")) }, customdata: others.map((other) => `${other.component} ${other.kind}`), hovertemplate: "%{text} at %{customdata}<br>%{y:.3~s} operations per cycle<br>%{x:.3~s} operations per word<extra></extra>" },
  ].map((trace) => ({ type: "scatter", ...trace }));
  $("#roof-note").textContent = `${chosen.name} reaches ${significant(chosen.computes / chosen.cycles)} of ${significant(available)} operations per cycle. Each line is what a bandwidth, over all its instances in use, allows; a point lies as far right as the operations that each of its words serves.${layers.length > 1 ? " Diamonds: the other layers, at their most loaded bandwidth." : ""}`;
  return draw("#roofline", traces, { hovermode: "closest", xaxis: { type: "log", range: [Math.log10(left), Math.log10(right)], dtick: 1, title: { text: "operations per word moved" } }, yaxis: { type: "log", dtick: 1, title: { text: "operations per cycle" } }, legend: legendBelow() }, ZOOMED);
}
