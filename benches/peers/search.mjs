// The same search with a library in memory.
//
//   node search.mjs minisearch|fuse MEMBERS QUERIES SECONDS
//
// MEMBERS: `name TAB phone TAB card`, a member a line. QUERIES: `kind TAB query`, a line each. Prints an
// object: how long it took to be ready (ms), memory (MiB), and of each kind the microseconds of each query
// and how many were found. A kind is given up after SECONDS.
import { readFileSync } from "node:fs";

const LIMIT = 20;
const [, , which, membersFile, queriesFile, seconds] = process.argv;
const lines = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean);
const backwards = (text) => [...text].reverse().join("");

const members = lines(membersFile).map((line, id) => {
  const [name, phone, card] = line.split("\t");
  return { id, name, phone, card };
});

const engines = {
  // Its words are found by their beginnings, so a phone is kept backwards too.
  async minisearch() {
    const { default: MiniSearch } = await import("minisearch");
    const index = new MiniSearch({
      fields: ["name", "phone", "card", "ending"],
      extractField: (member, field) =>
        field === "ending" ? backwards(member.phone) : String(member[field]),
      storeFields: ["name", "phone"],
    });
    index.addAll(members);
    const find = (query, fields) =>
      index.search(query, { prefix: true, fields }).slice(0, LIMIT).length;
    return (kind, query) => {
      if (kind === "phone, last 4") return find(backwards(query), ["ending"]);
      if (kind.startsWith("phone")) return find(query, ["phone"]);
      return find(query, [kind.startsWith("card") ? "card" : "name"]);
    };
  },
  async fuse() {
    const { default: Fuse } = await import("fuse.js");
    const over = (key) =>
      new Fuse(members, { keys: [key], useExtendedSearch: true });
    const [name, phone, card] = ["name", "phone", "card"].map(over);
    const find = (fuse, query) => fuse.search(query, { limit: LIMIT }).length;
    return (kind, query) => {
      // Ends with, equals, begins with.
      if (kind === "phone, last 4") return find(phone, `${query}$`);
      if (kind.startsWith("phone")) return find(phone, `=${query}`);
      if (kind === "card, first 5") return find(card, `^${query}`);
      if (kind.startsWith("card")) return find(card, `=${query}`);
      return find(name, `^${query}`);
    };
  },
};

const began = performance.now();
const ask = await engines[which]();
const ready = performance.now() - began;
const kinds = {};
for (const line of lines(queriesFile)) {
  const [kind, query] = line.split("\t");
  kinds[kind] ??= { micros: [], found: 0, spent: 0 };
  const here = kinds[kind];
  if (here.spent > Number(seconds) * 1e6) continue;
  const before = process.hrtime.bigint();
  here.found += ask(kind, query);
  const micros = Number((process.hrtime.bigint() - before) / 1000n);
  here.micros.push(micros);
  here.spent += micros;
}
const memory = Math.round(process.memoryUsage().rss / 1024 / 1024);
console.log(JSON.stringify({ ready: Math.round(ready), memory, kinds }));
