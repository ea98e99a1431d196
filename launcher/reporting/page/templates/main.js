// What a click changes.

/** Paper is white and narrower than most windows. */
function onPaper(redraw) {
  const marks = document.documentElement.dataset;
  let theme;
  addEventListener("beforeprint", () => {
    theme = marks.theme;
    Object.assign(marks, { paper: "true", theme: "light" });
    redraw();
  });
  addEventListener("afterprint", () => {
    delete marks.paper;
    if (theme) marks.theme = theme;
    else delete marks.theme;
    redraw();
  });
}

(async () => {
  const data = await unpack($("#data").textContent);
  const best = data.order.find((index) => data.rows[index].status === "ok");
  const state = { selected: best ?? null, layer: 0, scope: "one", visible: data.order, matching: data.order, plane: null, colourBy: "", logarithmic: false };
  const has = (id) => $(id) !== null;
  let table = null;

  function charts() {
    if (state.selected === null) return;
    if (has("#scatter")) scatter(data, state);
    chartsOfSelected();
  }

  function chartsOfSelected() {
    breakdown();
    roofline(data, state);
  }

  function breakdown() {
    const row = data.rows[state.selected];
    const layers = row.layers.length > 1;
    const whose = state.scope === "many" ? "trial" : layers ? "layer" : "";
    $("#energy-caption").textContent = whose ? `Energy by level and data space, per ${whose}` : "Energy by level and data space";
    $("#cycles-caption").textContent = whose ? `Cycles by what limits them, per ${whose}` : "Cycles by what limits them";
    energyChart(data, state);
    cyclesChart(data, state);
  }

  function select(index) {
    state.selected = index;
    state.layer = 0;
    if (table) table.mark(index);
    showFigures(data, data.rows[index]);
    showFlags(data, data.rows[index]);
    chooseLayer(0);
    if (has("#scatter")) placeRing(data.rows[index], state.plane);
    chartsOfSelected();
  }

  function chooseLayer(layer) {
    const row = data.rows[state.selected];
    state.layer = layer;
    showLayers(row, layer, (index) => { chooseLayer(index); roofline(data, state); });
    showDiagrams(data, row, layer, () => data.rows[state.selected] === row && state.layer === layer);
  }

  function chooseColours() {
    $("#colour").append(...data.swept.map((name, index) => element("option", { value: index }, name)));
    $("#colour").addEventListener("change", (event) => { state.colourBy = event.target.value; scatter(data, state); });
    $("#log").addEventListener("change", (event) => { state.logarithmic = event.target.checked; scatter(data, state); });
  }

  /** The axes changed: a scale that suits them, and both boxes as they are. */
  function showPlane() {
    const { plane } = state;
    state.logarithmic = $("#log").checked = plane.isWide("x") || plane.isWide("y");
    $("#log").disabled = !plane.canBeLogarithmic("x") && !plane.canBeLogarithmic("y");
    for (const [id, letter] of [["#across", "x"], ["#up", "y"]]) $(id).value = plane[letter].key;
    scatter(data, state);
  }

  function prepareOverview() {
    state.plane = new Plane(data);
    for (const [id, letter] of [["#across", "x"], ["#up", "y"]]) {
      $(id).append(...state.plane.axes.map((axis) => element("option", { value: axis.key }, axis.title)));
      $(id).addEventListener("change", (event) => { state.plane.choose(letter, event.target.value); showPlane(); });
    }
    addEventListener("hashchange", () => { state.plane.fromAddress(); showPlane(); });
    chooseColours();
    showPlane();
    $("#scatter").on("plotly_afterplot", () => placeRing(data.rows[state.selected], state.plane));
    $("#scatter").on("plotly_click", (event) => {
      const index = event.points.map((point) => point.customdata).find((one) => one !== undefined);
      if (index !== undefined) select(index);
    });
  }

  if (has("#common")) showCommon(data);
  if (has("#scatter")) prepareOverview();
  if (has("#table"))
    table = new TrialTable(data, select, (order, matching) => {
      state.visible = order;
      state.matching = matching;
      if (table && has("#scatter")) scatter(data, state);
      if (table && state.scope === "many") breakdown();
    });
  if (has("#scope"))
    $("#scope").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      state.scope = button.dataset.scope;
      for (const one of $("#scope").children) one.setAttribute("aria-pressed", one === button);
      breakdown();
    });
  if (state.selected !== null) select(state.selected);
  document.addEventListener("theme", charts);
  onPaper(charts);
  document.documentElement.dataset.ready = "true";
})();
