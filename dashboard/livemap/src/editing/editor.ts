// Is the edit mode of one live map: holds its grids as shared vertices, the tool in hand, and what
// has been sent. The map itself stays the map.

import type * as L from "leaflet";

import type { Scene } from "../wire.ts";
import { type Figure, Figures } from "./figures.ts";
import { Flow } from "./flow.ts";
import { Gestures, type Hand, type Pixel } from "./gestures.ts";
import { Holding } from "./holding.ts";
import { hear, type Keyed } from "./keys.ts";
import { LineTool } from "./lineTool.ts";
import type { EditModel } from "./model.ts";
import { MoveTool } from "./moveTool.ts";
import { Overlay } from "./overlay.ts";
import { LockTool, MergeTool, SelectTool } from "./pickTool.ts";
import type { Snapped } from "./snapping.ts";
import { type Desk, type Tool, type View, windowOf } from "./tool.ts";
import { Toolbar } from "./toolbar.ts";
import { TransferTool } from "./transferTool.ts";
import { type Drawing, type EditorHead, type LonLat, type Message, type Mode, MODE_OF } from "./wire.ts";

const SNAP_PX = 10;
const PATIENCE_MS = 20_000;

/** What the edit mode needs of the map that it works on. */
export interface Host {
  root: HTMLElement;
  map: L.Map;
  selected(): string | null;
  select(code: string): void;
  shape(layerId: string, code: string): L.Polygon | undefined;
  /** Draws the outline of the selection anew: quickly, or after its vertices changed. */
  outline(isOther: boolean): void;
  send(message: Message): void;
}

export class Editor implements Desk, Hand, Keyed {
  readonly pane: HTMLElement;
  readonly view: View;
  words: Record<string, string> = {};
  locked: ReadonlySet<string> = new Set();
  isOuterFree = false;
  cursor: Pixel | null = null;
  tool: Tool;
  private readonly host: Host;
  private readonly holding = new Holding();
  private readonly overlay: Overlay;
  private readonly toolbar: Toolbar;
  private readonly gestures: Gestures;
  private readonly flow: Flow;
  private readonly tools: Record<Mode, Tool>;
  private readonly onKey = (event: KeyboardEvent): void => this.key(event);
  private current: Mode = "select";
  private head: EditorHead;
  private scene: Scene;
  private figures: Figures | null = null;
  private figured: Figure[] = [];
  private note = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, scene: Scene, head: EditorHead) {
    this.host = host;
    this.scene = scene;
    this.head = head;
    const { map } = host;
    this.pane = map.getContainer();
    this.view = windowOf(map);
    this.tools = {
      select: new SelectTool(this),
      move: new MoveTool(this),
      border: new LineTool(this, "border"),
      transfer: new TransferTool(this),
      split: new LineTool(this, "split"),
      merge: new MergeTool(this),
      lock: new LockTool(this),
    };
    this.tool = this.tools.select;
    this.flow = new Flow(head.answered, (message) => host.send(message));
    this.overlay = new Overlay(map, () => this.paint());
    this.toolbar = new Toolbar(host.root, {
      mode: (mode) => this.setMode(mode),
      finish: () => this.tool.finish(),
      cancel: () => this.escape(),
      history: (op) => this.history(op),
      outer: () => this.freeOuter(),
      again: () => this.again(),
      discard: () => this.discard(),
    }, () => map.invalidateSize({ animate: false }));
    this.gestures = new Gestures(this.pane, this);
    host.root.addEventListener("keydown", this.onKey, true);
    host.root.dataset["editing"] = this.current;
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.gestures.remove();
    this.overlay.remove();
    this.toolbar.remove();
    this.host.root.removeEventListener("keydown", this.onKey, true);
    this.host.root.style.removeProperty("--gb-bar");
    delete this.host.root.dataset["editing"];
    delete this.host.root.dataset["editor"];
  }

  /** Takes a scene over before its layers are drawn. */
  take(scene: Scene, head: EditorHead): void {
    const isOther = this.model.codes.length === 0 || this.head.rev !== head.rev;
    this.head = head;
    this.scene = scene;
    this.words = head.words;
    this.locked = new Set(head.locked);
    this.toolbar.setHead(head, scene.header.language);
    this.toolbar.measure(this.host.root);
    const answer = this.flow.answer(head.answered, head.refused);
    if (isOther || answer !== "none") this.load();
    this.holding.look(scene, head);
    if (answer === "none") return;
    this.toolbar.say((answer === "kept" ? head.words["said_done"] : this.flow.ghost?.text) ?? "");
    const find = (at: LonLat): number | null => this.model.find(at);
    const changed = head.words["refused_changed"] ?? "";
    this.flow.next(find, new Set(head.codes), head.rev, Date.now(), changed);
  }

  private load(): void {
    this.holding.load(this.scene, this.head);
    this.figures = null;
    this.figured = [];
    for (const tool of Object.values(this.tools)) tool.renewed();
  }

  /** Areas of the edited layer, drawn from the shared vertices; null for any other layer. */
  areas(layerId: string): L.LatLng[][][][] | null {
    return layerId === this.head.layer_id ? this.holding.places.drawn : null;
  }

  /** A click on something that cannot be selected: the grid below it is meant. */
  through({ lng, lat }: L.LatLng): void {
    this.select(this.model.gridAt([lng, lat]));
  }

  /** The selection or the view changed. */
  settled(): void {
    (this.tools.move as MoveTool).stale();
    this.repaint();
  }

  // What tools find on their desk.

  get model(): EditModel {
    return this.holding.model;
  }

  get hasPieces(): boolean {
    return this.holding.pieces !== null;
  }

  selected(): number {
    return this.model.row(this.host.selected());
  }

  select(grid: number): void {
    const code = this.model.codes[grid];
    if (code !== undefined) this.host.select(code);
  }

  snap(at: Pixel, isVertex = false): Snapped {
    const place = this.view.place(at);
    const reach = Math.abs(this.view.place({ x: at.x, y: at.y + SNAP_PX })[1] - place[1]);
    return this.holding.snapper.snap(place, reach, isVertex);
  }

  pieceAt(place: LonLat): string | null {
    return this.holding.pieces?.at(place) ?? null;
  }

  pieceRings(code: string): LonLat[][] {
    return this.holding.pieces?.rings(code) ?? [];
  }

  submit(drawing: Drawing, lines: LonLat[][]): void {
    this.holding.moved();
    this.note = "";
    this.flow.submit({ drawing, lines }, this.head.rev, Date.now());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lose(), PATIENCE_MS);
    this.repaint();
  }

  refuse(drawing: Drawing, lines: LonLat[][], text: string): void {
    this.flow.refuse({ drawing, lines }, text);
    this.toolbar.say(text);
    this.follow(null);
    this.repaint();
  }

  moved(vertex: number): void {
    this.holding.places.move(vertex, this.model.at(vertex));
    for (const grid of this.model.gridsOf(vertex)) this.shape(grid)?.redraw();
    this.host.outline(false);
    this.figured = this.figures?.now() ?? [];
    this.repaint();
  }

  reshaped(grids: readonly number[]): void {
    this.holding.places.rebuild(this.model, grids);
    for (const grid of grids) this.shape(grid)?.setLatLngs(this.holding.places.drawn[grid] ?? []);
    this.host.outline(true);
    this.repaint();
  }

  private shape(grid: number): L.Polygon | undefined {
    return this.host.shape(this.head.layer_id, this.model.codes[grid] ?? "");
  }

  follow(grids: readonly number[] | null): void {
    this.figures = grids === null ? null : new Figures(this.model, grids, this.holding.counted);
    this.figured = this.figures?.now() ?? [];
    this.repaint();
  }

  say(text: string): void {
    this.note = text;
    this.toolbar.say(text);
    this.repaint();
  }

  repaint(): void {
    this.overlay.ask();
  }

  // What the hand does.

  press(at: Pixel, reachPx: number): boolean {
    this.cursor = null;
    this.note = "";
    return this.tool.press(at, reachPx);
  }

  drag(at: Pixel): void {
    this.tool.drag(at);
  }

  drop(): void {
    this.tool.cancel();
  }

  release(): void {
    this.tool.release();
    this.repaint();
  }

  hover(at: Pixel): void {
    this.tool.hover(at);
  }

  tap(at: Pixel): boolean {
    this.note = "";
    return this.tool.tap(at);
  }

  double(): boolean {
    const isOurs = this.current !== "select" && this.current !== "move";
    if (isOurs) this.tool.finish();
    return isOurs;
  }

  hold(isHeld: boolean): void {
    this.host.map.dragging[isHeld ? "disable" : "enable"]();
  }

  // What the keyboard does.
  private key(event: KeyboardEvent): void {
    if (!hear(event, this)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  room(): Pixel {
    return { x: this.view.width, y: this.view.height };
  }

  pan(dx: number, dy: number): void {
    this.host.map.panBy([dx, dy], { animate: false });
  }

  tapAt(at: Pixel): void {
    if (!this.tap(at)) this.select(this.model.gridAt(this.view.place(at)));
    this.repaint();
  }

  mode(number: number): void {
    const mode = this.head.modes[number - 1];
    if (mode) this.setMode(mode);
  }

  private setMode(mode: Mode): void {
    if (this.tool.isBusy) this.tool.cancel();
    this.current = mode;
    this.host.root.dataset["editing"] = mode;
    this.tool = this.tools[mode];
    this.note = "";
    this.cursor = null;
    this.follow(null);
    this.toolbar.say(this.tool.hint());
    this.host.map.doubleClickZoom[mode === "select" || mode === "move" ? "enable" : "disable"]();
    this.repaint();
  }

  private freeOuter(): void {
    this.isOuterFree = !this.isOuterFree;
    this.note = "";
    this.repaint();
  }

  history(op: "undo" | "redo"): void {
    this.tool.cancel();
    this.submit({ op }, []);
  }

  escape(): void {
    this.note = "";
    if (this.tool.isBusy) this.tool.cancel();
    else if (this.flow.ghost) this.discard();
    else this.setMode("select");
  }

  /** Takes the refused drawing in hand again. */
  private again(): void {
    const ghost = this.flow.discard();
    if (!ghost) return;
    const mode = MODE_OF[ghost.drawing.op];
    if (mode === null) {
      this.submit(ghost.drawing, []);
      return;
    }
    this.setMode(mode);
    this.tool.resume(ghost.drawing);
    this.pane.focus({ preventScroll: true });
    this.repaint();
  }

  private discard(): void {
    this.flow.discard();
    this.toolbar.say("");
    this.repaint();
  }

  /** The server did not answer. */
  private lose(): void {
    if (!this.flow.expire(PATIENCE_MS, Date.now() + 1, this.words["refused_silence"] ?? "")) return;
    this.load();
    this.head.codes.forEach((code, grid) => {
      this.host.shape(this.head.layer_id, code)?.setLatLngs(this.holding.places.drawn[grid] ?? []);
    });
    this.host.outline(true);
    this.repaint();
  }

  private paint(): void {
    const { overlay, flow, model } = this;
    for (const code of this.locked) {
      overlay.barred(model.ringsOf(model.row(code)).map((ring) => ring.map((v) => model.at(v))));
    }
    for (const { lines } of [...(flow.pending ? [flow.pending] : []), ...flow.waiting]) {
      for (const line of lines) overlay.line(line, "pending");
    }
    for (const line of flow.ghost?.lines ?? []) overlay.line(line, "refused");
    this.tool.paint(overlay);
    if (this.cursor) overlay.cross(this.view.place(this.cursor), false);
    this.toolbar.show({
      mode: this.current,
      isBusy: this.tool.isBusy,
      isOuterFree: this.isOuterFree,
      isWaiting: flow.pending !== null,
      hint: [...new Set([this.note, this.tool.hint()])].join(" ").trim(),
      refused: flow.ghost?.text ?? null,
      figures: this.figured,
    });
    this.tell();
  }

  /** Says on the root element how things stand, for tests and for reading machines. */
  private tell(): void {
    const { flow } = this;
    this.host.root.dataset["editor"] = JSON.stringify({
      mode: this.current,
      rev: this.head.rev,
      seq: flow.seq,
      isPending: flow.pending !== null,
      waiting: flow.waiting.length,
      refused: flow.ghost?.text ?? "",
      isBusy: this.tool.isBusy,
      isOuterFree: this.isOuterFree,
      cursor: this.cursor,
      figures: this.figured,
      ...this.tool.tell(),
    });
  }
}
