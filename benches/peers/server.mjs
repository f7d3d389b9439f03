// A server that PouchDB replicates with, on LevelDB like PouchDB itself; tells its port.
//
//   node server.mjs FOLDER
import { mkdirSync } from "node:fs";
import express from "express";
import answersFor from "express-pouchdb";
import PouchDB from "pouchdb";

const folder = `${process.argv[2]}/`;
mkdirSync(folder, { recursive: true });
const app = express();
const options = { mode: "minimumForPouchDB", inMemoryConfig: true };
app.use("/", answersFor(PouchDB.defaults({ prefix: folder }), options));
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${server.address().port}\n`);
});
