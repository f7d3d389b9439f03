/**
 * Reads what is shown. Unlike an act, a second reading is never left out because the first one is under
 * way: it may be about somebody else. An older answer that comes late is thrown away,
 * and so is one that comes when the page is left: nobody may be led away from where they went.
 */
import { onScopeDispose } from "vue";
import { Turns } from "../turns";
import { useFailure } from "./useAct";

export function useReading() {
  const fail = useFailure();
  const turns = new Turns();
  let left = false;
  onScopeDispose(() => (left = true));

  /** Undefined where it failed, which is said, or where nobody waits for it any more. */
  return async function read<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const turn = turns.next();
    try {
      const found = await ask();
      return !left && turns.take(turn) ? found : undefined;
    } catch (thrown) {
      fail(thrown);
      return undefined;
    }
  };
}
