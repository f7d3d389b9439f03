/** A form that is sent as a whole: what went wrong stands at the box that it is about. */
import { computed, nextTick, ref } from "vue";
import { DeskError } from "../ipc";
import { type Boxes, useProblems } from "./useProblems";
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
 * @param boxes what stands in them, by the names that errors have for them
 */
export function useForm(codes: Record<string, string>, boxes: () => Boxes) {
  const { t, error } = useText();
  const { tell, wrong } = useProblems(boxes);
  const busy = ref(false);
  /** What is about no box. */
  const rest = computed(() => wrong(""));

  function boxOf({ code, args }: DeskError): string {
    const named = codes[code] ?? args.field ?? "";
    return named in boxes() ? named : "";
  }

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
    const empty = Object.keys(needed).filter((name) => needed[name]!.trim() === "");
    tell(Object.fromEntries(empty.map((name) => [name, () => t("form.missing")])));
    if (empty.length > 0) {
      await focusWrong();
      return null;
    }
    busy.value = true;
    try {
      return await action();
    } catch (thrown) {
      const failure = DeskError.from(thrown);
      tell({ [boxOf(failure)]: () => error(failure) });
      await focusWrong();
      return null;
    } finally {
      busy.value = false;
    }
  }

  return { wrong, rest, busy, send };
}
