/** Finds members while somebody types; an answer that comes too late is thrown away. */
import { onScopeDispose, type Ref, ref, shallowRef, watch } from "vue";
import type { MemberBrief } from "@/shared/bindings";
import * as ipc from "../ipc";
import { useAct } from "./useAct";

const WAIT_MS = 60;
const MOST = 8;

export function useSearch(query: Ref<string>) {
  const results = shallowRef<MemberBrief[]>([]);
  /** The query that `results` answer; null: none yet. */
  const answered = ref<string | null>(null);
  const { act } = useAct();
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(text: string): Promise<void> {
    asked += 1;
    const mine = asked;
    const found = await ipc.find(text, MOST).catch((error: unknown) => {
      void act(() => Promise.reject(error));
      return null;
    });
    if (mine !== asked || !found) return;
    results.value = found;
    answered.value = text;
  }

  function reset(): void {
    clearTimeout(timer);
    asked += 1;
    results.value = [];
    answered.value = null;
  }

  watch(query, (text) => {
    clearTimeout(timer);
    const trimmed = text.trim();
    if (trimmed === "") reset();
    else timer = setTimeout(() => void ask(trimmed), WAIT_MS);
  });
  onScopeDispose(() => clearTimeout(timer));

  /** What the till says to what is typed now, and nothing where that cannot be had or was overtaken. */
  async function settle(): Promise<MemberBrief[]> {
    const trimmed = query.value.trim();
    if (trimmed !== "" && answered.value !== trimmed) {
      clearTimeout(timer);
      await ask(trimmed);
    }
    return answered.value === trimmed ? results.value : [];
  }

  return { results, answered, settle, reset };
}
