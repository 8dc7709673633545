// Lays out the wall: title and clock, tiles, two columns, the map's place, ages of the feeds.

import { dress, element, fitText, keep, write } from "./dom.ts";
import { fillPanel, newPanel, type BoardValue, type Feed, type Panel, type Tile } from "./panels.ts";

/** Sizes that a title, a key number and other texts never go below. */
const TITLE_PX = 60;
const KEY_PX = 122;
const SMALL_PX = 36;
const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const TWO_DAYS_MINUTES = 2 * 24 * HOUR_MINUTES;

export class Board {
  readonly mapSlot = element("div", "gb-wall-map");
  private readonly title = element("h1", "gb-wall-title");
  private readonly subtitle = element("div", "gb-wall-sub");
  private readonly notice = element("div", "gb-wall-notice");
  private readonly day = element("div", "gb-wall-day");
  private readonly time = element("div", "gb-wall-time");
  private readonly tiles = element("div", "gb-tiles-row");
  private readonly left = element("div", "gb-column");
  private readonly scenes = element("div", "gb-scenes");
  private readonly feedsTitle = element("div", "gb-feeds-title");
  private readonly feeds = element("div", "gb-feeds");
  private readonly warning = element("div", "gb-banner");
  private rev = "";
  private clock: { key: string; day: Intl.DateTimeFormat; time: Intl.DateTimeFormat } | null = null;

  constructor(canvas: HTMLElement) {
    const head = element("div", "gb-wall-head");
    const names = element("div", "gb-wall-names");
    const clock = element("div", "gb-wall-clock");
    names.append(this.title, this.subtitle);
    clock.append(this.time, this.day);
    head.append(this.notice, names, clock);
    const body = element("main", "gb-wall-body");
    body.append(this.left, this.mapSlot, this.scenes);
    const foot = element("div", "gb-wall-foot");
    foot.append(this.feedsTitle, this.feeds);
    this.warning.hidden = true;
    this.warning.setAttribute("role", "alert");
    canvas.append(head, this.tiles, body, foot, this.warning);
  }

  /** Brings everything in step with a value; nothing at all when its revision is known. */
  draw(value: BoardValue): void {
    if (value.rev === this.rev) return;
    this.rev = value.rev;
    write(this.title, value.title);
    fitText(this.title, TITLE_PX);
    write(this.subtitle, value.subtitle);
    write(this.notice, value.notice);
    this.notice.classList.toggle("is-empty", value.notice === "");
    write(this.feedsTitle, value.words.feeds);
    if (value.tiles.length > 0) this.drawPicture(value);
    keep(this.feeds, value.feeds, newFeed, () => {});
  }

  private drawPicture(value: BoardValue): void {
    keep(this.tiles, value.tiles, newTile, fillTile);
    keep(this.left, value.left, newPanel, fillPanel);
    keep(this.scenes, value.scenes, newScene, (box, scene) => {
      const [title, body] = [...box.children] as [HTMLElement, HTMLElement];
      write(title, scene.title);
      keep(body, scene.panels, newPanel, fillPanel);
    });
  }

  /** Shows a scene, and the next ones in turn where there is room for several. */
  showScenes(key: string, room: number): void {
    const all = [...this.scenes.children] as HTMLElement[];
    const first = all.findIndex((scene) => scene.dataset["key"] === key);
    all.forEach((scene, i) => {
      const after = (i - first + all.length) % all.length;
      scene.classList.toggle("is-on", first >= 0 && after < room);
    });
  }

  /** What changes with time alone: the clock and the ages. */
  tell(value: BoardValue, now: number): void {
    const key = `${value.language}|${value.tz}`;
    if (this.clock?.key !== key) this.clock = clockOf(key, value);
    write(this.time, this.clock.time.format(now));
    write(this.day, this.clock.day.format(now));
    value.feeds.forEach((feed, i) => {
      const child = this.feeds.children[i];
      if (child instanceof HTMLElement) tellFeed(child, feed, value, now);
    });
  }

  banner(value: BoardValue, state: string, pictureMs: number | null): void {
    this.warning.hidden = state === "live";
    if (state === "live" || !this.clock) return;
    const at = pictureMs === null ? "—" : this.clock.time.format(pictureMs).slice(0, 5);
    const text = state === "lost" ? value.words.lost : (value.fault ?? "");
    write(this.warning, `✕ ${text.replace("{time}", at)}`);
  }
}

function clockOf(key: string, value: BoardValue) {
  const tag = value.language === "zh" ? "zh-CN" : "en-GB";
  const zone = { timeZone: value.tz };
  return {
    key,
    day: new Intl.DateTimeFormat(tag, {
      ...zone, year: "numeric", month: "long", day: "numeric", weekday: "long",
    }),
    time: new Intl.DateTimeFormat(tag, {
      ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    }),
  };
}

function newTile(): HTMLElement {
  const made = element("div", "gb-tile");
  made.append(
    element("div", "gb-tile-label"),
    element("div", "gb-tile-value"),
    element("div", "gb-tile-note"),
  );
  return made;
}

function fillTile(box: HTMLElement, tile: Tile): void {
  const [label, value, note] = [...box.children] as [HTMLElement, HTMLElement, HTMLElement];
  dress(box, tile.state ? `gb-tile is-${tile.state}` : "gb-tile");
  write(label, tile.sign ? `${tile.sign} ${tile.label}` : tile.label);
  write(value, tile.value);
  write(note, tile.note);
  fitText(label, SMALL_PX);
  fitText(value, KEY_PX);
  fitText(note, SMALL_PX);
}

function newScene(scene: { key: string; panels: Panel[] }): HTMLElement {
  const made = element("div", "gb-scene");
  made.append(element("div", "gb-scene-title"), element("div", "gb-column"));
  made.setAttribute("aria-label", scene.key);
  return made;
}

function newFeed(): HTMLElement {
  const made = element("div", "gb-feed");
  made.append(element("span", "gb-feed-sign"), element("span", "gb-feed-text"));
  return made;
}

function tellFeed(box: HTMLElement, feed: Feed, value: BoardValue, now: number): void {
  const { words } = value;
  const minutes = feed.at_ms === null ? null : Math.max(0, Math.floor((now - feed.at_ms) / MINUTE_MS));
  const isOver = minutes === null || minutes >= feed.limit_minutes;
  const age = minutes === null ? words.never : span(minutes, value);
  const [sign, text] = [...box.children] as [Element, Element];
  dress(box, isOver ? "gb-feed is-over" : "gb-feed");
  write(sign, isOver ? "▲" : "●");
  const about = (isOver ? words.over : words.within).replace("{limit}", span(feed.limit_minutes, value));
  const limit = minutes === null ? "" : about;
  write(text, `${feed.label} ${age}${limit}`);
}

function span(minutes: number, { words }: BoardValue): string {
  if (minutes < HOUR_MINUTES) return words.ago_minutes.replace("{n}", String(minutes));
  if (minutes < TWO_DAYS_MINUTES) {
    return words.ago_hours.replace("{n}", String(Math.floor(minutes / HOUR_MINUTES)));
  }
  return words.ago_days.replace("{n}", String(Math.floor(minutes / (24 * HOUR_MINUTES))));
}
