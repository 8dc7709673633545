// Builds dist/: the component, what the stand-alone pages inline, and their licences.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");
const packages = ["leaflet"];
const inlined = ["leaflet/dist/leaflet.js"];

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const bundleCss = async (stdin) => {
  const made = await build({
    stdin: { contents: stdin, resolveDir: path.join(here, "src"), loader: "css" },
    bundle: true,
    minify: true,
    write: false,
    loader: { ".png": "dataurl" },
    logLevel: "warning",
  });
  return made.outputFiles[0].text;
};

const bundleJs = async (css, wallCss) => {
  const made = await build({
    entryPoints: [path.join(here, "src/main.ts")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    define: { LIVEMAP_CSS: JSON.stringify(css), WALL_CSS: JSON.stringify(wallCss) },
    legalComments: "eof",
    logLevel: "warning",
  });
  return made.outputFiles[0].text;
};

const licences = async () => {
  const held = [];
  for (const name of packages) {
    const folder = path.join(here, "node_modules", name);
    const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const text = await readFile(path.join(folder, "LICENSE"), "utf8");
    held.push({ name, version: about.version, licence: about.license, text });
  }
  return held;
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const files = {};
const put = async (name, text) => {
  await writeFile(path.join(dist, name), text);
  files[name] = sha256(text);
};

const js = await bundleJs(
  await bundleCss('@import "./livemap.css";'),
  await bundleCss('@import "./wall.css";'),
);
await put(`livemap-${sha256(js).slice(0, 12)}.js`, js);
await put("leaflet.css", await bundleCss('@import "leaflet/dist/leaflet.css";'));
for (const source of inlined) {
  const text = await readFile(path.join(here, "node_modules", source), "utf8");
  await put(path.basename(source), text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"));
}
const manifest = { packages: await licences(), files };
await writeFile(path.join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
