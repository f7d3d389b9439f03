/** How many rows of one height fit into a box: none is cut in half. */
import { onMounted, onScopeDispose, type Ref, ref } from "vue";

export function useRoom(box: Readonly<Ref<HTMLElement | null>>, rowPx: number) {
  /** Undefined until there is a layout. */
  const rows = ref<number>();
  const observer = new ResizeObserver(() => {
    const height = box.value?.clientHeight ?? 0;
    rows.value = height > 0 ? Math.floor(height / rowPx) : undefined;
  });
  onMounted(() => box.value && observer.observe(box.value));
  onScopeDispose(() => observer.disconnect());
  return rows;
}
