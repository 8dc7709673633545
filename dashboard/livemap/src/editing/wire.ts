// Says what the edit mode reads from a scene, and what it tells the server. Knows nothing of Leaflet.

import type { ArrayEntry } from "../wire.ts";

export type LonLat = readonly [lon: number, lat: number];

export const MODES = ["select", "move", "border", "transfer", "split", "merge", "lock"] as const;
export type Mode = (typeof MODES)[number];

export interface Measure {
  key: string;
  title: string;
  /** Known total of each grid. */
  totals: number[];
}

/** The `editor` part of a scene's header; its arrays are read as a layer's are. */
export interface EditorHead {
  id: "editor";
  arrays: Record<string, ArrayEntry>;
  /** Changes with every vertex of the tiling. */
  rev: string;
  /** The grid layer whose areas are drawn from the shared vertices. */
  layer_id: string;
  codes: string[];
  names: string[];
  locked: string[];
  modes: Mode[];
  /** Number of the last message that the server has dealt with. */
  answered: number;
  refused: { seq: number; text: string } | null;
  measures: Measure[];
  /** Layer whose areas may be picked for a transfer. */
  piece_layer: string | null;
  /** Line layers that a drawing snaps to. */
  snap_layers: string[];
  words: Record<string, string>;
}

/** A place of a drawing; with a vertex it is exactly that one. */
export interface Spot {
  at: LonLat;
  vertex: number | null;
  /** The edge it was snapped to. */
  edge?: readonly [number, number];
}

export type Drawing =
  | { op: "move"; from: Spot[]; to: LonLat[]; outer: boolean }
  | { op: "insert"; edge: [Spot, Spot]; to: LonLat; outer: boolean }
  | { op: "border"; codes: [string, string]; line: Spot[] }
  | { op: "outer"; code: string; line: Spot[]; how: "extend" | "cut" }
  | { op: "transfer"; giver: string; taker: string; ring: Spot[]; pieces: string[] }
  | { op: "split"; code: string; line: Spot[] }
  | { op: "merge"; codes: string[]; into: string }
  | { op: "lock"; codes: string[]; on: boolean }
  | { op: "undo" }
  | { op: "redo" };

/** The tool that takes a drawing up again; null for what is only sent again. */
export const MODE_OF: Record<Drawing["op"], Mode | null> = {
  move: "move",
  insert: "move",
  border: "border",
  outer: "border",
  transfer: "transfer",
  split: "split",
  merge: "merge",
  lock: null,
  undo: null,
  redo: null,
};

export type Told = number | LonLat;

export type Message = Record<string, unknown> & { op: string; seq: number; base_rev: string };

const told = (spot: Spot): Told => spot.vertex ?? spot.at;

/** What the server is told: a vertex that was there goes by its number, a new place in degrees. */
export function message(drawing: Drawing, seq: number, rev: string): Message {
  const head = { op: drawing.op, seq, base_rev: rev };
  switch (drawing.op) {
    case "move":
      return { ...head, vertices: drawing.from.map(told), to: drawing.to, outer: drawing.outer };
    case "insert":
      return { ...head, edge: drawing.edge.map(told), to: drawing.to, outer: drawing.outer };
    case "border":
      return { ...head, codes: drawing.codes, line: drawing.line.map(told) };
    case "outer":
      return { ...head, code: drawing.code, line: drawing.line.map(told), how: drawing.how };
    case "transfer": {
      const { giver, taker, pieces } = drawing;
      return { ...head, giver, taker, pieces, ring: drawing.ring.map(told) };
    }
    case "split":
      return { ...head, code: drawing.code, line: drawing.line.map(told) };
    case "merge":
      return { ...head, codes: drawing.codes, into: drawing.into };
    case "lock":
      return { ...head, codes: drawing.codes, on: drawing.on };
    default:
      return head;
  }
}

/** Finds the vertices of a drawing again after other edits; null where a moved one is gone. */
export function rebased(
  drawing: Drawing,
  find: (at: LonLat) => number | null,
  codes: ReadonlySet<string>,
): Drawing | null {
  const again = (spot: Spot): Spot => ({
    at: spot.at,
    vertex: spot.vertex === null ? null : find(spot.at),
  });
  const has = (...wanted: string[]): boolean => wanted.every((code) => codes.has(code));
  switch (drawing.op) {
    case "move": {
      const from = drawing.from.map(again);
      return from.some((spot) => spot.vertex === null) ? null : { ...drawing, from };
    }
    case "insert": {
      const edge: [Spot, Spot] = [again(drawing.edge[0]), again(drawing.edge[1])];
      return edge.some((spot) => spot.vertex === null) ? null : { ...drawing, edge };
    }
    case "border":
      if (!has(...drawing.codes)) return null;
      return { ...drawing, line: drawing.line.map(again) };
    case "transfer":
      if (!has(drawing.giver, drawing.taker)) return null;
      return { ...drawing, ring: drawing.ring.map(again) };
    case "split":
    case "outer":
      return has(drawing.code) ? { ...drawing, line: drawing.line.map(again) } : null;
    case "merge":
    case "lock":
      return has(...drawing.codes) ? drawing : null;
    default:
      return drawing;
  }
}
