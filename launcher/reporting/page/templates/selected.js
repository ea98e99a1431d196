// The selected trial: its figures, its layers, and their diagrams.

function figuresOf(data, row) {
  const figures = data.figures.map((figure) => {
    const value = row[figure.key];
    if (figure.key === "energy_pj") return [figure.title, ...energyText(value).split(" "), value]; // in the unit that suits it
    return [figure.title, figureText(figure, value), value === null ? "" : figure.kind === "share" ? "%" : figure.unit, value];
  });
  return [
    ...figures,
    ["limited by", row.limit || "-", "", null],
    ["mapping", row.standing || "-", "", null],
  ];
}

function showFigures(data, row) {
  const label = labelOf(data, row);
  $("#who").textContent = data.rows.length > 1 ? `${label} (${tail(row.place)})` : label;
  const figures = figuresOf(data, row).filter(([name, text]) => text !== "-" || name === "area");
  $("#figures").replaceChildren(...figures.map(([name, text, unit, value]) => element("div", { "data-key": name, "data-value": value },
    element("div", { class: "name" }, name),
    element("div", { class: value === null ? "value words" : "value" }, text, " ", element("span", { class: "unit" }, unit)))));
}

/** Remarks on this trial's figures; those of a single trial stand with how it was made. */
function showFlags(data, row) {
  $("#flags").textContent = data.rows.length > 1 ? row.flags.join("; ") : "";
}

function showLayers(row, chosen, onChoose) {
  const tabs = $("#layers");
  tabs.hidden = row.layers.length < 2;
  tabs.replaceChildren(...row.layers.map((layer, index) => {
    const button = element("button", { type: "button", role: "tab", "aria-selected": String(index === chosen), title: `${energyText(layer.energy_pj)} and ${count(layer.cycles)} cycles a run` }, `${layer.name} ×${layer.runs}`);
    button.addEventListener("click", () => onChoose(index));
    return button;
  }));
}

const unpacked = new Map();

/** Loop nest and architecture of a layer; only the block that holds them is unpacked. */
async function diagramsOf(data, row, layer) {
  if (row.diagrams === null) return ["", ""];
  const index = row.diagrams + layer;
  const block = Math.floor(index / data.block);
  if (!unpacked.has(block)) unpacked.set(block, unpack(document.querySelectorAll("script.block")[block].textContent));
  return (await unpacked.get(block))[index % data.block];
}

async function showDiagrams(data, row, layer, isCurrent) {
  $("#size").textContent = row.layers[layer].size && ` of ${row.layers[layer].size}`;
  const [nest, machine] = await diagramsOf(data, row, layer);
  if (!isCurrent()) return;
  for (const [id, svg] of [["#nest", nest], ["#machine", machine]])
    if (svg) $(id).innerHTML = svg;
    else $(id).replaceChildren(element("p", { class: "note" }, `This page carries no diagrams of this trial: make one of ${row.place} alone.`));
}

function showCommon(data) {
  const entries = Object.entries(data.common).filter(([, value]) => value !== "");
  $("#common").replaceChildren(...entries.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}
