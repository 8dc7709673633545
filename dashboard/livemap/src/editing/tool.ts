// Says what a tool of the edit mode is, and what it finds on its desk.

import type * as L from "leaflet";

import type { Pixel } from "./gestures.ts";
import type { EditModel } from "./model.ts";
import type { Overlay } from "./overlay.ts";
import type { Snapped } from "./snapping.ts";
import type { Drawing, LonLat } from "./wire.ts";

export interface View {
  /** Container pixels of a place. */
  pixel(place: LonLat): Pixel;
  place(at: Pixel): LonLat;
  width: number;
  height: number;
}

export function windowOf(map: L.Map): View {
  return {
    // Not rounded, as Leaflet's own would be: a step to the east must not be one to the north.
    pixel: ([lon, lat]) => {
      const corner = map.getPixelOrigin().add(map.containerPointToLayerPoint([0, 0]));
      return map.project([lat, lon]).subtract(corner);
    },
    place: ({ x, y }) => {
      const { lng, lat } = map.containerPointToLatLng([x, y]);
      return [lng, lat];
    },
    get width() {
      return map.getSize().x;
    },
    get height() {
      return map.getSize().y;
    },
  };
}

export interface Desk {
  readonly model: EditModel;
  readonly view: View;
  readonly words: Record<string, string>;
  readonly locked: ReadonlySet<string>;
  /** The user said that the outer edge may move. */
  readonly isOuterFree: boolean;
  selected(): number;
  select(grid: number): void;
  snap(at: Pixel, isVertex?: boolean): Snapped;
  /** The picked piece at a place: its code. */
  pieceAt(place: LonLat): string | null;
  pieceRings(code: string): LonLat[][];
  hasPieces: boolean;
  submit(drawing: Drawing, lines: LonLat[][]): void;
  refuse(drawing: Drawing, lines: LonLat[][], text: string): void;
  /** A vertex moved: these grids are drawn anew. */
  moved(vertex: number): void;
  /** A vertex came or went in these grids. */
  reshaped(grids: readonly number[]): void;
  /** These grids are being changed: their figures are followed. */
  follow(grids: readonly number[] | null): void;
  repaint(): void;
  say(text: string): void;
}

export interface Tool {
  /** Something is drawn and not sent. */
  readonly isBusy: boolean;
  press(at: Pixel, reachPx: number): boolean;
  drag(at: Pixel): void;
  release(): void;
  hover(at: Pixel): void;
  /** Answers whether the tap was ours. */
  tap(at: Pixel): boolean;
  finish(): void;
  cancel(): void;
  /** Takes the last step back; false where there is none. */
  back(): boolean;
  /** Goes to the next or former of what can be chosen; false at the end. */
  next(step: 1 | -1): boolean;
  /** Moves what is chosen by pixels; false where nothing is. */
  nudge(dx: number, dy: number): boolean;
  /** Takes up a drawing that was refused. */
  resume(drawing: Drawing): void;
  /** The grids were replaced by others. */
  renewed(): void;
  paint(sheet: Overlay): void;
  hint(): string;
  /** For tests and reading machines. */
  tell(): Record<string, unknown>;
}

/** What a tool does when it does nothing of its own. */
export abstract class Still implements Tool {
  protected readonly desk: Desk;

  constructor(desk: Desk) {
    this.desk = desk;
  }

  get isBusy(): boolean {
    return false;
  }

  press(_at: Pixel, _reachPx: number): boolean {
    return false;
  }

  drag(_at: Pixel): void {}

  release(): void {}

  hover(_at: Pixel): void {}

  tap(_at: Pixel): boolean {
    return false;
  }

  finish(): void {}

  cancel(): void {}

  back(): boolean {
    return false;
  }

  next(_step: 1 | -1): boolean {
    return false;
  }

  nudge(_dx: number, _dy: number): boolean {
    return false;
  }

  resume(_drawing: Drawing): void {}

  renewed(): void {
    this.cancel();
  }

  paint(_sheet: Overlay): void {}

  abstract hint(): string;

  tell(): Record<string, unknown> {
    return {};
  }
}
