/** Where the cursor goes once something was read that takes a moment. */
import { isEditable } from "./composables/useKeys";

/**
 * To be asked before the moment: what it returns puts the cursor into a box after it, unless somebody
 * has put it into another one meanwhile and types there.
 */
export function cursorLater(): (box: HTMLElement | null | undefined) => void {
  const before = document.activeElement;
  return (box) => {
    const now = document.activeElement;
    if (now === before || !isEditable(now)) box?.focus();
  };
}
