// Hears the keyboard: everything that the hand can do on the map, keys can do too.

import type { Pixel } from "./gestures.ts";
import type { Tool } from "./tool.ts";

export interface Keyed {
  readonly tool: Tool;
  readonly pane: HTMLElement;
  /** Where the keyboard points; null until it does. */
  cursor: Pixel | null;
  room(): Pixel;
  pan(dx: number, dy: number): void;
  tapAt(at: Pixel): void;
  mode(number: number): void;
  history(op: "undo" | "redo"): void;
  escape(): void;
  repaint(): void;
}

const CURSOR_PX = 8;
const CURSOR_FAR_PX = 40;
const NUDGE_PX = 1;
const NUDGE_FAR_PX = 10;
const EDGE_PX = 24;
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Deals with a key; answers whether it was ours. */
export function hear(event: KeyboardEvent, held: Keyed): boolean {
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "z") {
    if (!event.shiftKey && held.tool.isBusy) held.tool.back() || held.tool.cancel();
    else held.history(event.shiftKey ? "redo" : "undo");
    return true;
  }
  if (isCommand && event.key.toLowerCase() === "y") {
    held.history("redo");
    return true;
  }
  if (event.key === "Escape") {
    held.escape();
    return true;
  }
  if (isCommand || event.altKey || event.target !== held.pane) return false;
  return onMap(event, held);
}

function onMap(event: KeyboardEvent, held: Keyed): boolean {
  const arrow = ARROWS[event.key];
  if (arrow) {
    const [dx, dy] = arrow;
    const step = event.shiftKey ? NUDGE_FAR_PX : NUDGE_PX;
    if (!held.tool.nudge(dx * step, dy * step)) steer(held, dx, dy, event.shiftKey);
    return true;
  }
  switch (event.key) {
    case "Enter":
      if (held.tool.isBusy) held.tool.finish();
      else held.tapAt(pointed(held));
      return true;
    case " ":
      held.tapAt(pointed(held));
      return true;
    case "Tab":
      return held.tool.next(event.shiftKey ? -1 : 1);
    case "Backspace":
      return held.tool.back();
    default:
      if (!/^[1-9]$/.test(event.key)) return false;
      held.mode(Number(event.key));
      return true;
  }
}

function pointed(held: Keyed): Pixel {
  const room = held.room();
  held.cursor ??= { x: room.x / 2, y: room.y / 2 };
  held.repaint();
  return held.cursor;
}

function steer(held: Keyed, dx: number, dy: number, isFar: boolean): void {
  const step = isFar ? CURSOR_FAR_PX : CURSOR_PX;
  const from = pointed(held);
  const room = held.room();
  const to = { x: from.x + dx * step, y: from.y + dy * step };
  const inside = {
    x: Math.min(room.x - EDGE_PX, Math.max(EDGE_PX, to.x)),
    y: Math.min(room.y - EDGE_PX, Math.max(EDGE_PX, to.y)),
  };
  held.cursor = inside;
  if (inside.x !== to.x || inside.y !== to.y) held.pan(to.x - inside.x, to.y - inside.y);
  held.tool.hover(inside);
  held.repaint();
}
