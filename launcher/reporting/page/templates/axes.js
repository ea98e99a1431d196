// What the scatter's axes may show: any figure, and any swept parameter whose values are numbers.

/** Of each: its key, its title, its unit, the value that is drawn, and which way is better; a parameter has no better. */
function axesOf(data) {
  const figures = data.figures.map((figure) => ({
    key: figure.key, title: figure.title, better: figure.better, unit: figure.kind === "share" ? "%" : figure.unit,
    value: (row) => (row[figure.key] === null ? null : row[figure.key] * scaleOf(figure)),
    say: (row) => `${figure.title} ${figureText(figure, row[figure.key])} ${figure.kind === "share" ? "%" : figure.unit}`.trim(),
  }));
  const energy = figures.find((one) => one.key === "energy_pj");
  const { unit, scale } = energyUnit(Math.max(...data.rows.map((row) => row.energy_pj || 0)));
  Object.assign(energy, { unit, value: (row) => (row.energy_pj === null ? null : row.energy_pj / scale) });
  const parameters = data.swept.map((name, n) => ({ key: name, title: name, better: null, unit: "", value: (row) => row.swept[n], say: () => null }));
  const known = (axis) => { const found = mapped(data).map(axis.value).filter((one) => one !== null); return found.length > 0 && found.every((one) => typeof one === "number"); };
  return [...figures, ...parameters].filter(known);
}

const mapped = (data) => data.rows.filter((row) => row.status === "ok");

/** Both axes by their keys; what the page's address says of them wins, so that a choice can be sent. */
class Plane {
  constructor(data) {
    this.data = data;
    this.axes = axesOf(data);
    this.x = this.y = null;
    this.fromAddress();
  }

  fromAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const letter of ["x", "y"]) this[letter] = this.named(asked.get(letter)) || this.named(this.data.axes[letter]) || this.axes[0];
  }

  named(key) {
    return this.axes.find((axis) => axis.key === key);
  }

  choose(letter, key) {
    this[letter] = this.named(key);
    try {
      history.replaceState(null, "", `#${new URLSearchParams({ x: this.x.key, y: this.y.key })}`);
    } catch {
      // A page inside another one may have no address of its own.
    }
  }

  values(letter) {
    return mapped(this.data).map(this[letter].value).filter((one) => one !== null);
  }

  /** Logarithms need values above 0. */
  canBeLogarithmic(letter) {
    return Math.min(...this.values(letter)) > 0;
  }

  isWide(letter) {
    return this.canBeLogarithmic(letter) && Math.max(...this.values(letter)) > 8 * Math.min(...this.values(letter));
  }

  get hasFront() {
    return Boolean(this.x.better && this.y.better && this.x !== this.y);
  }

  /** Of each workload the trials that keep all limits and that no other one beats on both axes, the best across first. */
  fronts() {
    if (!this.hasFront) return [];
    const loss = (axis, row) => (axis.better === "more" ? -1 : 1) * axis.value(row);
    const groups = new Map();
    for (const row of mapped(this.data)) if (row.good && this.x.value(row) !== null && this.y.value(row) !== null) groups.set(row.workload, [...(groups.get(row.workload) || []), row]);
    return [...groups.values()].map((rows) => {
      rows.sort((a, b) => loss(this.x, a) - loss(this.x, b) || loss(this.y, a) - loss(this.y, b));
      let least = Infinity;
      let at = null;
      return rows.filter((row) => {
        const [across, up] = [loss(this.x, row), loss(this.y, row)];
        if (up > least || (up === least && across !== at)) return false;
        [least, at] = [up, across];
        return true;
      });
    });
  }

  get title() {
    const capital = this.y.title[0].toUpperCase() + this.y.title.slice(1);
    return `${this.y.key.includes(".") ? this.y.title : capital} against ${this.x.title}`;
  }

  get note() {
    const area = "The area of a dot is the area of the chip.";
    if (!this.hasFront) return `${area} Coloured dots are the front of ${this.data.front}.`;
    const [x, y] = [this.x, this.y].map((axis) => `${axis.better} ${axis.title}`);
    return `${area} The line is the Pareto front: nothing has ${y} without losing in ${this.x.title}, or ${x} without losing in ${this.y.title}.`;
  }
}
