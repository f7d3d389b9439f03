/** What choosing a member in the search does: opens the file, unless a page takes the member. */
import { onScopeDispose, shallowRef } from "vue";
import type { MemberBrief } from "@/shared/bindings";

type Picker = (member: MemberBrief) => void;
const picker = shallowRef<Picker | null>(null);

/** The page on the screen wants the member that is chosen next. */
export function usePicker(take: Picker): void {
  picker.value = take;
  onScopeDispose(() => {
    if (picker.value === take) picker.value = null;
  });
}

export function currentPicker(): Picker | null {
  return picker.value;
}

/** Puts the cursor into the one search box at the top. */
export function focusSearch(): void {
  document.querySelector<HTMLInputElement>("[data-testid=search]")?.focus();
}

/** The same, with a key that was typed before the box had the cursor. */
export function typeIntoSearch(text: string): void {
  focusSearch();
  const box = document.activeElement;
  if (!(box instanceof HTMLInputElement) || box.dataset.testid !== "search") return;
  box.setRangeText(text, box.value.length, box.value.length, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
