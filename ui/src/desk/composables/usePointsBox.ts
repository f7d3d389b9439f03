/**
 * The box for a number of points that the cashier chooses. It is typed into without a look at the screen:
 * what is pressed before it has the cursor is put into it, and chooses no other reward.
 */
import { nextTick, type Ref } from "vue";

export function usePointsBox(points: Ref<string>) {
  /** Since when it has the cursor, as events count time; 0: there is none. */
  let since = 0;

  async function open(): Promise<void> {
    since = Number.POSITIVE_INFINITY;
    await nextTick();
    // It may have gone again by now.
    if (since === 0) return;
    document.querySelector<HTMLElement>("[data-testid=redeem-points]")?.focus();
    since = performance.now();
  }

  function close(): void {
    since = 0;
  }

  /** Whether a digit that was heard by the page was pressed for it; it then has it. */
  function takes(event: KeyboardEvent, digit: number): boolean {
    if (event.timeStamp >= since) return false;
    points.value += String(digit);
    return true;
  }

  return { open, close, takes };
}
