/**
 * Reads what is shown. Unlike an act, a second reading is never left out because the first one is under
 * way: it may be about somebody else. An older answer that comes late is thrown away.
 */
import { Turns } from "../turns";
import { useFailure } from "./useAct";

export function useReading() {
  const fail = useFailure();
  const turns = new Turns();

  /** Undefined where it failed, which is said, or where a later reading was answered before. */
  return async function read<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const turn = turns.next();
    try {
      const found = await ask();
      return turns.take(turn) ? found : undefined;
    } catch (thrown) {
      fail(thrown);
      return undefined;
    }
  };
}
