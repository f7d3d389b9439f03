/** A form that is sent as a whole: what went wrong stands at the box that it is about. */
import { computed, nextTick, ref, shallowRef } from "vue";
import { DeskError } from "../ipc";
import { useText } from "./useText";

/** Puts the cursor into the first box that is wrong, with what is said of it in sight. */
export async function focusWrong(): Promise<void> {
  await nextTick();
  const box = document.querySelector<HTMLElement>("[aria-invalid=true]");
  box?.focus();
  box?.closest("[data-field]")?.scrollIntoView({ block: "nearest" });
}

/**
 * @param codes the box that each code is about
 * @param boxes names of boxes, for errors that name one
 */
export function useForm(codes: Record<string, string>, boxes: string[]) {
  const { t, error } = useText();
  const failure = shallowRef<DeskError | null>(null);
  /** Boxes that were sent empty and may not be. */
  const empty = shallowRef<string[]>([]);
  const busy = ref(false);

  const box = computed(() => {
    const problem = failure.value;
    if (!problem) return null;
    const named = codes[problem.code] ?? problem.args.field ?? "";
    return boxes.includes(named) ? named : null;
  });

  /** What stands under that box. */
  function wrong(name: string): string | null {
    if (empty.value.includes(name)) return t("form.missing");
    return failure.value && box.value === name ? error(failure.value) : null;
  }

  /** What is about no box. */
  const rest = computed(() => (failure.value && box.value === null ? error(failure.value) : null));

  /**
   * Null where it failed; the cursor is then in the box to be mended.
   *
   * @param needed what must stand in which box before anybody is asked
   */
  async function send<T>(
    action: () => Promise<T>,
    needed: Record<string, string> = {},
  ): Promise<T | null> {
    if (busy.value) return null;
    failure.value = null;
    empty.value = Object.keys(needed).filter((name) => needed[name]!.trim() === "");
    if (empty.value.length > 0) {
      await focusWrong();
      return null;
    }
    busy.value = true;
    try {
      return await action();
    } catch (thrown) {
      failure.value = DeskError.from(thrown);
      await focusWrong();
      return null;
    } finally {
      busy.value = false;
    }
  }

  return { wrong, rest, busy, send };
}
