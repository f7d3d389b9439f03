// What a desk wrote offline goes to its server, and from there to a fresh desk.
//
//   node sync.mjs pouchdb FOLDER N           N check-ins: replicated to a server, and from it
//   node sync.mjs sqld FOLDER ROWS URL       the rows of a file, hex and tab apart: to sqld, and read back
//
// Prints {"pushed": microseconds, "fetched": microseconds, "count": what came back}.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** As many to a call as a till sends. */
const BATCH = 500;

const micros = (began) => Number((process.hrtime.bigint() - began) / 1000n);

async function timed(act) {
  const began = process.hrtime.bigint();
  const answer = await act();
  return [micros(began), answer];
}

const ways = {
  async pouchdb(folder, count) {
    const { default: PouchDB } = await import("pouchdb");
    const server = spawn(process.execPath, [
      fileURLToPath(new URL("server.mjs", import.meta.url)),
      `${folder}/server`,
    ]);
    const port = await new Promise((resolve) =>
      server.stdout.once("data", resolve),
    );
    const url = `http://127.0.0.1:${String(port).trim()}/visits`;
    const desk = new PouchDB(`${folder}/desk`);
    const options = { batch_size: BATCH };
    for (let n = 0; n < count; n += BATCH) {
      const ids = Array.from(
        { length: Math.min(BATCH, count - n) },
        (_, at) => `visit-${n + at}`,
      );
      await desk.bulkDocs(
        ids.map((id) => ({
          _id: id,
          kind: "visit",
          member: id,
          store: "静安店",
          at: Date.now(),
          verdict: "admit",
        })),
      );
    }
    const [pushed] = await timed(() => desk.replicate.to(url, options));
    const fresh = new PouchDB(`${folder}/fresh`);
    const [fetched] = await timed(() => fresh.replicate.from(url, options));
    const { doc_count: there } = await fresh.info();
    server.kill();
    return { pushed, fetched, count: there };
  },

  async sqld(_folder, file, url) {
    const rows = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    const call = async (requests) => {
      const body = JSON.stringify({
        requests: [...requests, { type: "close" }],
      });
      const answer = await fetch(`${url}/v2/pipeline`, {
        method: "POST",
        body,
      });
      const { results } = await answer.json();
      const failed = results.find((result) => result.type === "error");
      if (failed) throw new Error(JSON.stringify(failed));
      return results;
    };
    const execute = (sql, args = []) => ({
      type: "execute",
      stmt: { sql, args },
    });
    const blob = (hex) => ({
      type: "blob",
      base64: Buffer.from(hex, "hex").toString("base64"),
    });
    const columns = "header BLOB, salt BLOB, payload BLOB";
    await call([
      execute(`CREATE TABLE log (position INTEGER PRIMARY KEY, ${columns})`),
    ]);
    const insert = "INSERT INTO log (header, salt, payload) VALUES (?, ?, ?)";
    const [pushed] = await timed(async () => {
      for (let n = 0; n < rows.length; n += BATCH) {
        const batch = rows
          .slice(n, n + BATCH)
          .map((row) => execute(insert, row.map(blob)));
        await call([execute("BEGIN"), ...batch, execute("COMMIT")]);
      }
    });
    const [fetched, count] = await timed(async () => {
      let read = 0;
      for (;;) {
        const sql = `SELECT * FROM log WHERE position > ? ORDER BY position LIMIT ${BATCH}`;
        const [page] = await call([
          execute(sql, [{ type: "integer", value: String(read) }]),
        ]);
        const found = page.response.result.rows.length;
        if (found === 0) return read;
        read += found;
      }
    });
    return { pushed, fetched, count };
  },
};

const [, , which, folder, what, url] = process.argv;
const told = await ways[which](
  folder,
  which === "pouchdb" ? Number(what) : what,
  url,
);
process.stdout.write(JSON.stringify(told));
process.exit(0);
