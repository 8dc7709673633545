// Holds the one wall display of a page: a fixed canvas over everything, scaled to the window, with
// its own clock, the age of every feed, and a loud banner as soon as the server falls silent.

import { Board } from "./board.ts";
import { element } from "./dom.ts";
import { LiveMap } from "./map.ts";
import type { BoardValue } from "./panels.ts";
import { Visits } from "./visits.ts";
import type { Scene } from "./wire.ts";

const HIGH_PX = 2160;
const NORMAL_PX = 3840;
const WIDE_PX = 7680;
/** Windows wider than this for their height get the wide canvas (spliced walls, 32:9). */
const WIDE_FROM = 2.6;
const TICK_MS = 1000;
const LOST_MS = 8000;
const ASK_EVERY_MS = 5000;
const RELOAD_AFTER_MS = 12_000;
const GONE_TICKS = 3;
/** Scenes that a wide wall shows side by side. */
const WIDE_SCENES = 4;

const silent = { selected: () => {}, picked: () => {}, view: () => {} };

/** When a beat came: the server's clock, and ours that nobody sets. */
interface Beat {
  serverMs: number;
  atMs: number;
}

export class Wall {
  private static held: Wall | null = null;

  private readonly root = element("div", "gb-wall");
  private readonly canvas = element("div", "gb-canvas");
  private readonly board: Board;
  private readonly visits: Visits;
  private readonly anchors = new Set<Element>();
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly resized = (): void => this.fit();
  private map: LiveMap | null = null;
  private mapRoot: HTMLElement | null = null;
  private value: BoardValue | null = null;
  private beat: Beat | null = null;
  private beats = 0;
  private bareTicks = 0;
  private scene = "";
  private askedAt = 0;
  private answeredAt: number | null = null;

  /** The wall of this page; made when it is not there. */
  static of(css: string): Wall {
    Wall.held ??= new Wall(css);
    return Wall.held;
  }

  private constructor(css: string) {
    for (const old of document.querySelectorAll("body > .gb-wall")) old.remove();
    this.root.append(element("style", "", css), this.canvas);
    this.board = new Board(this.canvas);
    this.visits = new Visits(this.board.mapSlot);
    document.body.append(this.root);
    this.fit();
    globalThis.addEventListener("resize", this.resized);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  attach(anchor: Element): void {
    this.anchors.add(anchor);
    this.bareTicks = 0;
  }

  showBoard(value: BoardValue): void {
    if (value.stamp_ms !== this.beat?.serverMs) {
      this.beat = { serverMs: value.stamp_ms, atMs: performance.now() };
      this.beats += 1;
      this.answeredAt = null;
    }
    this.value = value;
    this.root.lang = value.language;
    this.board.draw(value);
    if (value.tiles.length > 0) this.visits.note(value.arrivals, value.follow_seconds);
    this.tick();
  }

  showMap(scene: Scene): void {
    if (!this.map) {
      this.mapRoot = element("div", "gb-map gb-kiosk");
      this.board.mapSlot.append(this.mapRoot);
      this.map = new LiveMap(this.mapRoot, silent, true);
    }
    this.map.update(scene);
    this.map.showScene(this.scene);
  }

  private fit(): void {
    const { innerWidth, innerHeight } = globalThis;
    const isWide = innerWidth / innerHeight > WIDE_FROM;
    const wide = isWide ? WIDE_PX : NORMAL_PX;
    const scale = Math.min(innerWidth / wide, innerHeight / HIGH_PX);
    const left = (innerWidth - wide * scale) / 2;
    const top = (innerHeight - HIGH_PX * scale) / 2;
    this.root.classList.toggle("is-wide", isWide);
    this.canvas.style.width = `${wide}px`;
    this.canvas.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    this.root.dataset["scale"] = String(scale);
  }

  /** The server's clock now, counted on from the last beat. */
  private nowMs(): number {
    return this.beat ? this.beat.serverMs + (performance.now() - this.beat.atMs) : Date.now();
  }

  private tick(): void {
    if (this.leave()) return;
    const { value, beat } = this;
    if (!value || !beat) return;
    const now = this.nowMs();
    this.board.tell(value, now);
    if (this.visits.tick(this.map, value.follow_seconds, performance.now())) {
      this.root.dataset["visiting"] = String(this.visits.isOn);
    }
    this.turn(value, now);
    const silentMs = performance.now() - beat.atMs;
    const isLost = silentMs > LOST_MS;
    const state = isLost ? "lost" : value.fault ? "fault" : "live";
    const pictureMs = isLost && !value.fault ? beat.serverMs : value.picture_ms;
    this.board.banner(value, state, pictureMs);
    this.root.dataset["state"] = state;
    this.root.dataset["beats"] = String(this.beats);
    this.root.dataset["rev"] = value.rev;
    if (isLost) void this.knock();
  }

  /** Every so often the next scene, several on a wide wall; the first while an arrival is shown. */
  private turn(value: BoardValue, now: number): void {
    if (value.scenes.length === 0) return;
    const round = Math.floor(now / (value.scene_seconds * 1000));
    const at = this.visits.isOn ? 0 : round % value.scenes.length;
    const scene = value.scenes[at]?.key ?? "";
    this.board.showScenes(scene, this.root.classList.contains("is-wide") ? WIDE_SCENES : 1);
    if (scene === this.scene) return;
    this.scene = scene;
    this.root.dataset["scene"] = scene;
    this.map?.showScene(scene);
  }

  /** The page was left when nothing of ours is mounted any more. */
  private leave(): boolean {
    for (const anchor of this.anchors) if (!anchor.isConnected) this.anchors.delete(anchor);
    this.bareTicks = this.anchors.size === 0 ? this.bareTicks + 1 : 0;
    if (this.bareTicks < GONE_TICKS) return false;
    clearInterval(this.timer);
    globalThis.removeEventListener("resize", this.resized);
    this.map?.destroy();
    this.root.remove();
    if (Wall.held === this) Wall.held = null;
    return true;
  }

  /** Asks whether the server is back; when the page does not come back by itself, loads it anew. */
  private async knock(): Promise<void> {
    const now = performance.now();
    if (now - this.askedAt < ASK_EVERY_MS) return;
    this.askedAt = now;
    try {
      const answer = await fetch(new URL("_stcore/health", document.baseURI), { cache: "no-store" });
      if (!answer.ok) return;
    } catch {
      this.answeredAt = null;
      return;
    }
    this.answeredAt ??= now;
    if (performance.now() - this.answeredAt > RELOAD_AFTER_MS) globalThis.location.reload();
  }
}
