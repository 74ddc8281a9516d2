// After `next build`: plain names for dynamic pages, the policy's rules held, the budget kept, packed copies.
//   node scripts/after-build.mjs [--compress]
import fs from "node:fs";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const OUT = "out";
const BUDGET = { "index.html": 200_000, other: 250_000 }; // bytes of script, gzipped, that a page's HTML names
const RULES = [
  [/<script(?![^>]*\bsrc=)(?![^>]*\btype="application\/(?:json|ld\+json)")[^>]*>/i, "an inline script"],
  [/<style[\s>]/i, "an inline <style>"],
  [/<[a-z][^>]*\sstyle="/i, "a style attribute"],
  [/<[a-z][^>]*\son[a-z]+="/i, "an event handler in the markup"],
  [/<(?:script|link|img)\b[^>]*\b(?:src|href)="(?:https?:)?\/\//i, "something from another host"],
];
const PACKED = /\.(?:html|js|css|json|svg|txt)$/;

const files = () =>
  fs.readdirSync(OUT, { recursive: true }).filter((name) => fs.statSync(path.join(OUT, name)).isFile());

/** monitors/[id]/index.html → monitors/_/index.html: both servers look there for a path with a number in that place. */
function givePlainNames() {
  for (const name of files()) {
    if (!name.includes("[")) continue;
    const plain = name.replaceAll(/\[[^\]]+\]/g, "_");
    if (name.startsWith("_next"))
      throw new Error(`${name}: build with Turbopack; webpack puts brackets into names of scripts.`);
    if (fs.existsSync(path.join(OUT, plain))) throw new Error(`${name} and another page are both ${plain}.`);
    fs.mkdirSync(path.dirname(path.join(OUT, plain)), { recursive: true });
    fs.renameSync(path.join(OUT, name), path.join(OUT, plain));
  }
}

function dropEmptyFolders(folder = OUT) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const inner = path.join(folder, entry.name);
    dropEmptyFolders(inner);
    if (fs.readdirSync(inner).length === 0) fs.rmdirSync(inner);
  }
}

/** The scripts a page's HTML names; old browsers' polyfills are not loaded by today's. */
function scriptsOf(html) {
  const tags = [...html.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="([^"?]+\.js)"[^>]*>/gi)];
  return new Set(tags.filter((tag) => !/nomodule/i.test(tag[0])).map((tag) => tag[1]));
}

const sizes = new Map();
function packedSize(script) {
  if (!sizes.has(script)) sizes.set(script, gzipSync(fs.readFileSync(path.join(OUT, script)), { level: 9 }).length);
  return sizes.get(script);
}

/** The page's faults, as sentences. Prints its bytes of script. */
function judge(page) {
  const html = fs.readFileSync(path.join(OUT, page), "utf8");
  const faults = RULES.filter(([rule]) => rule.test(html)).map(
    ([rule, what]) => `${page} has ${what}: ${rule.exec(html)[0].slice(0, 80)}`,
  );
  const bytes = [...scriptsOf(html)].reduce((sum, script) => sum + packedSize(script), 0);
  const most = BUDGET[page] ?? BUDGET.other;
  if (bytes > most) faults.push(`${page} loads ${bytes} bytes of script; ${most} are its budget.`);
  console.log(`${String(bytes).padStart(8)}  ${page}`);
  return faults;
}

function pack(name) {
  const file = path.join(OUT, name);
  const body = fs.readFileSync(file);
  if (body.length < 1000) return;
  fs.writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }));
  fs.writeFileSync(`${file}.br`, brotliCompressSync(body));
}

/** What an open tab asks to learn that it is old. */
function nameTheBuild() {
  const build = fs.readFileSync(".next/BUILD_ID", "utf8").trim();
  fs.writeFileSync(path.join(OUT, "version.json"), `${JSON.stringify({ build })}\n`);
}

givePlainNames();
dropEmptyFolders();
nameTheBuild();
console.log("bytes of script, gzipped, by page");
const faults = files()
  .filter((name) => name.endsWith(".html"))
  .sort()
  .flatMap(judge);
if (process.argv.includes("--compress"))
  files()
    .filter((name) => PACKED.test(name))
    .forEach(pack);
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
