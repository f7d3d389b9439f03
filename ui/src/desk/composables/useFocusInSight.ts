/**
 * What gets the focus by a key is scrolled to with all of its label and hint: the browser by itself
 * stops as soon as the cursor is seen, with half of the box under the keys of its form.
 */
import { onScopeDispose } from "vue";

export function useFocusInSight(): void {
  function show({ target }: FocusEvent): void {
    // What the mouse is on must not move away under it.
    if (!(target instanceof HTMLElement) || !target.matches(":focus-visible")) return;
    (target.closest("[data-field]") ?? target).scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("focusin", show);
  onScopeDispose(() => document.removeEventListener("focusin", show));
}
