/** Small lists of what is on offer, read once per page. */
import { onMounted, shallowRef } from "vue";
import { useReading } from "./useReading";

export function useLoaded<T>(load: () => Promise<T>) {
  const data = shallowRef<T | null>(null);
  const read = useReading();
  async function reload(): Promise<void> {
    data.value = (await read(load)) ?? data.value;
  }
  onMounted(reload);
  return { data, reload };
}
