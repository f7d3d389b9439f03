/** The names that the till may send, read where they are written: in the sources of its crates. */
import { readdirSync, readFileSync } from "node:fs";

const CRATES = "../crates";
const read = (path: string) => readFileSync(`${CRATES}/${path}`, "utf8").split("#[cfg(test)]")[0]!;

function all(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))].sort();
}

/** What the functions called `code` of a file answer. */
export function codesIn(path: string): string[] {
  const bodies = read(path)
    .split(/pub fn code\(&?self\) -> &'static str \{/)
    .slice(1);
  return all(bodies.map((body) => body.split(/\n {4}\}/)[0]).join("\n"), /=> "(\w+)"/g);
}

/** What a hub may answer a call with. */
export const wireCodes = () => all(read("protocol/src/sync/refusal.rs"), /= "(\w+)" \d+,/g);

/** The kinds of fact. */
export const kinds = () => all(read("domain/src/fact.rs"), /^ {4}\d+ "(\w+)" /gm);

/** What sync tells people. */
export const notices = () => all(sources(), /notices::\w+\(\s*[\w.]+,\s*"(\w+)"/g);

function sources(): string {
  return ["domain/src", "till/src"]
    .flatMap((folder) =>
      readdirSync(`${CRATES}/${folder}`, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".rs") && !name.startsWith("bin/"))
        .map((name) => read(`${folder}/${name}`)),
    )
    .join("\n");
}

/** The fields that something may be wrong with: those said one by one, and those of the tables of checks. */
export function fields(): string[] {
  const text = sources();
  const said = all(text, /(?:BadInput\(|bad_input\(\s*|TooLong \{ field: )"(\w+)"/g);
  const tables = text.split(/let checks = \[/).slice(1);
  const checked = all(
    tables.map((table) => table.split(/\n {8}\];/)[0]).join("\n"),
    /\(\s*"(\w+)",/g,
  );
  const needs = /let needs = match[\s\S]*?\n {8}\};/.exec(text)?.[0] ?? "";
  return [...new Set([...said, ...checked, ...all(needs, /\("(\w+)",/g)])].sort();
}
