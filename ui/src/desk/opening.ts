/**
 * What the window asks the shell while it opens. The two questions are asked together, and before the
 * page is put together (`ask-first.ts`), so that neither waits for the other or for the page.
 */
import * as ipc from "./ipc";

interface Asked {
  status: ReturnType<typeof ipc.status>;
  staff: ReturnType<typeof ipc.staffList>;
}

let asked: Asked | null = null;

function ask(): Asked {
  const questions = { status: ipc.status(), staff: ipc.staffList() };
  // Whoever takes the answers says what is wrong; until then nobody is told of it twice.
  for (const answer of Object.values(questions)) answer.catch(() => undefined);
  return questions;
}

/** Asks ahead. */
export function askFirst(): void {
  asked = ask();
}

/** What was asked ahead, once; asked now where nothing was. */
export function takeAsked(): Asked {
  const taken = asked ?? ask();
  asked = null;
  return taken;
}

let opened: () => void = () => undefined;
const opening = new Promise<void>((resolve) => (opened = resolve));

/** The window shows something: what comes next may be read now. */
export function hasOpened(): void {
  opened();
}

/** What somebody who is signed in sees first, read once the window has opened. */
export async function shell() {
  await opening;
  return import("./shell");
}
