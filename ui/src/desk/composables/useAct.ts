/** Does something that may fail: the failure is said in the line at the foot, never swallowed. */
import { ref } from "vue";
import { DeskError } from "../ipc";
import { useNotice } from "../stores/notice";
import { useText } from "./useText";

/** Says what failed. */
export function useFailure() {
  const notice = useNotice();
  const { error } = useText();

  return (thrown: unknown): void => {
    const failure = DeskError.from(thrown);
    // The lock screen says enough.
    if (failure.code !== "not_signed_in") notice.say(error(failure), "fail");
  };
}

export function useAct() {
  const fail = useFailure();
  const busy = ref(false);

  /**
   * Null where it failed. A second call while the first is under way does nothing: it is for what is
   * done, never for what is read (`useReading`).
   */
  async function act<T>(action: () => Promise<T>): Promise<T | null> {
    if (busy.value) return null;
    busy.value = true;
    try {
      return await action();
    } catch (thrown) {
      fail(thrown);
      return null;
    } finally {
      busy.value = false;
    }
  }

  return { act, busy };
}
