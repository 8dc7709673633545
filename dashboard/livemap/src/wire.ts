// Reads the bytes that dashboard/maps/live.py packs. Knows nothing of Leaflet and the page.

import type { EditorHead } from "./editing/wire.ts";

/** With a fourth word the array stands in that one of the scene's grounds. */
export type ArrayEntry = [dtype: string, offset: number, count: number, where?: number];
export type Numbers = Float32Array | Float64Array | Uint32Array | Int8Array | Uint8Array;

export interface Texts {
  map_name: string;
  layers: string;
  legend: string;
  zoom_in: string;
  zoom_out: string;
  all_of_it: string;
  points_in_cluster: string;
}

/** How a wall draws what a desk draws with its own signs: colours, and sizes in pixels. */
export interface Look {
  ink: string;
  halo: string;
  edge: string;
  text_px: number;
  edge_px: number;
  disc_px: number;
  fill_opacity: number;
  /** Scene of the wall's round → the layers that it shows. */
  scenes: Record<string, string[]>;
}

export interface LegendEntry {
  label: string;
  colour: string;
  shape: string;
  mark: string;
}

export interface Legend {
  title: string;
  entries: LegendEntry[];
  layer_id: string;
  note: string;
}

interface LayerHead {
  id: string;
  title: string;
  hash: string;
  arrays: Record<string, ArrayEntry>;
}

export interface GridHead extends LayerHead {
  kind: "grid";
  codes: string[];
  tooltips: string[];
  is_selectable: boolean;
  geometry_hash: string;
  colours: string[];
  marks: string[];
  no_base_colour: string;
  /** Text in each area, in place of the mark of its class; only on a wall. */
  texts?: string[];
  /** Classes drawn as white slanted lines on their colour, with a white outline. */
  hatched?: number[];
}

export interface LineHead extends LayerHead {
  kind: "line";
  style: { colour: string; width_px: number; dash_px: number[]; opacity: number };
  tooltips: string[];
}

export interface PointHead extends LayerHead {
  kind: "point";
  kinds: { label: string; colour: string; shape: string }[];
  record_ids: string[];
  tooltips: string[];
  min_zoom: number;
  follows: string;
  radius_px: number;
}

export interface ClusterHead extends LayerHead {
  kind: "cluster";
  colour: string;
  points_from_zoom: number | null;
  zooms: number[];
}

export interface LabelHead extends LayerHead {
  kind: "label";
  texts: string[];
  min_zoom: number;
}

export type AnyLayerHead = GridHead | LineHead | PointHead | ClusterHead | LabelHead;

export interface Header {
  version: number;
  rev: string;
  language: string;
  texts: Texts;
  as_of: string;
  origin: [lon: number, lat: number];
  bounds: [west: number, south: number, east: number, north: number];
  fit_key: string;
  basemap: { kind: string; url: string; attribution: string; max_zoom: number };
  paper: string;
  selected_colour: string;
  asks_place?: boolean;
  hidden: string[];
  selected: string | null;
  legends: Legend[];
  height_px: number;
  /** Only on a wall: no controls, and this look. */
  kiosk?: Look;
  layers: AnyLayerHead[];
  /** Only while grids are edited: their shared vertices. */
  editor?: EditorHead;
  /** Keys of the grounds that hold the shapes; without one they stand in the scene itself. */
  grounds?: string[];
}

/** What owns arrays of a scene: a layer, or the edit mode. */
export type Owner = Pick<LayerHead, "id" | "arrays">;

export type Place = [lat: number, lon: number];

const MAGIC = "GBM1";
const GROUND_MAGIC = "GBG1";
const GROUND_KEY = 8;
const GROUND_START = 24;
const VERSION = 1;
const STEP = 8;

/** Shapes that stand apart from the scenes that show them. */
export interface Ground {
  key: string;
  body: ArrayBuffer;
}

const word = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** Reads a ground; null for bytes that are none. */
export function groundOf(bytes: Uint8Array): Ground | null {
  if (word(bytes, 0, 4) !== GROUND_MAGIC) return null;
  const key = word(bytes, GROUND_KEY, GROUND_START);
  return { key, body: new Uint8Array(bytes.subarray(GROUND_START)).buffer };
}

/** A decoded scene: its header, and its arrays by entry. */
export class Scene {
  readonly header: Header;
  private readonly body: ArrayBuffer;
  private readonly shapes: (ArrayBuffer | undefined)[];

  constructor(bytes: Uint8Array) {
    const magic = word(bytes, 0, 4);
    if (magic !== MAGIC) throw new Error("not a packed map scene");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(4, true);
    this.header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
    if (this.header.version !== VERSION) {
      throw new Error("a packed map scene of another version");
    }
    const start = Math.ceil((8 + length) / STEP) * STEP;
    this.shapes = (this.header.grounds ?? []).map(() => undefined);
    // A copy: typed arrays need their own alignment, whatever buffer the bytes arrived in.
    this.body = new Uint8Array(bytes.subarray(start)).buffer;
  }

  /** Takes a ground that its header names; another is left. */
  stand(ground: Ground): void {
    this.header.grounds?.forEach((key, number) => {
      if (key === ground.key) this.shapes[number] = ground.body;
    });
  }

  /** Whether every array is at hand. */
  get isWhole(): boolean {
    return this.shapes.every((body) => body !== undefined);
  }

  numbers(layer: Owner, name: string): Numbers {
    const entry = layer.arrays[name];
    if (!entry) throw new Error(`layer ${layer.id} has no array ${name}`);
    const [dtype, offset, count, where] = entry;
    const held = where === undefined ? this.body : this.shapes[where];
    if (!held) throw new Error(`the shapes of layer ${layer.id} have not come`);
    switch (dtype) {
      case "f4":
        return new Float32Array(held, offset, count);
      case "f8":
        return new Float64Array(held, offset, count);
      case "u4":
        return new Uint32Array(held, offset, count);
      case "i1":
        return new Int8Array(held, offset, count);
      case "u1":
        return new Uint8Array(held, offset, count);
      default:
        throw new Error(`unknown array type ${dtype}`);
    }
  }

  /** Places of an array of offsets from the origin; null where a place is missing. */
  places(layer: Owner, name: string): (Place | null)[] {
    const offsets = this.numbers(layer, name);
    const [lon, lat] = this.header.origin;
    const made: (Place | null)[] = new Array(offsets.length / 2);
    for (let i = 0; i < made.length; i += 1) {
      const east = offsets[2 * i] as number;
      const north = offsets[2 * i + 1] as number;
      made[i] = Number.isFinite(east) && Number.isFinite(north) ? [lat + north, lon + east] : null;
    }
    return made;
  }

  /** Areas: for each shape its parts, for each part its rings. */
  areas(layer: AnyLayerHead): Place[][][][] {
    const rings = cut(this.places(layer, "xy") as Place[], this.numbers(layer, "rings"));
    return cut(cut(rings, this.numbers(layer, "parts")), this.numbers(layer, "shapes"));
  }

  /** Lines: for each shape its lines. */
  lines(layer: AnyLayerHead): Place[][][] {
    const lines = cut(this.places(layer, "xy") as Place[], this.numbers(layer, "rings"));
    return cut(lines, this.numbers(layer, "shapes"));
  }
}

/** Cuts a list into pieces of the given sizes. */
export function cut<T>(list: T[], sizes: Numbers): T[][] {
  const pieces: T[][] = new Array(sizes.length);
  let start = 0;
  for (let i = 0; i < sizes.length; i += 1) {
    const end = start + (sizes[i] as number);
    pieces[i] = list.slice(start, end);
    start = end;
  }
  return pieces;
}
