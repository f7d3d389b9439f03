/** Which key mends what, where a verdict says that it can be mended. */
import type { Mend } from "@/shared/bindings";

export const MEND_KEYS: Record<Mend, string> = {
  give_pass: "F7",
  new_member: "F7",
  use_visit: "F8",
  unfreeze: "F8",
  book_class: "F8",
  let_in_once: "F9",
  give_points: "F4",
  sign_waiver: "F11",
  add_contact: "F11",
  add_photo: "F11",
  add_guardian: "F11",
};

/** What a key mends. Of several that share it, the first has it until it is mended. */
export const mendOf = (mends: Mend[], key: string): Mend | undefined =>
  mends.find((mend) => MEND_KEYS[mend] === key);

/** Those that have a key now. */
export const withKey = (mends: Mend[]): Mend[] =>
  mends.filter((mend) => mendOf(mends, MEND_KEYS[mend]) === mend);
