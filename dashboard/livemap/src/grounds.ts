// Keeps the shapes that stand on this page, and holds scenes back until theirs have come.

import { type Ground, groundOf, Scene } from "./wire.ts";

type Show = (scene: Scene) => void;

/** By the element that brought it: a ground goes when its element leaves the page. */
const grounds = new Map<Element, Ground>();
/** By the place where it will be shown: a newer scene takes the place of one that still waits. */
const waiting = new Map<object, { scene: Scene; show: Show }>();

/** Keeps a ground; false for bytes that are none. */
export function keepGround(bytes: Uint8Array, anchor: Element): boolean {
  const ground = groundOf(bytes);
  if (!ground) return false;
  for (const old of grounds.keys()) if (!old.isConnected) grounds.delete(old);
  grounds.set(anchor, ground);
  for (const [place, { scene, show }] of waiting) {
    scene.stand(ground);
    if (!scene.isWhole) continue;
    waiting.delete(place);
    show(scene);
  }
  return true;
}

/** Shows a scene as soon as its shapes are there. */
export function whenWhole(place: object, scene: Scene, show: Show): void {
  waiting.delete(place);
  for (const ground of grounds.values()) scene.stand(ground);
  if (scene.isWhole) show(scene);
  else waiting.set(place, { scene, show });
}

/** Forgets a scene that waits for a place which has left the page. */
export function forget(place: object): void {
  waiting.delete(place);
}
