/** What stands in a form, and what of it is on file. What is typed while it is being saved stands. */
import { computed, type Ref, ref } from "vue";
import { typedSince } from "../typed-since";

/** @template T plain data, as JSON has it */
export function useOnFile<T>() {
  const value = ref(null) as Ref<T | null>;
  /** As it is on file. */
  const before = ref("");

  const dirty = computed(
    () => value.value !== null && JSON.stringify(value.value) !== before.value,
  );

  /** @param now what stands in it where that is not what is on file */
  function fill(onFile: T, now?: T): void {
    before.value = JSON.stringify(onFile);
    value.value = now ?? JSON.parse(before.value);
  }

  /** As it is on file. */
  function discard(): void {
    value.value = JSON.parse(before.value);
  }

  function close(): void {
    value.value = null;
  }

  /** How it stands now, for `saved`. */
  const sending = (): string => JSON.stringify(value.value);

  /**
   * It is on file as `onFile` now, as it stood when it was sent. What was typed meanwhile stands.
   *
   * @returns whether nothing in it is unsaved
   */
  function saved(sent: string, onFile: T): boolean {
    if (value.value === null) return true;
    const meant = JSON.parse(sent) as T;
    const now = value.value;
    fill(onFile);
    value.value = typedSince(meant, now, value.value);
    return !dirty.value;
  }

  return { value, dirty, fill, discard, close, sending, saved };
}
