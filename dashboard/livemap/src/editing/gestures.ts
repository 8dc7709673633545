// Turns mouse, pen and touch into presses, drags and taps; lets the map have what nobody wants.

export interface Pixel {
  x: number;
  y: number;
}

export interface Hand {
  /** Whether a press here takes hold of something. */
  press(at: Pixel, reachPx: number): boolean;
  drag(at: Pixel): void;
  release(): void;
  /** The press was taken away (a second finger, a lost window). */
  drop(): void;
  hover(at: Pixel): void;
  /** Whether a tap here is ours; the map's own click otherwise. */
  tap(at: Pixel): boolean;
  double(): boolean;
  /** The map must keep still, or may move again. */
  hold(isHeld: boolean): void;
}

const MOUSE_REACH_PX = 9;
const TOUCH_REACH_PX = 24;
const LONG_PRESS_MS = 380;
const STILL_PX = 8;
const CONTROLS = ".leaflet-control, .gb-panel, .gb-tools";

export class Gestures {
  private readonly pane: HTMLElement;
  private readonly hand: Hand;
  private readonly off = new AbortController();
  private held: number | null = null;
  private start: Pixel | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private swallows = false;
  private wandered = false;

  constructor(pane: HTMLElement, hand: Hand) {
    this.pane = pane;
    this.hand = hand;
    const options = { capture: true, signal: this.off.signal };
    const on = <K extends keyof HTMLElementEventMap>(
      names: K[],
      hear: (event: HTMLElementEventMap[K]) => void,
    ): void => {
      for (const name of names) pane.addEventListener(name, hear as EventListener, options);
    };
    on(["pointerdown"], (event) => this.down(event));
    on(["pointermove"], (event) => this.moved(event));
    on(["pointerup"], (event) => this.up(event));
    on(["pointercancel", "lostpointercapture"], (event) => this.lost(event));
    on(["mousedown", "touchstart"], (event) => {
      if (this.held === null) return;
      event.stopPropagation();
      event.preventDefault(); // or the browser selects text along the way
    });
    on(["click"], (event) => this.clicked(event));
    on(["dblclick"], (event) => {
      if (!isControl(event) && this.hand.double()) event.stopPropagation();
    });
    on(["contextmenu"], (event) => {
      if (this.held !== null) event.preventDefault();
    });
  }

  remove(): void {
    clearTimeout(this.timer);
    this.off.abort();
  }

  private at(event: MouseEvent): Pixel {
    const box = this.pane.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private down(event: PointerEvent): void {
    if (isControl(event) || event.button !== 0) return;
    clearTimeout(this.timer);
    if (this.held !== null) return;
    if (!event.isPrimary) {
      this.start = null;
      return;
    }
    const at = this.at(event);
    this.start = at;
    this.swallows = false;
    this.wandered = false;
    if (event.pointerType !== "touch") {
      if (this.hand.press(at, MOUSE_REACH_PX)) this.take(event);
      return;
    }
    // A finger that rests takes hold; one that moves on moves the map.
    this.timer = setTimeout(() => {
      if (this.start && this.hand.press(this.start, TOUCH_REACH_PX)) this.take(event);
    }, LONG_PRESS_MS);
  }

  private take(event: PointerEvent): void {
    this.held = event.pointerId;
    this.hand.hold(true);
    if (event.pointerType !== "touch") event.stopPropagation();
    else globalThis.navigator.vibrate?.(15);
    try {
      this.pane.setPointerCapture(event.pointerId);
    } catch {
      // the pointer went up in the same moment: its end comes by itself
    }
    this.pane.focus({ preventScroll: true });
  }

  private moved(event: PointerEvent): void {
    const at = this.at(event);
    if (this.start && Math.hypot(at.x - this.start.x, at.y - this.start.y) > STILL_PX) {
      this.wandered = true;
      clearTimeout(this.timer);
    }
    if (this.held === event.pointerId) {
      event.stopPropagation();
      this.hand.drag(at);
    } else if (this.held === null && event.pointerType !== "touch" && !isControl(event)) {
      this.hand.hover(at);
    }
  }

  private up(event: PointerEvent): void {
    clearTimeout(this.timer);
    this.start = null;
    if (this.held !== event.pointerId) return;
    event.stopPropagation();
    this.end();
    this.swallows = true;
    this.hand.release();
  }

  private lost(event: PointerEvent): void {
    clearTimeout(this.timer);
    if (this.held !== event.pointerId) return;
    this.end();
    this.hand.drop();
  }

  private end(): void {
    this.held = null;
    this.hand.hold(false);
  }

  private clicked(event: MouseEvent): void {
    if (isControl(event)) return;
    const isSwallowed = this.swallows;
    this.swallows = false;
    if (isSwallowed || (!this.wandered && this.hand.tap(this.at(event)))) event.stopPropagation();
  }
}

const isControl = (event: Event): boolean =>
  event.target instanceof Element && event.target.closest(CONTROLS) !== null;
