/** Small lists of what is on offer, read once per page. */
import { onMounted, shallowRef } from "vue";
import { useAct } from "./useAct";

export function useLoaded<T>(load: () => Promise<T>) {
  const data = shallowRef<T | null>(null);
  const { act } = useAct();
  async function reload(): Promise<void> {
    data.value = (await act(load)) ?? data.value;
  }
  onMounted(reload);
  return { data, reload };
}
