// Checks the reader against bytes put together by hand, and which arrivals are news to a wall.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clip } from "./clip.ts";
import { forget, keepGround, whenWhole } from "./grounds.ts";
import { News } from "./visits.ts";
import { cut, type GridHead, Scene } from "./wire.ts";

function packed(header: unknown, body: Uint8Array, shift = 0): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((8 + head.length) / 8) * 8;
  const whole = new Uint8Array(new ArrayBuffer(shift + start + body.length), shift);
  whole.set(new TextEncoder().encode("GBM1"));
  new DataView(whole.buffer, shift).setUint32(4, head.length, true);
  whole.set(head, 8);
  whole.set(body, start);
  return whole;
}

const layer = {
  id: "grids",
  kind: "grid",
  arrays: { xy: ["f4", 0, 8], rings: ["u4", 32, 1], parts: ["u4", 40, 1], shapes: ["u4", 48, 2] },
} as unknown as GridHead;
const header = { version: 1, origin: [116, 40], layers: [layer], as_of: "数据截至今日 <b>" };

function body(): Uint8Array {
  const buffer = new ArrayBuffer(56);
  new Float32Array(buffer, 0, 8).set([0, 0, 0.5, 0, 0.5, 0.25, Number.NaN, Number.NaN]);
  new Uint32Array(buffer, 32, 1).set([4]);
  new Uint32Array(buffer, 40, 1).set([1]);
  new Uint32Array(buffer, 48, 2).set([1, 0]);
  return new Uint8Array(buffer);
}

test("a scene is read from any place in a buffer", () => {
  for (const shift of [0, 3]) {
    const scene = new Scene(packed(header, body(), shift));
    assert.equal(scene.header.as_of, "数据截至今日 <b>");
    assert.deepEqual(scene.places(layer, "xy"), [[40, 116], [40, 116.5], [40.25, 116.5], null]);
    assert.equal(scene.areas(layer).length, 2);
    assert.deepEqual(scene.areas(layer)[1], []);
  }
});

test("other bytes and other versions are refused", () => {
  assert.throws(() => new Scene(new Uint8Array(16)), /not a packed map scene/);
  assert.throws(() => new Scene(packed({ ...header, version: 2 }, body())), /another version/);
});

function groundBytes(key: string): Uint8Array {
  const made = new Uint8Array(24 + 56);
  made.set(new TextEncoder().encode("GBG1"));
  made.set(new TextEncoder().encode(key), 8);
  made.set(body(), 24);
  return made;
}

/** The header of a scene whose arrays stand in grounds of these keys. */
function standing(where: (name: string) => number, grounds: string[]): typeof header {
  const arrays = Object.fromEntries(
    Object.entries(layer.arrays).map(([name, entry]) => [name, [...entry, where(name)]]),
  );
  return { ...header, layers: [{ ...layer, arrays } as GridHead], grounds } as typeof header;
}

test("a scene waits for all its grounds, and those that stay need not come again", () => {
  const [still, first, second] = ["a", "b", "c"].map((sign) => sign.repeat(16)) as [string, string, string];
  const place = {};
  const shown: string[] = [];
  const anchors = [{ isConnected: true }, { isConnected: true }] as unknown as [Element, Element];
  const ask = (as_of: string, edited: string): void => {
    const head = standing((name) => (name === "xy" ? 1 : 0), [still, edited]);
    whenWhole(place, new Scene(packed({ ...head, as_of }, new Uint8Array(0))), (scene) => {
      const grids = scene.header.layers[0] as GridHead;
      shown.push(`${scene.header.as_of} ${scene.areas(grids)[0]?.[0]?.[0]?.length}`);
    });
  };
  ask("first", first);
  keepGround(groundBytes(first), anchors[1]);
  assert.deepEqual(shown, []);
  keepGround(groundBytes(still), anchors[0]);
  assert.deepEqual(shown, ["first 4"]);
  ask("second", second);
  assert.deepEqual(shown, ["first 4"]);
  keepGround(groundBytes(second), anchors[1]);
  assert.deepEqual(shown, ["first 4", "second 4"]);
});

test("a scene waits for its own ground, and the newest one is shown", () => {
  const key = "0123456789abcdef";
  const apart = standing(() => 0, [key]);
  const place = {};
  const shown: string[] = [];
  const ask = (as_of: string): void =>
    whenWhole(place, new Scene(packed({ ...apart, as_of }, new Uint8Array(0))), (scene) => {
      const head = scene.header.layers[0] as GridHead;
      shown.push(`${scene.header.as_of} ${scene.areas(head)[0]?.[0]?.[0]?.length}`);
    });
  const anchor = { isConnected: true } as Element;
  assert.equal(keepGround(packed(header, body()), anchor), false);
  ask("first");
  ask("second");
  assert.equal(keepGround(groundBytes("f".repeat(16)), anchor), true);
  assert.deepEqual(shown, []);
  assert.equal(keepGround(groundBytes(key), anchor), true);
  ask("third");
  assert.deepEqual(shown, ["second 4", "third 4"]);
  (anchor as { isConnected: boolean }).isConnected = false;
  keepGround(groundBytes("e".repeat(16)), { isConnected: true } as Element);
  ask("fourth");
  forget(place);
  keepGround(groundBytes(key), { isConnected: true } as Element);
  assert.deepEqual(shown, ["second 4", "third 4"]);
});

test("an unknown array is named", () => {
  const scene = new Scene(packed(header, body()));
  assert.throws(() => scene.numbers(layer, "colour"), /grids has no array colour/);
});

test("lists are cut by sizes", () => {
  assert.deepEqual(cut(["a", "b", "c"], new Uint32Array([1, 0, 2])), [["a"], [], ["b", "c"]]);
});

test("long names are cut between characters, short ones stay", () => {
  assert.equal(clip("North side"), "North side");
  assert.equal(clip("一二三四五六七八九十一二三四"), "一二三四五六七八九十一二三四");
  assert.equal(clip("一二三四五六七八九十一二三四五"), "一二三四五六七八九十一二三…");
  assert.equal(clip("𠮷".repeat(15)), `${"𠮷".repeat(13)}…`);
});

test("arrivals are news above the highest number known, and none at first", () => {
  const one = (n: number) => ({ n, code: `g${n}`, text: "" });
  const news = new News();
  assert.deepEqual(news.take([one(7), one(5)]), []);
  assert.deepEqual(news.take([one(7), one(5)]), []);
  assert.deepEqual(news.take([one(9), one(8), one(7)]).map(({ n }) => n), [8, 9]);
  assert.deepEqual(news.take([one(8), one(7), one(5)]), []); // the newest was deleted
  assert.deepEqual(news.take([]), []);
  assert.deepEqual(news.take([one(9)]).map(({ n }) => n), [9]);
  const empty = new News();
  assert.deepEqual(empty.take([]), []);
  assert.deepEqual(empty.take([one(1)]).map(({ n }) => n), [1]);
});
