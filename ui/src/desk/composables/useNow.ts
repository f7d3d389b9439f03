/** A clock that ticks, for countdowns and ages. */
import { onScopeDispose, readonly, ref } from "vue";

/** @param everyMs how often. @default 1000 */
export function useNow(everyMs = 1000) {
  const now = ref(Date.now());
  const stopwatch = ref(performance.now());
  const timer = setInterval(() => {
    now.value = Date.now();
    stopwatch.value = performance.now();
  }, everyMs);
  onScopeDispose(() => clearInterval(timer));
  return { now: readonly(now), stopwatch: readonly(stopwatch) };
}
