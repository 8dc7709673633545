// Finds which grids a drawn line speaks of. Pure.

import type { EditModel } from "./model.ts";
import { crossings } from "./model.ts";
import type { LonLat, Spot } from "./wire.ts";

/** Grids at a place of a drawing: all that share its vertex or edge, or the one around it. */
export function gridsAtSpot(model: EditModel, spot: Spot): number[] {
  if (spot.vertex !== null) return [...model.gridsOf(spot.vertex)];
  if (spot.edge) return model.gridsAlong(spot.edge);
  const grid = model.gridAt(spot.at);
  return grid < 0 ? [] : [grid];
}

/** The two neighbours whose border a line redraws; the selected one first. Null: no such two. */
export function pairOf(model: EditModel, line: readonly Spot[], selected: number): [number, number] | null {
  const [first, last] = [line[0], line.at(-1)];
  if (!first || !last || line.length < 2) return null;
  const ends = [gridsAtSpot(model, first), gridsAtSpot(model, last)] as const;
  const counts = new Map<number, number>();
  for (const grid of [...ends[0], ...ends[1]]) counts.set(grid, (counts.get(grid) ?? 0) + 1);
  let both = [...counts].filter(([, n]) => n === 2).map(([grid]) => grid);
  if (both.length < 2) both = [...counts.keys()];
  const a = both.includes(selected) ? selected : both[0];
  if (a === undefined) return null;
  const near = model.neighbours(a);
  const others = both.filter((grid) => grid !== a && near.includes(grid));
  const b = longest(model, a, others) ?? -1;
  return b < 0 ? null : [a, b];
}

/** The neighbour with the longest common border, or null among none. */
function longest(model: EditModel, grid: number, among: readonly number[]): number | null {
  let best: number | null = null;
  let most = -1;
  for (const other of among) {
    let length = 0;
    for (const edge of model.edgesOf(grid)) {
      if (!model.gridsAlong(edge).includes(other)) continue;
      const [a, b] = [model.at(edge[0]), model.at(edge[1])];
      length += Math.hypot(a[0] - b[0], a[1] - b[1]);
    }
    if (length > most) [most, best] = [length, other];
  }
  return best;
}

/** The grid that most of a line runs through; the selected one where it does at all. */
export function gridUnder(model: EditModel, line: readonly LonLat[], selected: number): number {
  const counts = new Map<number, number>();
  for (let k = 1; k < line.length; k += 1) {
    const [a, b] = [line[k - 1] as LonLat, line[k] as LonLat];
    for (const t of [0.25, 0.5, 0.75]) {
      const grid = model.gridAt([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
      if (grid >= 0) counts.set(grid, (counts.get(grid) ?? 0) + 1);
    }
  }
  if (counts.has(selected)) return selected;
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? -1;
}

/** Neighbours of a grid, those first whose common border lies most inside the drawn ring. */
export function takersOf(model: EditModel, giver: number, ring: readonly LonLat[]): number[] {
  const inside = new Map<number, number>(model.neighbours(giver).map((grid) => [grid, 0]));
  for (const edge of model.edgesOf(giver)) {
    const [a, b] = [model.at(edge[0]), model.at(edge[1])];
    const place: LonLat = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    if (crossings(ring.length, (k) => ring[k] as LonLat, place[0], place[1]) % 2 === 0) continue;
    const length = Math.hypot(a[0] - b[0], a[1] - b[1]);
    for (const grid of model.gridsAlong(edge)) {
      const held = inside.get(grid);
      if (held !== undefined) inside.set(grid, held + length);
    }
  }
  return [...inside].sort((one, other) => other[1] - one[1]).map(([grid]) => grid);
}
