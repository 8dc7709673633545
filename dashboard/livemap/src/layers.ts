// Turns each layer of a scene into Leaflet objects, and keeps those that did not change.

import * as L from "leaflet";

import { clip } from "./clip.ts";
import { CountMark, discRadius, FILL_OPACITY, hatch, ShapeMark, TextMark } from "./points.ts";
import type {
  AnyLayerHead,
  ClusterHead,
  GridHead,
  LabelHead,
  LineHead,
  Look,
  Place,
  PointHead,
  Scene,
} from "./wire.ts";

export interface Hooks {
  select(code: string): void;
  pick(recordId: string): void;
  zoomTo(place: L.LatLng): void;
  clusterText(count: number): string;
  /** Answers whether a click on a thing was meant for the grid below it. */
  through?(place: L.LatLng): boolean;
  /** Areas that are drawn from shared vertices; null where the layer brings its own. */
  areas?(layerId: string): L.LatLng[][][][] | null;
}

/** One layer on the map. `refresh` follows the zoom; `update` answers false when it cannot. */
export interface Shown {
  head: AnyLayerHead;
  group: L.FeatureGroup;
  refresh(zoom: number): void;
  update(scene: Scene, head: AnyLayerHead): boolean;
}

const INK = "#1c2430";
const EDGE = "#5d6675";
const LABEL_PX = 12;
const MARK_INK = "#3a4250";
const WHITE_EDGE_PX = 5;

type Build = (scene: Scene, head: AnyLayerHead, renderer: L.Renderer, hooks: Hooks) => Shown;

const still = { refresh: () => {}, update: () => false };

/** A tooltip of plain lines: texts never become markup. */
function lines(text: string): HTMLElement {
  const box = document.createElement("div");
  for (const line of text.split("\n")) {
    const row = document.createElement("div");
    row.textContent = line;
    box.append(row);
  }
  return box;
}

type Told = L.Layer & { told?: () => string };

function withTooltips(group: L.FeatureGroup): void {
  group.bindTooltip((layer) => lines((layer as Told).told?.() ?? ""), {
    sticky: true,
    className: "gb-tip",
  });
}

export class GridShown implements Shown {
  readonly group = new L.FeatureGroup();
  readonly shapes = new Map<string, L.Polygon>();
  /** A point inside each area. */
  readonly insides = new Map<string, Place>();
  private readonly marks: TextMark[] = [];
  private readonly fills = new Map<string, CanvasPattern | null>();
  private readonly look: Look | undefined;
  private readonly hooks: Hooks;
  head: GridHead;

  constructor(scene: Scene, head: GridHead, renderer: L.Renderer, hooks: Hooks) {
    this.head = head;
    this.hooks = hooks;
    this.look = scene.header.kiosk;
    const inside = scene.places(head, "inside");
    const classes = scene.numbers(head, "classes");
    (hooks.areas?.(head.id) ?? scene.areas(head)).forEach((parts, i) => {
      const shape = new L.Polygon(parts as L.LatLngExpression[][][], {
        renderer,
        smoothFactor: 0.3,
        interactive: !this.look,
        ...this.style(classes[i] as number),
      });
      (shape as Told).told = () => this.head.tooltips[i] ?? "";
      shape.on("click", (event) => {
        if (!this.head.is_selectable) {
          hooks.through?.(event.latlng);
          return;
        }
        L.DomEvent.stop(event);
        hooks.select(this.head.codes[i] as string);
      });
      this.group.addLayer(shape);
      this.shapes.set(head.codes[i] as string, shape);
      const place = inside[i];
      if (place) this.insides.set(head.codes[i] as string, place);
      const text = place ? this.textAt(i, classes[i] as number) : "";
      this.marks.push(this.mark(place ?? [0, 0], text, shape, renderer));
    });
    for (const mark of this.marks) this.group.addLayer(mark);
    withTooltips(this.group);
  }

  refresh(): void {}

  /** Same geometries, other values: only what changed is styled anew. */
  update(scene: Scene, next: AnyLayerHead): boolean {
    if (next.kind !== "grid" || next.codes.join("\n") !== this.head.codes.join("\n")) return false;
    const shared = this.hooks.areas?.(next.id);
    if (!shared && next.geometry_hash !== this.head.geometry_hash) return false;
    if (shared) this.reshape(scene, next, shared);
    const classes = scene.numbers(next, "classes");
    this.head = next;
    next.codes.forEach((code, i) => {
      const at = classes[i] as number;
      this.shapes.get(code)?.setStyle(this.style(at));
      const mark = this.marks[i];
      if (mark) mark.options.text = this.textAt(i, at);
      mark?.redraw();
    });
    return true;
  }

  /** Follows shared vertices: only areas whose places are others are drawn anew. */
  reshape(scene: Scene, next: GridHead, shared: L.LatLng[][][][]): void {
    const inside = scene.places(next, "inside");
    next.codes.forEach((code, i) => {
      const shape = this.shapes.get(code);
      const parts = shared[i] ?? [];
      if (!shape || isSame(shape.getLatLngs() as L.LatLng[][][], parts)) return;
      shape.setLatLngs(parts);
      const place = inside[i];
      if (!place) return;
      this.insides.set(code, place);
      this.marks[i]?.setLatLng(place);
    });
  }

  private style(at: number): L.PathOptions {
    const { look } = this;
    const line = { color: look?.edge ?? EDGE, weight: look?.edge_px ?? 1, opacity: 0.9 };
    const fillOpacity = look?.fill_opacity ?? FILL_OPACITY;
    if (this.head.colours.length === 0 && !this.head.no_base_colour) {
      return { ...line, fill: true, fillColor: "#ffffff", fillOpacity: 0.05 };
    }
    if (at < 0) {
      const colour = this.head.no_base_colour;
      if (!this.fills.has(colour)) this.fills.set(colour, hatch(colour, this.look?.halo));
      const fill = (this.fills.get(colour) ?? colour) as string;
      return { ...line, fill: true, fillColor: fill, fillOpacity };
    }
    const colour = this.head.colours[at] as string;
    if (!this.head.hatched?.includes(at)) return { ...line, fill: true, fillColor: colour, fillOpacity };
    const key = `${colour}|white`;
    if (!this.fills.has(key)) this.fills.set(key, hatch("#ffffff", colour, 40));
    const fillColor = (this.fills.get(key) ?? colour) as string;
    return { color: "#ffffff", weight: WHITE_EDGE_PX, opacity: 1, fill: true, fillColor, fillOpacity: 1 };
  }

  private textAt(i: number, at: number): string {
    return this.head.texts?.[i] ?? this.head.marks[at] ?? "";
  }

  private mark(place: Place, text: string, shape: L.Polygon, renderer: L.Renderer): TextMark {
    const room = (): number => {
      const box = (shape as unknown as { _pxBounds?: L.Bounds })._pxBounds;
      return box?.max && box.min ? Math.min(box.max.x - box.min.x, box.max.y - box.min.y) : 0;
    };
    if (!this.look) return new TextMark(place, { renderer, text, size: 11, room, color: MARK_INK });
    const { ink, halo, text_px } = this.look;
    return new TextMark(place, { renderer, text, size: text_px, room, color: ink, halo });
  }
}

/** Whether two areas stand on the very same places. */
function isSame(one: L.LatLng[][][], other: L.LatLng[][][]): boolean {
  const [a, b] = [one.flat(2), other.flat(2)];
  return one.length === other.length && a.length === b.length && a.every((place, k) => place === b[k]);
}

function line(scene: Scene, head: LineHead, renderer: L.Renderer): Shown {
  const group = new L.FeatureGroup();
  const told = head.tooltips.length > 0;
  const { colour, width_px, dash_px, opacity } = head.style;
  scene.lines(head).forEach((parts, i) => {
    const shape = new L.Polyline(parts, {
      renderer,
      interactive: told && !scene.header.kiosk,
      color: colour,
      weight: width_px,
      opacity,
      ...(dash_px.length > 0 ? { dashArray: dash_px } : {}),
    });
    (shape as Told).told = () => head.tooltips[i] ?? "";
    group.addLayer(shape);
  });
  if (told) withTooltips(group);
  return { head, group, ...still };
}

/** A layer whose marks are there only from some zoom on. */
function zoomed(head: AnyLayerHead, marks: L.Layer[], isShown: (zoom: number) => boolean): Shown {
  const group = new L.FeatureGroup();
  let on = false;
  const refresh = (zoom: number): void => {
    const next = isShown(zoom);
    if (next === on) return;
    on = next;
    if (!on) group.closeTooltip();
    for (const mark of marks) {
      if (on) group.addLayer(mark);
      else group.removeLayer(mark);
    }
  };
  return { head, group, refresh, update: () => false };
}

function point(scene: Scene, head: PointHead, renderer: L.Renderer, hooks: Hooks): Shown {
  const kinds = scene.numbers(head, "kind");
  const marks = (scene.places(head, "xy") as Place[]).map((place, i) => {
    const kind = head.kinds[kinds[i] as number] as PointHead["kinds"][number];
    const mark = new ShapeMark(place, {
      renderer,
      shape: kind.shape,
      radius: head.radius_px,
      color: "#ffffff",
      weight: 1,
      opacity: 0.9,
      fill: true,
      fillColor: kind.colour,
      fillOpacity: 0.92,
    });
    (mark as Told).told = () => head.tooltips[i] ?? kind.label;
    const id = head.record_ids[i];
    mark.on("click", (event) => {
      if (hooks.through?.(event.latlng) || id === undefined) return;
      L.DomEvent.stop(event);
      hooks.pick(id);
    });
    return mark;
  });
  const shown = zoomed(head, marks, (zoom) => zoom >= head.min_zoom);
  withTooltips(shown.group);
  return shown;
}

function cluster(scene: Scene, head: ClusterHead, renderer: L.Renderer, hooks: Hooks): Shown {
  const group = new L.FeatureGroup();
  const places = scene.places(head, "xy") as Place[];
  const counts = scene.numbers(head, "count");
  const sizes = scene.numbers(head, "sizes");
  const starts: number[] = [];
  sizes.forEach((_size: number, i: number) => {
    starts.push(i === 0 ? 0 : (starts[i - 1] as number) + (sizes[i - 1] as number));
  });
  const look = scene.header.kiosk;
  let level = -1;
  const refresh = (zoom: number): void => {
    const isOver = head.points_from_zoom !== null && zoom >= head.points_from_zoom;
    let next = -1;
    if (!isOver && head.zooms.length > 0) {
      next = 0;
      head.zooms.forEach((from, i) => {
        if (from <= zoom) next = i;
      });
    }
    if (next === level) return;
    level = next;
    group.closeTooltip(); // what it told of is gone
    group.clearLayers();
    if (level < 0) return;
    const first = starts[level] as number;
    for (let i = first; i < first + (sizes[level] as number); i += 1) {
      const disc = discOf(places[i] as Place, counts[i] as number, head, renderer, look);
      if (!look) answering(disc, hooks);
      group.addLayer(disc);
    }
  };
  withTooltips(group);
  return { head, group, refresh, update: () => false };
}

function discOf(
  place: Place,
  count: number,
  head: ClusterHead,
  renderer: L.Renderer,
  look: Look | undefined,
): CountMark {
  return new CountMark(place, {
    renderer,
    count,
    radius: look?.disc_px ?? discRadius(count),
    interactive: !look,
    ...(look ? { size: look.text_px } : {}),
    color: "#ffffff",
    weight: 2,
    opacity: 0.9,
    fill: true,
    fillColor: head.colour,
    fillOpacity: 0.88,
  });
}

function answering(mark: CountMark, hooks: Hooks): void {
  const { count } = mark.options;
  (mark as Told).told = () => hooks.clusterText(count);
  mark.on("click", (event) => {
    L.DomEvent.stop(event);
    hooks.zoomTo(mark.getLatLng());
  });
}

function label(scene: Scene, head: LabelHead, renderer: L.Renderer): Shown {
  const look = scene.header.kiosk;
  const marks = (scene.places(head, "xy") as Place[]).map(
    (place, i) =>
      new TextMark(place, {
        renderer,
        text: clip(head.texts[i] ?? ""),
        size: look?.text_px ?? LABEL_PX,
        color: look?.ink ?? INK,
        halo: look?.halo ?? "#ffffff",
      }),
  );
  return zoomed(head, marks, (zoom) => zoom >= head.min_zoom);
}

/** How each kind of layer is built; the keys are the kinds of dashboard/maps/layers.py. */
export const BUILDERS: Record<AnyLayerHead["kind"], Build> = {
  grid: (scene, head, renderer, hooks) => new GridShown(scene, head as GridHead, renderer, hooks),
  line: (scene, head, renderer) => line(scene, head as LineHead, renderer),
  point: (scene, head, renderer, hooks) => point(scene, head as PointHead, renderer, hooks),
  cluster: (scene, head, renderer, hooks) => cluster(scene, head as ClusterHead, renderer, hooks),
  label: (scene, head, renderer) => label(scene, head as LabelHead, renderer),
};
