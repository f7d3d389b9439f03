/** Clears a verdict by itself: green soon, amber later, red never; not while somebody mends it. */
import { onScopeDispose, type Ref, watch } from "vue";
import type { CheckInView, Verdict } from "@/shared/bindings";
import { useDesk } from "../stores/desk";

export const SHOWN_MS: Record<Verdict, number | null> = {
  admit: 12_000,
  note: 30_000,
  refuse: null,
};

export function useVerdictClock(
  answer: Readonly<Ref<CheckInView | null>>,
  panel: Readonly<Ref<unknown>>,
): void {
  const desk = useDesk();
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch(
    [answer, panel],
    ([shown, open]) => {
      clearTimeout(timer);
      const forMs = shown ? SHOWN_MS[shown.verdict] : null;
      if (forMs !== null && !open) timer = setTimeout(() => desk.clear(), forMs);
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearTimeout(timer);
    // Whoever comes back from another page finds the desk ready for the next one.
    if (answer.value && answer.value.verdict !== "refuse") desk.clear();
  });
}
