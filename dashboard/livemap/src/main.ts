// Is mounted by Streamlit: runs at every change of its data and brings the one map up to date.

import { forget, keepGround, whenWhole } from "./grounds.ts";
import { LiveMap } from "./map.ts";
import type { BoardValue } from "./panels.ts";
import { Wall } from "./wall.ts";
import { Scene } from "./wire.ts";

declare const LIVEMAP_CSS: string;
declare const WALL_CSS: string;

interface Component {
  data: unknown;
  parentElement: HTMLElement | ShadowRoot;
  setStateValue(name: string, value: unknown): void;
  setTriggerValue(name: string, value: unknown): void;
}

const maps = new WeakMap<Element, LiveMap>();

export default function mount(component: Component): () => void {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  if (data instanceof Uint8Array && keepGround(data, anchorIn(parentElement))) return () => {};
  if (mountOnWall(data, parentElement)) return () => {};
  let root = parentElement.querySelector<HTMLElement>(":scope > .gb-map");
  if (!root) {
    const style = document.createElement("style");
    style.textContent = LIVEMAP_CSS;
    root = document.createElement("div");
    root.className = "gb-map";
    parentElement.append(style, root);
  }
  const answers = {
    selected: (code: string | null) => setStateValue("selected", code),
    picked: (recordId: string) => setTriggerValue("picked", recordId),
    view: (view: unknown) => setStateValue("view", view),
    placed: (place: readonly [number, number]) => setStateValue("placed", place),
    edited: (message: unknown) => setTriggerValue("edited", message),
  };
  const held = root;
  if (data instanceof Uint8Array) {
    whenWhole(held, new Scene(data), (whole) => show(held, whole, answers));
  }
  // Called when the map leaves the page, perhaps also between two updates: only the first counts.
  return () => {
    setTimeout(() => {
      if (held.isConnected) return;
      forget(held);
      maps.get(held)?.destroy();
      maps.delete(held);
    });
  };
}

/** An element of ours that says, by standing in the page, that this mount still does. */
function anchorIn(parentElement: HTMLElement | ShadowRoot): Element {
  const held = parentElement.querySelector(":scope > .gb-anchor");
  if (held) return held;
  const anchor = document.createElement("div");
  anchor.className = "gb-anchor";
  parentElement.append(anchor);
  return anchor;
}

/** A board, or a map without controls, goes to the one wall of the page. */
function mountOnWall(data: unknown, parentElement: HTMLElement | ShadowRoot): boolean {
  const isMap = data instanceof Uint8Array;
  const board = (data as { board?: BoardValue } | null)?.board;
  if (!isMap && board === undefined) return false;
  const scene = isMap ? new Scene(data) : null;
  if (scene && !scene.header.kiosk) return false;
  const wall = Wall.of(LIVEMAP_CSS + WALL_CSS);
  wall.attach(anchorIn(parentElement));
  if (scene) whenWhole(wall, scene, (whole) => wall.showMap(whole));
  else wall.showBoard(board as BoardValue);
  return true;
}

function show(root: HTMLElement, scene: Scene, answers: LiveMap["answers"]): void {
  let map = maps.get(root);
  if (!map) {
    root.style.height = `${scene.header.height_px}px`;
    map = new LiveMap(root, answers);
    maps.set(root, map);
  }
  map.answers = answers;
  map.update(scene);
}
