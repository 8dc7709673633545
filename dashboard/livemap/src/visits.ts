// Takes a wall's map to where an incident has just arrived, and back again by itself.

import { element, write } from "./dom.ts";
import type { LiveMap } from "./map.ts";

export interface Arrival {
  /** Rises with every incident that is written. */
  n: number;
  code: string;
  text: string;
}

/** More are not shown one after another: the round of scenes goes on. */
const MOST_WAITING = 3;

/** Which arrivals are new: those above the highest number known; all are known at first. */
export class News {
  private highest: number | null = null;

  take(arrivals: readonly Arrival[]): Arrival[] {
    const known = this.highest;
    if (arrivals.length > 0) this.highest = Math.max(...arrivals.map((one) => one.n));
    else this.highest ??= 0;
    if (known === null) return [];
    return arrivals.filter((one) => one.n > known).sort((a, b) => a.n - b.n);
  }
}

export class Visits {
  private readonly news = new News();
  private readonly caption = element("div", "gb-arrival");
  private waiting: Arrival[] = [];
  private untilMs: number | null = null;

  constructor(slot: HTMLElement) {
    this.caption.hidden = true;
    this.caption.setAttribute("role", "status");
    slot.append(this.caption);
  }

  get isOn(): boolean {
    return this.untilMs !== null;
  }

  /** Takes over what has arrived; nothing is shown for no seconds. */
  note(arrivals: readonly Arrival[], seconds: number): void {
    const fresh = this.news.take(arrivals);
    if (seconds > 0) this.waiting = [...this.waiting, ...fresh].slice(-MOST_WAITING);
  }

  /** Begins, goes on with or ends a visit; answers whether that changed. */
  tick(map: LiveMap | null, seconds: number, nowMs: number): boolean {
    if (!map || (this.untilMs !== null && nowMs < this.untilMs)) return false;
    const next = this.waiting.shift();
    if (next && seconds > 0 && map.visit(next.code)) {
      write(this.caption, `◉ ${next.text}`);
      this.caption.hidden = false;
      this.untilMs = nowMs + seconds * 1000;
      return true;
    }
    if (this.untilMs === null) return false;
    map.home();
    this.caption.hidden = true;
    this.untilMs = null;
    return true;
  }
}
