/** Whether the code on the member's phone is asked for, for which redemption, and what was wrong with the
 * last one that was said. */
import { shallowRef } from "vue";
import type { DeskError } from "../ipc";
import { useText } from "./useText";

/** How the redemption goes that a code is asked for. */
interface Way {
  onTrust: boolean;
  later: boolean;
}

const CODES = ["code_needed", "code_wrong", "code_used", "code_locked", "no_code_set"];

export function useAskedCode() {
  const { error } = useText();
  /** Null: it is not asked for. */
  const asked = shallowRef<Way | null>(null);
  const problem = shallowRef<string | null>(null);

  function ask(way: Way | null): void {
    asked.value = way;
    problem.value = null;
  }

  /** Takes a refusal that is about the code, and says it where the code is typed; false: it is not. */
  function refused(thrown: DeskError, way: Way): boolean {
    if (!CODES.includes(thrown.code)) return false;
    // The preview was refused, so nobody knew: on trust, or a manager's reward. The box says enough.
    if (asked.value) problem.value = error(thrown);
    else ask(way);
    return true;
  }

  /** The next one is said: what was wrong with the last one is no answer to it. */
  function saidAgain(): void {
    problem.value = null;
  }

  return { asked, problem, ask, saidAgain, refused };
}
