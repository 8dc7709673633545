// Draws one panel of the wall: rows with bars, chips with states, or the curve of a day.

import { drawing, dress, element, fitText, keep, write } from "./dom.ts";
import type { Arrival } from "./visits.ts";

const SMALL_PX = 36;

export interface Row {
  key: string;
  label: string;
  value: string;
  note: string;
  /** Part of the bar that is full, 0 to 1; null: no bar. */
  share: number | null;
  /** Where the bar ought to be by now, 0 to 1; null: nowhere. */
  expected: number | null;
  /** "", "good", "note", "warn", "bad", or a grade of the five colours. */
  state: string;
  /** A character that says the same as the colour. */
  sign: string;
}

export interface Panel {
  key: string;
  form: "rows" | "chips" | "curve";
  title: string;
  note: string;
  rows: Row[];
}

export interface Tile {
  key: string;
  label: string;
  value: string;
  note: string;
  state: string;
  sign: string;
}

export interface Feed {
  key: string;
  label: string;
  at_ms: number | null;
  limit_minutes: number;
}

export interface BoardWords {
  feeds: string;
  ago_minutes: string;
  ago_hours: string;
  ago_days: string;
  never: string;
  over: string;
  within: string;
  lost: string;
}

export interface BoardValue {
  rev: string;
  language: string;
  tz: string;
  stamp_ms: number;
  picture_ms: number | null;
  title: string;
  subtitle: string;
  notice: string;
  tiles: Tile[];
  left: Panel[];
  scenes: { key: string; title: string; panels: Panel[] }[];
  scene_seconds: number;
  /** The newest incidents, and how long the map shows where one arrived (0: not at all). */
  arrivals: Arrival[];
  follow_seconds: number;
  feeds: Feed[];
  words: BoardWords;
  fault: string | null;
}

export function newPanel(panel: Panel): HTMLElement {
  const made = element("section", `gb-panel-${panel.form} gb-box`);
  made.append(
    element("h2", "gb-box-title"),
    element("div", "gb-box-note"),
    element("div", "gb-box-body"),
  );
  return made;
}

export function fillPanel(box: HTMLElement, panel: Panel): void {
  dress(box, `gb-panel-${panel.form} gb-box`);
  const [title, note, body] = [...box.children] as [Element, HTMLElement, HTMLElement];
  write(title, panel.title);
  write(note, panel.note);
  note.hidden = panel.note === "";
  if (panel.form === "curve") fillCurve(body, panel.rows);
  else keep(body, panel.rows, panel.form === "chips" ? newChip : newRow, fillRow);
}

function newRow(): HTMLElement {
  const made = element("div", "gb-line");
  const bar = element("span", "gb-bar");
  bar.append(element("span", "gb-bar-full"), element("span", "gb-bar-due"));
  made.append(
    element("span", "gb-sign"),
    element("span", "gb-label"),
    element("span", "gb-value"),
    element("span", "gb-small"),
    bar,
  );
  return made;
}

function newChip(): HTMLElement {
  const made = newRow();
  made.className = "gb-chip";
  return made;
}

function fillRow(row: HTMLElement, value: Row): void {
  const base = row.className.startsWith("gb-chip") ? "gb-chip" : "gb-line";
  const [sign, label, number, small, bar] = [...row.children] as HTMLElement[];
  dress(row, value.state ? `${base} is-${value.state}` : base);
  write(sign as HTMLElement, value.sign);
  write(label as HTMLElement, value.label);
  write(number as HTMLElement, value.value);
  write(small as HTMLElement, value.note);
  fitText(small as HTMLElement, SMALL_PX);
  (sign as HTMLElement).hidden = value.sign === "";
  (small as HTMLElement).hidden = value.note === "";
  const track = bar as HTMLElement;
  track.hidden = value.share === null;
  const [full, due] = [...track.children] as [HTMLElement, HTMLElement];
  full.style.width = percent(value.share ?? 0);
  due.hidden = value.expected === null;
  due.style.left = percent(value.expected ?? 0);
}

const percent = (share: number): string => `${(100 * Math.min(1, Math.max(0, share))).toFixed(2)}%`;

const WIDE = 840;
const HIGH = 230;
const FOOT = 60;

/** Counts of the hours of a day as an area under a line, with the hours below it. */
function fillCurve(body: HTMLElement, rows: Row[]): void {
  let svg = body.querySelector("svg");
  if (!svg) {
    svg = drawing("svg", { viewBox: `0 0 ${WIDE} ${HIGH + FOOT}`, class: "gb-curve" });
    svg.append(drawing("path", { class: "gb-curve-area" }), drawing("path", { class: "gb-curve-line" }));
    for (const hour of [0, 6, 12, 18, 23]) {
      const at = { x: (hour / 23) * (WIDE - 60) + 30, y: HIGH + FOOT - 8, class: "gb-hour" };
      const text = drawing("text", { ...at, "text-anchor": "middle" });
      text.textContent = String(hour);
      svg.append(text);
    }
    svg.append(drawing("circle", { class: "gb-curve-top", r: 14 }));
    const peak = drawing("text", { class: "gb-peak", "text-anchor": "middle" });
    svg.append(peak);
    body.append(svg);
  }
  const most = Math.max(...rows.map((row) => row.share ?? 0), 0);
  const points = rows.map((row, i) => {
    const x = (i / Math.max(1, rows.length - 1)) * (WIDE - 60) + 30;
    return [x, HIGH - (most ? (row.share ?? 0) / most : 0) * (HIGH - 76)] as const;
  });
  const line = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  svg.querySelector(".gb-curve-line")?.setAttribute("d", line);
  svg.querySelector(".gb-curve-area")?.setAttribute("d", line ? `${line}V${HIGH}H30Z` : "");
  const top = rows.findIndex((row) => most > 0 && row.share === most);
  const [x, y] = points[top] ?? [-100, -100];
  const mark = svg.querySelector(".gb-curve-top");
  mark?.setAttribute("cx", String(x));
  mark?.setAttribute("cy", String(y));
  const peak = svg.querySelector(".gb-peak");
  if (!peak) return;
  peak.setAttribute("x", String(Math.min(WIDE - 150, Math.max(150, x))));
  peak.setAttribute("y", String(y - 22));
  write(peak, top < 0 ? "" : `${rows[top]?.label ?? ""} · ${rows[top]?.value ?? ""}`);
}
