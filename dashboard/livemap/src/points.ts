// Draws marks on the one canvas: shaped points, counted clusters, texts, hatching.

import * as L from "leaflet";

interface Canvas extends L.Canvas {
  _ctx: CanvasRenderingContext2D;
  _drawing: boolean;
  _fillStroke(ctx: CanvasRenderingContext2D, layer: L.Path): void;
}

interface Drawn {
  _renderer: Canvas;
  _point: L.Point;
  _radius: number;
  _empty(): boolean;
}

const FONT = 'system-ui, "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif';
/** How much of what lies below a shaded area hides; the legend shows the same. */
export const FILL_OPACITY = 0.8;
const HALO = "#ffffff";
const HALO_PX = 3;
const COUNT_PX = 11;

/** Leaflet's own drawing state, which its types leave out. */
function drawn(mark: L.CircleMarker): Drawn {
  return mark as unknown as Drawn;
}

function trace(ctx: CanvasRenderingContext2D, shape: string, at: L.Point, r: number): void {
  const ring = (corners: number, turn: number, inner = 1): void => {
    for (let i = 0; i < corners; i += 1) {
      const reach = i % 2 === 1 ? r * inner : r;
      const angle = turn + (2 * Math.PI * i) / corners;
      const [x, y] = [at.x + reach * Math.cos(angle), at.y + reach * Math.sin(angle)];
      if (i === 0) ctx.moveTo(x, y);
      else ctx.lineTo(x, y);
    }
    ctx.closePath();
  };
  ctx.beginPath();
  switch (shape) {
    case "square":
      ctx.rect(at.x - 0.86 * r, at.y - 0.86 * r, 1.72 * r, 1.72 * r);
      break;
    case "triangle":
      r *= 1.2;
      ring(3, -Math.PI / 2);
      break;
    case "down":
      r *= 1.2;
      ring(3, Math.PI / 2);
      break;
    case "down_hollow": // a hole, by the even-odd rule that Leaflet fills with too
      r *= 1.25;
      ring(3, Math.PI / 2);
      r *= 0.42;
      ring(3, Math.PI / 2);
      break;
    case "diamond":
      r *= 1.15;
      ring(4, -Math.PI / 2);
      break;
    case "star":
      r *= 1.3;
      ring(10, -Math.PI / 2, 0.45);
      break;
    case "cross": {
      const a = r * 0.38;
      const steps = [
        [-a, -r], [a, -r], [a, -a], [r, -a], [r, a], [a, a],
        [a, r], [-a, r], [-a, a], [-r, a], [-r, -a], [-a, -a],
      ] as const;
      for (const [x, y] of steps) ctx.lineTo(at.x + x, at.y + y);
      ctx.closePath();
      break;
    }
    default:
      ctx.arc(at.x, at.y, r, 0, 2 * Math.PI);
  }
}

function write(
  ctx: CanvasRenderingContext2D,
  text: string,
  at: L.Point,
  size: number,
  colour: string,
  halo: string | null,
  haloPx = HALO_PX,
): void {
  ctx.save();
  ctx.font = `600 ${size}px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  if (halo) {
    ctx.lineJoin = "round";
    ctx.lineWidth = haloPx;
    ctx.strokeStyle = halo;
    ctx.strokeText(text, at.x, at.y);
  }
  ctx.fillStyle = colour;
  ctx.fillText(text, at.x, at.y);
  ctx.restore();
}

export interface ShapeOptions extends L.CircleMarkerOptions {
  shape: string;
}

/** One record, drawn in the shape of its kind. */
export class ShapeMark extends L.CircleMarker {
  declare options: ShapeOptions;

  constructor(at: L.LatLngExpression, options: ShapeOptions) {
    super(at, options);
  }

  _updatePath(): void {
    const own = drawn(this);
    const canvas = own._renderer;
    if (!canvas._drawing || own._empty()) return;
    trace(canvas._ctx, this.options.shape, own._point, own._radius);
    canvas._fillStroke(canvas._ctx, this);
  }
}

export interface CountOptions extends L.CircleMarkerOptions {
  count: number;
  /** Height of the number; as on a desk without it. */
  size?: number;
}

/** A cluster: a disc with the number of its points. */
export class CountMark extends L.CircleMarker {
  declare options: CountOptions;

  constructor(at: L.LatLngExpression, options: CountOptions) {
    super(at, options);
  }

  _updatePath(): void {
    const own = drawn(this);
    const canvas = own._renderer;
    if (!canvas._drawing || own._empty()) return;
    trace(canvas._ctx, "circle", own._point, own._radius);
    canvas._fillStroke(canvas._ctx, this);
    write(canvas._ctx, short(this.options.count), own._point, this.options.size ?? COUNT_PX, "#ffffff", null);
  }
}

export interface TextOptions extends L.CircleMarkerOptions {
  text: string;
  size: number;
  /** Width in pixels, at the map's zoom, of what the text stands in; it hides in narrow ones. */
  room?: () => number;
  halo?: string;
  /** Pixels to the right of its place. */
  aside?: number;
  /** There is no room for it among the other texts. */
  isHidden?: boolean;
  /** Pixels above (below zero) or below its place. */
  shift?: number;
}

/** A text; never clickable. */
export class TextMark extends L.CircleMarker {
  declare options: TextOptions;

  constructor(at: L.LatLngExpression, options: TextOptions) {
    // The radius only tells Leaflet what part of the canvas to redraw.
    const reach = (options.text.length * options.size) / 2 + 4;
    super(at, { ...options, radius: reach, interactive: false, stroke: false, fill: false });
  }

  /** Whether what the text stands in is wide enough for it. */
  hasRoom(): boolean {
    const { text, size, room } = this.options;
    return !room || room() >= text.length * size + 10;
  }

  _updatePath(): void {
    const own = drawn(this);
    const canvas = own._renderer;
    if (!canvas._drawing || own._empty()) return;
    const { text, size, color, halo, shift, aside, isHidden } = this.options;
    if (isHidden || !this.hasRoom()) return;
    const at = own._point.add([aside ?? 0, shift ?? 0]);
    write(canvas._ctx, text, at, size, color ?? "#1c2430", halo ?? HALO, Math.max(HALO_PX, size / 6));
  }
}

/** 1234 as "1.2k": a count that fits its disc. */
export function short(count: number): string {
  if (count < 1000) return String(count);
  if (count < 10_000) return `${(count / 1000).toFixed(1)}k`;
  if (count < 1_000_000) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** Radius of a cluster's disc: its area grows with the number of figures. */
export function discRadius(count: number): number {
  return 11 + 3 * Math.log10(Math.max(count, 1));
}

/** A fill of slanted lines, for shapes without a base. */
export function hatch(colour: string, ground = "#ffffff", side = 8): CanvasPattern | null {
  const tile = document.createElement("canvas");
  tile.width = side;
  tile.height = side;
  const ctx = tile.getContext("2d");
  if (!ctx) return null;
  ctx.fillStyle = ground;
  ctx.fillRect(0, 0, side, side);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1 + (1.5 * side) / 8;
  ctx.beginPath();
  for (const shift of [-side, 0, side]) {
    ctx.moveTo(shift, side);
    ctx.lineTo(shift + side, 0);
  }
  ctx.stroke();
  return ctx.createPattern(tile, "repeat");
}

/** Draws one sign on its own little canvas, for the legend. */
export function signCanvas(shape: string, colour: string, enlarged = 1): HTMLCanvasElement {
  const scale = Math.max(1, Math.ceil(globalThis.devicePixelRatio || 1)) * enlarged;
  const sign = document.createElement("canvas");
  sign.width = 22 * scale;
  sign.height = 16 * scale;
  const ctx = sign.getContext("2d");
  if (!ctx) return sign;
  ctx.scale(scale, scale);
  ctx.lineWidth = 1;
  ctx.strokeStyle = "#6b7280";
  if (shape === "line") {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2.5;
    ctx.beginPath();
    ctx.moveTo(1, 8);
    ctx.lineTo(21, 8);
    ctx.stroke();
    return sign;
  }
  if (shape === "fill" || shape.startsWith("hatch")) {
    ctx.beginPath();
    ctx.rect(0.5, 0.5, 21, 15);
    const isBlack = shape === "hatch_white";
    if (isBlack) ctx.strokeStyle = "#ffffff";
    const lines = isBlack ? hatch("#ffffff", colour) : shape === "hatch" ? hatch(colour) : null;
    ctx.fillStyle = lines ?? colour;
    ctx.globalAlpha = isBlack || enlarged > 1 ? 1 : FILL_OPACITY;
  } else {
    trace(ctx, shape, new L.Point(11, 8), 6);
    ctx.fillStyle = colour;
    ctx.strokeStyle = "#ffffff";
  }
  ctx.fill("evenodd");
  ctx.stroke();
  return sign;
}
