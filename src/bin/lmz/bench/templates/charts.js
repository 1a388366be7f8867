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
    const width = Math.max(320, Math.round(place.clientWidth));
    last = width;
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
  node.addEventListener("mousemove", (event) => show(event.clientX, event.clientY, text(event)));
  node.addEventListener("mouseleave", () => box.classList.remove("on"));
  node.addEventListener("focus", () => { const b = node.getBoundingClientRect(); show(b.right, b.top, text(null)); });
  node.addEventListener("blur", () => box.classList.remove("on"));
}

const known = (x) => x !== null && x !== undefined;
const number = (x, digits = 0) => known(x) ? x.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) : "–";
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

/* Shortens a name in the middle to about `letters`. */
const brief = (name, letters) => name.length <= letters ? name
  : name.slice(0, Math.ceil(letters * 0.45)) + "…" + name.slice(name.length - Math.floor(letters * 0.5));

/* Where bytes of an lmz file go, in the order they are drawn. */
const PARTS = [["tokens", "tokens (range-coded samples)"], ["lsb", "LSB block"], ["plain", "samples stored or byte-modelled"],
  ["foreign", "foreign (headers, tags of the WAV file)"], ["container", "lmz header, block headers, trailer"]];

function partsLegend(id, used) {
  for (const [part, text] of PARTS.filter(([part]) => used(part))) {
    const item = html($(id), "span");
    html(item, "i", { style: `background:var(--${part})` });
    item.append(text);
  }
}
