/** A pairing code as it is printed: groups of four, and what is easily mistyped put right. */
import { DeskError } from "./ipc";

const LETTERS = 16;
const GROUP = 4;
/** The alphabet has no O, I and L, because they look like these. */
const MEANT: Record<string, string> = { O: "0", I: "1", L: "1" };

function lettersOf(typed: string): string {
  return typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .replace(/[OIL]/g, (letter) => MEANT[letter]!);
}

/** Whatever was typed or pasted, as `ABCD-EFGH-JKMN-PQRS`. */
export function groupCode(typed: string): string {
  return (
    lettersOf(typed)
      .slice(0, LETTERS)
      .match(/.{1,4}/g)
      ?.join("-") ?? ""
  );
}

/** Where the cursor belongs once the text is grouped: behind the same letter as before. */
export function caretIn(typed: string, caret: number): number {
  const letters = Math.min(LETTERS, lettersOf(typed.slice(0, caret)).length);
  return letters === 0 ? 0 : letters + Math.floor((letters - 1) / GROUP);
}

/** Whoever joins has no business yet; a hub that has none either has nothing to join. */
export function joinFailure(thrown: unknown): DeskError {
  const failure = DeskError.from(thrown);
  if (failure.code !== "other_business") return failure;
  return new DeskError("hub_empty", failure.message, failure.args);
}

/** Which box of the form an error belongs to. */
export const PAIR_CODES: Record<string, string> = {
  hub_unreachable: "hub",
  wrong_hub: "hub",
  other_business: "hub",
  hub_empty: "hub",
  bad_code: "code",
  name_missing: "till",
};
