"use strict";
const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

/* An SVG element with attributes, in a parent. */
function add(parent, tag, attributes = {}, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

/* An HTML element; text is never taken for markup. */
function html(parent, tag, attributes = {}, text) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

/* Draws now and whenever the width changes. `draw` gets the empty SVG and its width. */
function chart(id, label, draw) {
  const place = $(id);
  let last = 0;
  const redraw = () => {
    const width = Math.max(260, Math.round(place.clientWidth));
    last = place.clientWidth;
    place.textContent = "";
    const svg = add(place, "svg", { role: "img", "aria-label": label });
    const height = draw(svg, width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
  };
  redraw();
  new ResizeObserver(() => { if (Math.abs(place.clientWidth - last) > 1) redraw(); }).observe(place);
  return redraw;
}

/* A group with a tooltip, also for the keyboard and for screen readers. */
function hot(parent, text) {
  const group = add(parent, "g", { class: "hot", tabindex: 0, role: "img", "aria-label": text.replaceAll("\n", ", ") });
  tip(group, () => text);
  return group;
}

function tip(node, text) {
  const box = $("tip");
  const show = (x, y, content) => {
    if (!content) { box.classList.remove("on"); return; }
    box.textContent = content;
    box.classList.add("on");
    const { width, height } = box.getBoundingClientRect();
    box.style.left = Math.max(8, Math.min(x + 14, innerWidth - width - 8)) + "px";
    box.style.top = (y + 18 + height > innerHeight ? y - height - 12 : y + 18) + "px";
  };
  for (const kind of ["pointermove", "pointerdown"])
    node.addEventListener(kind, (event) => show(event.clientX, event.clientY, text(event)));
  node.addEventListener("pointerleave", () => box.classList.remove("on"));
  node.addEventListener("focus", () => { const b = node.getBoundingClientRect(); show(b.right, b.top, text(null)); });
  node.addEventListener("blur", () => box.classList.remove("on"));
}

const known = (x) => x !== null && x !== undefined;
const number = (x, digits = 0) => known(x) ? (x || 0).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−") : "–";
const day = (date) => date.replaceAll("-", "\u2011"); // not broken at line ends
const percent = (x, digits = 1) => known(x) ? number(100 * x, digits) + " %" : "–";
const bytes = (x) => known(x) ? number(x) + " bytes" : "–";
const times = (x) => !known(x) ? "–" : "× " + (x >= 100 ? number(x) : x >= 10 ? number(x, 1) : number(x, 2));

/* Round steps that cut [low, high] into about `count`. */
function ticks(low, high, count) {
  const raw = Math.max(high - low, 1e-9) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const out = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) out.push(i * step + 0); // not −0
  return out;
}

/* Digits after the point that ticks a step apart need. */
const tickDigits = (at, scale = 1) => {
  const step = at.length > 1 ? (at[1] - at[0]) * scale : scale;
  return [0, 1, 2, 3].find((digits) => Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6) ?? 4;
};
/* Ticks as pairs of a value and its percentage. */
function percentTicks(low, high, count) {
  const at = ticks(low, high, count), digits = tickDigits(at, 100);
  return at.map((x) => [x, percent(x, digits)]);
}

/* Where an axis ends that is to show `values` from 0 on: single values far above all others do not count. */
function axisEnd(values) {
  const sorted = values.filter(known).sort((a, b) => a - b), low = sorted[0] || 0;
  let n = sorted.length;
  while (n > 2 && n > sorted.length * 0.97 - 1 && sorted[n - 1] > 2 * sorted[n - 2]) n--;
  return Math.max(sorted[n - 1] || 0, low, 1e-9);
}

/* Width of a text of charts in pixels. */
const ruler = document.createElement("canvas").getContext("2d");
function textWidth(text, strong) {
  ruler.font = `${strong ? 650 : 400} 12.5px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/* Shortens a text in the middle to a width in pixels. */
function fit(text, width) {
  if (textWidth(text) <= width) return text;
  for (let letters = text.length - 1; letters > 1; letters--) {
    const short = text.slice(0, Math.ceil(letters * 0.45)) + "…" + text.slice(text.length - Math.floor(letters * 0.5));
    if (textWidth(short) <= width) return short;
  }
  return "…";
}

/* Rows of bars with a label and a value each: beside the bar where there is room, else above it. */
function rowLayout(width, labels, values) {
  const value = Math.max(0, ...values.map((text) => textWidth(text)));
  if (width < 560) return { left: 0, right: 0, step: 42, top: 20, height: 15, value };
  const left = Math.min(width * 0.34, Math.max(0, ...labels.map((text) => textWidth(text, true)))) + 12;
  return { left, right: value + 14, step: 28, top: 5, height: 18, value };
}
function rowTexts(group, layout, width, y, label, value, kind = "") {
  const above = layout.left === 0, room = above ? width - layout.value - 14 : layout.left - 12;
  const at = above ? { x: 0, y: y + 14 } : { x: layout.left - 10, y: y + 19, "text-anchor": "end" };
  add(group, "text", { ...at, class: kind }, fit(label, room));
  return add(group, "text", { x: width, y: y + (above ? 14 : 19), "text-anchor": "end", class: "soft" }, value);
}
/* The mark of a bar or a tick that goes on beyond the axis. */
function beyond(parent, x, y) {
  add(parent, "path", { d: `M${x - 7} ${y - 5}l5 5l-5 5M${x - 2} ${y - 5}l5 5l-5 5`, fill: "none", stroke: "var(--ink)", "stroke-width": 1.6 });
}

/* Entries of a legend: name of a colour, text, and a class of the sample. */
function legend(id, entries) {
  for (const [colour, text, kind] of entries) {
    const item = html($(id), "span");
    html(item, "i", { style: `background:var(--${colour})`, class: kind || "" });
    item.append(text);
  }
}

/* Where bytes of an lmz file go, in the order they are drawn. */
const PARTS = [["streams", "coded streams"], ["lsb", "LSB block"], ["plain", "samples stored or byte-modelled"],
  ["foreign", "foreign (headers, tags of the WAV file)"], ["container", "lmz header, block headers, trailer"]];
