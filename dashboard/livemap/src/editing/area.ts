// Measures areas on the ellipsoid in square metres, quick enough for every move of the hand. Pure.

const SEMI_MAJOR_M = 6_378_137;
const E2 = 0.006_694_380_022_900_788;
const E = Math.sqrt(E2);
const RADIANS = Math.PI / 180;

/** Twice the area between equator and latitude over one radian, in units of the semi-major axis. */
function zone(latitude: number): number {
  const s = Math.sin(latitude * RADIANS);
  const first = s / (1 - E2 * s * s);
  return (1 - E2) * (first - Math.log((1 - E * s) / (1 + E * s)) / (2 * E));
}

/** Area of a ring that is not closed, in m²; edges are straight in longitude and that zone. */
export function ringArea(ring: readonly number[], lon: readonly number[], lat: readonly number[]): number {
  const n = ring.length;
  if (n < 3) return 0;
  const [lon0, zone0] = [lon[ring[0] as number] as number, zone(lat[ring[0] as number] as number)];
  let sum = 0;
  let [x, z] = [0, 0];
  for (let k = 1; k <= n; k += 1) {
    const v = ring[k % n] as number;
    const nextX = ((lon[v] as number) - lon0) * RADIANS;
    const nextZ = zone(lat[v] as number) - zone0;
    sum += x * nextZ - nextX * z;
    [x, z] = [nextX, nextZ];
  }
  return (Math.abs(sum) * SEMI_MAJOR_M * SEMI_MAJOR_M) / 4;
}
