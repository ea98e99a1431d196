"use strict";
// Figures as people read them, elements, and the page's data.

const $ = (selector) => document.querySelector(selector);

/** Three significant digits, as the command line prints them. */
function significant(value, digits = 3) {
  if (value === null || !isFinite(value)) return "-";
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (magnitude >= 9 || magnitude < -digits) return value.toExponential(digits - 1);
  return grouped(value, Math.max(0, digits - 1 - magnitude));
}

function grouped(value, decimals = 0) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

const count = (value) => (value === null ? "-" : grouped(value));
const percent = (share) => (share === null ? "-" : `${grouped(100 * share, 1)} %`);

/** Of a figure as launcher/figures.py describes it: the word to filter by, the factor to its unit, and its text. */
const keyOf = (figure) => figure.title.toLowerCase().replaceAll(" ", "_");
const scaleOf = (figure) => (figure.kind === "share" ? 100 : figure.scale);
function figureText(figure, value) {
  if (value === null) return "-";
  if (figure.kind === "count") return count(value);
  return figure.kind === "share" ? grouped(100 * value, 1) : significant(value * figure.scale);
}

/** A large number of cycles or words: 3.65M. */
function short(value) {
  if (value === null) return "-";
  if (Math.abs(value) < 1e4) return grouped(value);
  for (const [unit, scale] of [["k", 1e3], ["M", 1e6], ["G", 1e9], ["T", 1e12]])
    if (Math.abs(value) < 999.5 * scale) return significant(value / scale) + unit;
  return significant(value);
}

const ENERGY_UNITS = [["mJ", 1e10, 1e9], ["uJ", 1e6, 1e6], ["nJ", 1e3, 1e3], ["pJ", 0, 1]];

/** The unit that suits an energy in pJ, and what to divide by. */
function energyUnit(energy) {
  const [unit, , scale] = ENERGY_UNITS.find(([, least]) => energy >= least) || ENERGY_UNITS[3];
  return { unit, scale };
}

function energyText(energy) {
  if (energy === null) return "-";
  const { unit, scale } = energyUnit(energy);
  return `${significant(energy / scale)} ${unit}`;
}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** What sets a trial apart from the others. */
function labelOf(data, row, separator = ", ") {
  const values = data.swept.map((name, index) => (row.swept[index] === null ? null : `${name}=${row.swept[index]}`));
  return values.filter((value) => value !== null).join(separator) || row.name;
}
