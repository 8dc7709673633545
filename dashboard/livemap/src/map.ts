// Holds one live map: builds it once, then brings it up to date in place.

import * as L from "leaflet";

import { addControls } from "./controls.ts";
import { Editor } from "./editing/editor.ts";
import { BUILDERS, GridShown, type Shown } from "./layers.ts";
import { element } from "./dom.ts";
import { fillLegend, fillSwitch } from "./legend.ts";
import { pointsFrom, showAll, type View, viewOf, visitMark } from "./outlook.ts";
import { CountMark, TextMark } from "./points.ts";
import { Selection } from "./selection.ts";
import { spread } from "./spread.ts";
import { Tiles } from "./tiles.ts";
import type { AnyLayerHead, Header, Scene } from "./wire.ts";

export interface Answers {
  selected(code: string | null): void;
  picked(recordId: string): void;
  view(view: View): void;
  placed?(place: readonly [number, number]): void;
  edited?(message: unknown): void;
}

const SETTLED_MS = 250;
const NARROW_PX = 640;
const CLUSTER_STEP = 2;
const KIOSK_SIGNS = 3;
const VISIT_S = 0.9;
/** Room around a visited area, as parts of its size. */
const VISIT_ROOM = 1.1;
const ABOVE_SELECTION: ReadonlySet<string> = new Set(["cluster", "point", "label"]);

export class LiveMap {
  answers: Answers;
  private readonly root: HTMLElement;
  private readonly map: L.Map;
  private readonly renderer: L.Canvas;
  private readonly selection: Selection;
  private readonly shown = new Map<string, Shown>();
  private readonly choices = new Map<string, boolean>();
  private readonly switches = element("div", "gb-panel gb-switches");
  private readonly legend = element("div", "gb-panel gb-legends");
  private readonly age = element("div", "gb-age");
  private readonly credit = element("div", "gb-credit");
  private readonly sizes: ResizeObserver;
  private controls: L.Control[] = [];
  private readonly tiles = new Tiles();
  private header: Header | null = null;
  private fitted: string | null = null;
  private reported = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private updates = 0;
  private legendKey = "";
  private readonly isKiosk: boolean;
  private scene = "";
  private visited: L.FeatureGroup | null = null;
  private editor: Editor | null = null;

  constructor(root: HTMLElement, answers: Answers, isKiosk = false) {
    this.root = root;
    this.isKiosk = isKiosk;
    this.answers = answers;
    const pane = element("div", "gb-pane");
    root.append(pane);
    this.map = L.map(pane, {
      attributionControl: false,
      zoomControl: false,
      zoomSnap: isKiosk ? 0.05 : 0.5,
      maxZoom: 19,
      minZoom: 2,
      keyboard: !isKiosk,
      dragging: !isKiosk,
      scrollWheelZoom: !isKiosk,
      doubleClickZoom: !isKiosk,
      boxZoom: !isKiosk,
      touchZoom: !isKiosk,
      fadeAnimation: false,
    });
    // One canvas for all: a second one would swallow the clicks of the first.
    this.renderer = L.canvas({ padding: 0.3, tolerance: 3 });
    this.selection = new Selection(this.map, this.renderer, (code) => {
      this.afterSelection();
      this.answers.selected(code);
    });
    const isWide = root.clientWidth >= NARROW_PX;
    this.switches.dataset["open"] = String(isWide);
    this.legend.dataset["open"] = String(isWide);
    root.append(this.switches, this.legend, this.age, this.credit);
    this.map.on("moveend zoomend", () => this.moved());
    pane.addEventListener("click", (event) => this.placed(event), true);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(root);
  }

  update(scene: Scene): void {
    const header = scene.header;
    const before = this.header;
    if (before?.rev === header.rev) return;
    this.header = header;
    if (!this.isKiosk) this.root.style.height = `${header.height_px}px`;
    this.root.lang = header.language;
    this.root.style.setProperty("--gb-paper", header.paper);
    this.setEditor(scene);
    this.fit(header);
    this.tiles.set(this.map, header.basemap);
    const words = JSON.stringify(header.texts) + header.language;
    if (!before || words !== JSON.stringify(before.texts) + before.language) this.setWords(header);
    this.age.textContent = header.as_of;
    this.credit.textContent = header.basemap.kind === "xyz" ? header.basemap.attribution : "";
    this.setLayers(scene);
    this.selection.follow(header.selected);
    this.afterSelection();
    this.updates += 1;
    this.moved();
    this.spread();
    this.tell();
    this.root.dataset["ready"] = "true";
  }

  /** Shows the layers of one scene of a wall's round; layers of no scene always stay. */
  showScene(scene: string): void {
    const scenes = this.header?.kiosk?.scenes ?? {};
    const named = new Set(Object.values(scenes).flat());
    if (scene === this.scene || !this.header) return;
    this.scene = scene;
    const chosen = scenes[scene] ?? Object.values(scenes)[0] ?? [];
    for (const { id } of this.header.layers) {
      if (named.has(id)) this.choices.set(id, chosen.includes(id));
    }
    this.place();
    this.spread();
    this.setLegend();
    this.tell();
  }

  /** Keeps the texts of a wall's map apart. */
  private spread(): void {
    const size = this.header?.kiosk?.text_px;
    if (!size) return;
    const of = (kind: string): L.Layer[] =>
      [...this.shown]
        .filter(([id, one]) => one.head.kind === kind && this.isOn(id))
        .flatMap(([, one]) => one.group.getLayers());
    const texts = (kind: string): TextMark[] => of(kind).filter((mark) => mark instanceof TextMark);
    const discs = of("cluster").filter((mark) => mark instanceof CountMark);
    spread(this.map, discs, texts("grid"), texts("label"), size);
  }

  /** Goes to an area of a wall's map and marks it; answers false where there is no such area. */
  visit(code: string): boolean {
    const grids = [...this.shown.values()].filter((one) => one instanceof GridShown);
    const shape = grids[0]?.shapes.get(code);
    const inside = grids[0]?.insides.get(code);
    if (!shape || !inside) return false;
    this.visited?.remove();
    this.visited = visitMark(shape, inside, this.renderer).addTo(this.map);
    this.map.once("moveend", () => this.settle());
    const view = shape.getBounds().pad(VISIT_ROOM);
    const isStill = globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isStill) this.map.fitBounds(view, { animate: false });
    else this.map.flyToBounds(view, { duration: VISIT_S });
    return true;
  }

  /** Goes back to the whole in one step: shrinking a drawn part would leave the rest blank. */
  home(): void {
    if (!this.visited || !this.header) return;
    this.visited.remove();
    this.visited = null;
    this.map.stop();
    this.all(this.header);
    this.settle();
  }

  private settle(): void {
    this.spread();
    this.visited?.bringToFront();
    this.tell();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.editor?.destroy();
    this.sizes.disconnect();
    this.map.remove();
    this.root.replaceChildren();
    delete this.root.dataset["ready"];
  }

  private resized(): void {
    this.map.invalidateSize({ animate: false });
    if (!this.isKiosk || !this.header) return;
    if (!this.visited) this.all(this.header);
    this.spread();
  }

  private fit(header: Header): void {
    if (this.fitted === header.fit_key) return;
    this.fitted = header.fit_key;
    this.map.invalidateSize({ animate: false });
    this.all(header);
  }

  private all(header: Header): void {
    showAll(this.map, header, this.isKiosk);
  }

  private setWords(header: Header): void {
    const { texts } = header;
    for (const control of this.controls) control.remove();
    this.map.getContainer().setAttribute("aria-label", texts.map_name);
    this.map.getContainer().setAttribute("role", "region");
    if (this.isKiosk) return;
    this.controls = addControls(this.map, texts, () => {
      if (this.header) this.all(this.header);
    });
  }

  private setEditor(scene: Scene): void {
    const { editor } = scene.header;
    if (!editor) {
      this.editor?.destroy();
      this.editor = null;
      return;
    }
    const host = {
      root: this.root,
      map: this.map,
      selected: () => this.selection.code,
      select: (code: string) => this.selection.click(code),
      shape: (layerId: string, code: string) => {
        const layer = this.shown.get(layerId);
        return layer instanceof GridShown ? layer.shapes.get(code) : undefined;
      },
      outline: (isOther: boolean) => (isOther ? this.afterSelection() : this.selection.redraw()),
      send: (message: unknown) => this.answers.edited?.(message),
    };
    this.editor ??= new Editor(host, scene, editor);
    this.editor.take(scene, editor);
  }

  private setLayers(scene: Scene): void {
    const { layers } = scene.header;
    const kept = new Set(layers.map((layer) => layer.id));
    for (const [id, old] of this.shown) {
      if (kept.has(id)) continue;
      old.group.remove();
      this.shown.delete(id);
    }
    for (const head of layers) this.setLayer(scene, head);
    const ordered = layers.map((head) => [head.id, this.shown.get(head.id) as Shown] as const);
    this.shown.clear();
    for (const [id, one] of ordered) this.shown.set(id, one);
    this.place();
    this.setPanels();
  }

  private setLayer(scene: Scene, head: AnyLayerHead): void {
    const old = this.shown.get(head.id);
    if (old && old.head.hash === head.hash && old.head.kind === head.kind) {
      const shared = this.editor?.areas(head.id);
      if (shared && old instanceof GridShown && head.kind === "grid") old.reshape(scene, head, shared);
      return;
    }
    if (old?.update(scene, head)) return;
    old?.group.remove();
    const made = BUILDERS[head.kind](scene, head, this.renderer, {
      select: (code) => this.selection.click(code),
      pick: (id) => this.answers.picked(id),
      zoomTo: (place) => this.map.setView(place, this.map.getZoom() + CLUSTER_STEP),
      clusterText: (count) =>
        (this.header?.texts.points_in_cluster ?? "").replace(
          "{n}",
          count.toLocaleString(this.header?.language),
        ),
      through: (place) => {
        this.editor?.through(place);
        return this.editor !== null;
      },
      areas: (layerId) => this.editor?.areas(layerId) ?? null,
    });
    made.refresh(this.map.getZoom());
    this.shown.set(head.id, made);
  }

  /** Puts on what is switched on, takes off what is not, and restores the order. */
  private place(): void {
    let isAbove = false;
    for (const [id, { group }] of this.shown) {
      const on = this.isOn(id);
      const wasOn = this.map.hasLayer(group);
      if (on && !wasOn) group.addTo(this.map);
      if (!on && wasOn) group.remove();
      // A group put on lands on top: lift all that belong above it.
      if (on && isAbove) this.lift(group);
      if (on && !wasOn) isAbove = true;
    }
  }

  private lift(group: L.FeatureGroup): void {
    group.eachLayer((layer) => (layer as L.Path).bringToFront());
  }

  private isOn(id: string): boolean {
    const head = this.header?.layers.find((layer) => layer.id === id);
    if (head?.kind === "point" && head.follows) return this.isOn(head.follows);
    return this.choices.get(id) ?? !(this.header?.hidden.includes(id) ?? false);
  }

  private setPanels(): void {
    const { header } = this;
    if (!header) return;
    fillSwitch(
      this.switches,
      header,
      (id) => this.isOn(id),
      (id, on) => {
        this.choices.set(id, on);
        this.place();
        this.setLegend();
        this.afterSelection();
      },
    );
    this.setLegend();
  }

  /** Tells where the map was clicked (not dragged), for a scene that asks for a place. */
  private placed(event: MouseEvent): void {
    const isControl = (event.target as HTMLElement).closest(".leaflet-control") !== null;
    const dragging = this.map.dragging as unknown as { moved(): boolean };
    if (!this.header?.asks_place || isControl || dragging.moved()) return;
    const { lng, lat } = this.map.mouseEventToLatLng(event);
    this.answers.placed?.([lng, lat]);
  }

  /** A legend is there while its layer is, at this zoom. */
  private setLegend(): void {
    const { header } = this;
    if (!header) return;
    const zoom = this.map.getZoom();
    const isSeen = (id: string): boolean => {
      const head = header.layers.find((layer) => layer.id === id);
      return this.isOn(id) && !(head?.kind === "point" && zoom < head.min_zoom);
    };
    const seen = header.legends.map((one) => one.layer_id === "" || isSeen(one.layer_id));
    const key = header.rev + seen.join();
    if (key === this.legendKey) return;
    this.legendKey = key;
    fillLegend(
      this.legend,
      header.texts.legend,
      header.legends.filter((_one, i) => seen[i]),
      this.isKiosk ? KIOSK_SIGNS : 1,
    );
  }

  private afterSelection(): void {
    const colour = this.header?.selected_colour ?? "#000000";
    this.selection.draw(this.shown.values(), (id) => this.isOn(id), colour);
    for (const [id, { head, group }] of this.selection.code === null ? [] : this.shown) {
      if (ABOVE_SELECTION.has(head.kind) && this.isOn(id)) this.lift(group);
    }
    this.tell();
  }

  private moved(): void {
    if (!this.header) return;
    const zoom = this.map.getZoom();
    let isAbove = false;
    for (const [id, one] of this.shown) {
      const before = one.group.getLayers()[0];
      one.refresh(zoom);
      if (!this.isOn(id)) continue;
      if (isAbove) this.lift(one.group);
      if (before !== one.group.getLayers()[0]) isAbove = true;
    }
    if (isAbove) this.afterSelection();
    this.setLegend();
    this.tell();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.report(), SETTLED_MS);
  }

  /** Tells the view where the other side has points to send for it, or has sent them. */
  private report(): void {
    const from = pointsFrom(this.header);
    const view = viewOf(this.map);
    const isWanted = view.zoom >= from || this.reported >= from;
    if (!Number.isFinite(from) || !isWanted) return;
    this.reported = view.zoom;
    this.answers.view(view);
  }

  /** Says on the root element what is shown, for tests and for reading machines. */
  private tell(): void {
    const { dataset } = this.root;
    const { west, south, east, north, zoom } = viewOf(this.map);
    dataset["rev"] = this.header?.rev ?? "";
    dataset["updates"] = String(this.updates);
    dataset["zoom"] = String(zoom);
    dataset["bounds"] = [west, south, east, north].join(",");
    dataset["selected"] = this.selection.code ?? "";
    if (this.isKiosk) dataset["visited"] = String(this.visited !== null);
    const counts = [...this.shown].map(([id, one]) => [
      id,
      { kind: one.head.kind, on: this.isOn(id), marks: one.group.getLayers().length },
    ]);
    dataset["layers"] = JSON.stringify(Object.fromEntries(counts));
    this.editor?.settled();
  }
}
