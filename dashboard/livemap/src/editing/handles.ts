// Chooses which vertices of a grid get handles in this view. Pure.

import type { Edge, EditModel } from "./model.ts";
import type { View } from "./tool.ts";

const MOST_HANDLES = 400;
const SPACING_PX = 11;
const MIDDLE_PX = 38;
const ROOM_PX = 20;

export interface Handles {
  vertices: number[];
  middles: Edge[];
  /** Every vertex in view has one. */
  isFull: boolean;
}

/** All vertices of a grid where they stand apart, else only where borders meet; never too many. */
export function handlesOf(model: EditModel, grid: number, view: View): Handles {
  const none: Handles = { vertices: [], middles: [], isFull: false };
  if (grid < 0) return none;
  const isSeen = (vertex: number): boolean => {
    const at = view.pixel(model.at(vertex));
    return (
      at.x > -ROOM_PX && at.y > -ROOM_PX && at.x < view.width + ROOM_PX && at.y < view.height + ROOM_PX
    );
  };
  const seen = model.verticesOf(grid).filter(isSeen);
  const edges = model.edgesOf(grid).filter(([i]) => isSeen(i));
  const lengths = edges.map(([i, j]) => {
    const [a, b] = [view.pixel(model.at(i)), view.pixel(model.at(j))];
    return Math.hypot(a.x - b.x, a.y - b.y);
  });
  const median = [...lengths].sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  if (seen.length > MOST_HANDLES || median < SPACING_PX) {
    const nodes = seen.filter((vertex) => model.isNode(vertex));
    return nodes.length > MOST_HANDLES ? none : { ...none, vertices: nodes };
  }
  const room = MOST_HANDLES - seen.length;
  const middles = edges.filter((_, k) => (lengths[k] as number) >= MIDDLE_PX).slice(0, room);
  return { vertices: seen, middles, isFull: true };
}
