// One store of a desk's check-ins, told what to do line by line.
//
//   node store.mjs pouchdb|nedb FOLDER write   each line is written as one check-in, and told back
//   node store.mjs pouchdb|nedb FOLDER list    what is there, an id a line, then `end`
//   node store.mjs pouchdb|nedb FOLDER time N  N check-ins after another: microseconds, a line each
import { createInterface } from "node:readline";

/** A check-in as such a desk keeps it. */
const visit = (id) => ({
  _id: id,
  kind: "visit",
  member: id.slice(0, 8),
  store: "静安店",
  at: Date.now(),
  verdict: "admit",
});

const stores = {
  async pouchdb(folder) {
    const { default: PouchDB } = await import("pouchdb");
    const db = new PouchDB(`${folder}/pouch`);
    // Opening is put off until the first use.
    await db.info();
    return {
      write: (id) => db.put(visit(id)),
      list: async () => (await db.allDocs()).rows.map((row) => row.id),
    };
  },
  async nedb(folder) {
    const { default: Datastore } = await import("@seald-io/nedb");
    const db = new Datastore({ filename: `${folder}/visits.nedb` });
    await db.loadDatabaseAsync();
    return {
      write: (id) => db.insertAsync(visit(id)),
      list: async () => (await db.findAsync({})).map((doc) => doc._id),
    };
  },
};

const [, , which, folder, act, count] = process.argv;
// Where standard output is a pipe, a line is on its way when this returns.
const tell = (line) => process.stdout.write(`${line}\n`);
const store = await stores[which](folder);

if (act === "list") {
  for (const id of await store.list()) tell(id);
  tell("end");
  process.exit(0);
} else if (act === "time") {
  for (let n = 0; n < Number(count); n += 1) {
    const id = `${process.pid}-${Date.now()}-${n}`;
    const began = process.hrtime.bigint();
    await store.write(id);
    tell((process.hrtime.bigint() - began) / 1000n);
  }
  process.exit(0);
} else {
  tell("open");
  for await (const id of createInterface({ input: process.stdin })) {
    try {
      await store.write(id);
      tell(id);
    } catch (error) {
      tell(`failed ${error.message}`);
    }
  }
}
