/** One member's file, read again after each change. */
import { type Ref, ref, shallowRef, watch } from "vue";
import type { MemberView } from "@/shared/bindings";
import * as ipc from "../ipc";
import { useDesk } from "../stores/desk";
import { useReading } from "./useReading";

export function useMember(id: Ref<string | null>) {
  const desk = useDesk();
  const member = shallowRef<MemberView | null>(null);
  const loading = ref(false);
  const read = useReading();

  watch(
    [id, () => desk.changes],
    async ([wanted]) => {
      if (!wanted) {
        member.value = null;
        return;
      }
      if (member.value?.id !== wanted) member.value = null;
      loading.value = true;
      const found = await read(() => ipc.member(wanted));
      loading.value = false;
      // Another one may have been chosen while this one was read.
      if (id.value === wanted && found) member.value = found;
    },
    { immediate: true },
  );

  return { member, loading };
}
