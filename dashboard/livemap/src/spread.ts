// Keeps the texts of a wall's map apart: numbers make way for discs, names for numbers and names.

import * as L from "leaflet";

import { CountMark, TextMark } from "./points.ts";

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Height of a line and room around a text, as parts of its size. */
const LINE = 1.15;
const AIR = 0.35;
/** Steps aside, as parts of a text's width and height; the nearest free one is taken. */
const ASIDE = [0, 0.3, -0.3, 0.55, -0.55, 0.8, -0.8];
const ALONG = [0, 0.55, -0.55, 1.1, -1.1, 1.65, -1.65];
/** No text of a wall is smaller. */
const SMALLEST_PX = 38;
const WIDE_CHARACTER = 0x2e80;

const pen = document.createElement("canvas").getContext("2d");

function widthOf(text: string, size: number): number {
  if (!pen) return [...text].reduce((sum, c) => sum + (c.charCodeAt(0) < WIDE_CHARACTER ? 0.65 : 1), 0) * size;
  pen.font = `600 ${size}px system-ui, "Noto Sans CJK SC", sans-serif`;
  return pen.measureText(text).width;
}

function around(at: L.Point, width: number, height: number): Box {
  return {
    left: at.x - width / 2,
    top: at.y - height / 2,
    right: at.x + width / 2,
    bottom: at.y + height / 2,
  };
}

const meets = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Where a text may stand, nearest to its own place first. */
function steps(width: number, height: number): L.Point[] {
  const found = ASIDE.flatMap((x) => ALONG.map((y) => new L.Point(x * width, y * height)));
  return found.sort((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y));
}

/** Finds a free step for each text; null where there is none. */
function placed(map: L.Map, texts: readonly TextMark[], taken: Box[], size: number): (L.Point | null)[] {
  const room = map.getSize();
  return texts.map((mark) => {
    const at = map.latLngToContainerPoint(mark.getLatLng());
    const [width, height] = [widthOf(mark.options.text, size), size * LINE];
    // a number stays in its own area, or it would speak of another one
    const reach = mark.options.room ? mark.options.room() / 2 : Infinity;
    for (const step of steps(width, height)) {
      if (Math.hypot(step.x, step.y) > reach) break;
      const box = around(at.add(step), width + AIR * size, height);
      if (box.left < 0 || box.top < 0 || box.right > room.x || box.bottom > room.y) continue;
      if (taken.some((other) => meets(box, other))) continue;
      taken.push(box);
      return step;
    }
    return null;
  });
}

function put(mark: TextMark, step: L.Point, size: number): void {
  mark.options.aside = step.x;
  mark.options.shift = step.y;
  mark.options.size = size;
  mark.options.isHidden = false;
  // The radius says what part of the canvas is drawn anew.
  mark.setRadius(widthOf(mark.options.text, size) / 2 + size + Math.hypot(step.x, step.y));
}

/** Moves what is in the way; what finds no room is not shown (an area's colour still is). */
export function spread(
  map: L.Map,
  discs: readonly CountMark[],
  numbers: readonly TextMark[],
  names: readonly TextMark[],
  size: number,
): void {
  const taken: Box[] = discs.map((disc) => {
    const side = 2 * disc.getRadius();
    return around(map.latLngToContainerPoint(disc.getLatLng()), side, side);
  });
  const shown = numbers.filter((mark) => mark.options.text !== "" && mark.hasRoom());
  settle(shown, placed(map, shown, taken, size), size);
  let [px, boxes] = [size, [...taken]];
  let found = placed(map, names, boxes, px);
  if (found.includes(null)) {
    [px, boxes] = [SMALLEST_PX, [...taken]];
    found = placed(map, names, boxes, px);
  }
  settle(names, found, px);
}

function settle(marks: readonly TextMark[], found: readonly (L.Point | null)[], size: number): void {
  marks.forEach((mark, i) => {
    const step = found[i];
    if (step) put(mark, step, size);
    else mark.options.isHidden = true;
    mark.redraw();
  });
}
