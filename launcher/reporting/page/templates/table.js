// The table of trials: sorted by a click on a heading, filtered by words and comparisons.

const PAGE = 100;

/** The columns: what a row shows, sorts by and can be filtered by. Energies share one unit so that they compare. */
function columnsOf(data) {
  const ok = data.rows.filter((row) => row.status === "ok");
  const any = (pick) => ok.some((row) => pick(row) !== null);
  const named = !data.swept.length;
  const swept = data.swept.map((name, index) => ({
    key: name,
    title: name,
    group: name.slice(0, name.lastIndexOf(".") + 1),
    value: (row) => row.swept[index],
    text: data.rows.some((row) => typeof row.swept[index] === "string"),
    show: (row) => (row.swept[index] === null ? "-" : String(row.swept[index])),
  }));
  const figures = data.figures.map((figure) => ({
    key: keyOf(figure),
    title: figure.title,
    unit: figure.kind === "share" ? "%" : figure.unit,
    field: figure.key,
    figure,
    value: (row) => row[figure.key],
    show: (row) => figureText(figure, row[figure.key]),
  }));
  return [
    { key: "front", title: "", text: true, hint: `on the Pareto front of ${data.front}`, value: (row) => (row.front ? 0 : 1), show: () => "", badge: true },
    ...(named ? [{ key: "name", title: "trial", text: true, value: (row) => row.name, show: (row) => row.name }] : []),
    ...swept,
    ...figures.filter((column) => any(column.value)),
    ...(any((row) => row.limit) ? [{ key: "limit", title: "limited by", text: true, value: (row) => row.limit, show: (row) => row.limit || "-" }] : []),
    ...(ok.length ? [] : [{ key: "reason", title: "reason", text: true, value: (row) => row.reason, show: (row) => firstLine(row.reason) }]),
    { key: "mapping", title: "mapping", text: true, value: (row) => row.optimality, show: (row) => (/bounded$/.test(row.optimality) && row.gap !== null ? `gap ${percent(row.gap)}` : row.optimality || row.status) },
    { key: "place", title: "where", text: true, value: (row) => row.place, show: (row) => tail(row.place) },
  ];
}

const firstLine = (text) => (text || "no reason given").split("\n")[0];
const tail = (place) => place.split("/").slice(-2).join("/");

class TrialTable {
  constructor(data, onSelect, onOrder) {
    this.data = data;
    this.columns = columnsOf(data);
    this.onSelect = onSelect;
    this.onOrder = onOrder;
    this.sort = null;
    this.limit = PAGE;
    this.order = data.order;
    this.head();
    this.only = $("#only");
    if (this.only) this.only.addEventListener("change", () => this.refresh());
    $("#filter").addEventListener("input", () => { this.limit = PAGE; this.refresh(); });
    $("#more").addEventListener("click", () => { this.limit += 5 * PAGE; this.body(); });
    $("#table tbody").addEventListener("click", (event) => this.pick(event.target.closest("tr")));
    $("#table tbody").addEventListener("keydown", (event) => this.key(event));
    this.refresh();
  }

  head() {
    const cells = this.columns.map((column) => {
      const [group, unit] = [column.group, column.unit].map((text) => (text ? element("span", { class: "unit" }, text) : null));
      const name = column.title.slice((column.group || "").length);
      const button = element("button", { type: "button", title: column.hint || `sort by ${column.title}` }, ...[group, name, unit].filter((part) => part !== null));
      button.addEventListener("click", () => this.sortBy(column.key));
      return element("th", { class: column.text ? "text" : null, scope: "col", "data-key": column.key, "aria-label": column.title || column.hint }, button);
    });
    $("#table thead").replaceChildren(element("tr", {}, ...cells));
  }

  sortBy(key) {
    const down = this.sort && this.sort.key === key && !this.sort.down;
    this.sort = { key, down: Boolean(down) };
    for (const cell of $("#table thead").querySelectorAll("th"))
      if (cell.dataset.key === key) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    this.refresh();
  }

  /** Sort and filter; trials without the figure come last either way. */
  refresh() {
    const { rows, order } = this.data;
    const wanted = filterOf($("#filter").value, this.columns);
    const matching = order.filter((index) => wanted(rows[index]));
    const chosen = this.only && this.only.checked ? matching.filter((index) => rows[index].front) : matching;
    if (this.sort) {
      const column = this.columns.find((one) => one.key === this.sort.key);
      const sign = this.sort.down ? -1 : 1;
      chosen.sort((a, b) => {
        const [x, y] = [column.value(rows[a]), column.value(rows[b])];
        if (x === null || y === null) return (x === null) - (y === null);
        return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
      });
    }
    this.order = chosen;
    this.body();
    this.onOrder(chosen, matching);
  }

  body() {
    const shown = this.order.slice(0, this.limit);
    $("#table tbody").replaceChildren(...shown.map((index) => this.row(index)));
    const all = this.data.rows.length;
    $("#shown").textContent = this.order.length === all ? `${count(all)} trials` : `${count(this.order.length)} of ${count(all)} trials`;
    $("#more").hidden = this.order.length <= this.limit;
    $("#more").textContent = `Show more of ${count(this.order.length - shown.length)}`;
    this.mark(this.selected);
  }

  row(index) {
    const row = this.data.rows[index];
    const failed = row.status !== "ok";
    const cells = this.columns.map((column) => {
      if (column.badge) return element("td", {}, row.front ? element("span", { class: "badge", title: column.hint }) : "");
      const value = column.value(row);
      return element("td", { class: column.text ? "text" : null, "data-key": column.key, "data-value": value }, column.show(row));
    });
    const first = this.columns.findIndex((column) => column.field);
    if (failed && first >= 0) {
      const reason = element("td", { class: "text reason", colspan: this.columns.length - first - 1, "data-key": "reason" }, `${row.status}: ${firstLine(row.reason)}`);
      cells.splice(first, this.columns.length - first - 1, reason);
    }
    return element("tr", { "data-trial": index, tabindex: failed ? null : 0 }, ...cells);
  }

  pick(line) {
    if (line && this.data.rows[line.dataset.trial].status === "ok") this.onSelect(Number(line.dataset.trial));
  }

  key(event) {
    const line = event.target.closest("tr");
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (event.key === "Enter") this.pick(line);
    if (!step || !line[step]) return;
    event.preventDefault();
    line[step].focus();
    this.pick(line[step]);
  }

  mark(index) {
    this.selected = index;
    for (const line of $("#table tbody").rows) line.setAttribute("aria-selected", Number(line.dataset.trial) === index);
  }
}

const COMPARISON = /^([\w.\-]+)(<=|>=|!=|=|<|>)(.+)$/;

/** All words must occur in the row, all comparisons must hold. Units are those of the headings. */
function filterOf(text, columns) {
  const tests = text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const parts = COMPARISON.exec(word);
    const column = parts && [...columns, STATUS].find((one) => one.key === parts[1]);
    if (column) return (row) => compare(inUnits(column, row), parts[2], parts[3]);
    return (row) => words(columns, row).includes(word.toLowerCase());
  });
  return (row) => tests.every((test) => test(row));
}

const STATUS = { key: "status", value: (row) => row.status };
const inUnits = (column, row) => (column.figure && column.value(row) !== null ? column.value(row) * scaleOf(column.figure) : column.value(row));
const words = (columns, row) => [row.name, row.status, row.reason, ...columns.map((column) => column.show(row))].join("\n").toLowerCase();

function compare(value, sign, text) {
  if (value === null) return false;
  const number = Number(text);
  if (typeof value !== "number" || Number.isNaN(number)) {
    const same = String(value).toLowerCase() === text.toLowerCase();
    return sign === "=" ? same : sign === "!=" ? !same : false;
  }
  return { "<": value < number, ">": value > number, "<=": value <= number, ">=": value >= number, "=": value === number, "!=": value !== number }[sign];
}
