// One hash over the names and contents of files and folders: the same sources are the same build. Tests do not count.
//   node scripts/hash.mjs PATH …
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const hash = createHash("sha256");
const under = (place) =>
  fs.statSync(place).isDirectory()
    ? fs
        .readdirSync(place)
        .sort()
        .flatMap((name) => under(path.join(place, name)))
    : [place];

for (const file of process.argv.slice(2).flatMap(under)) {
  if (/\.test\.tsx?$/.test(file)) continue;
  hash.update(`${file}\0`).update(fs.readFileSync(file));
}
console.log(hash.digest("hex").slice(0, 16));
