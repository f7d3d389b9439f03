/** The line in sentences. */
import { computed } from "vue";
import { useSession } from "../stores/session";
import { useFormat } from "./useFormat";
import { useLine } from "./useLine";
import { useNow } from "./useNow";
import { useText } from "./useText";

export function useLineText() {
  const session = useSession();
  const { line, paired, online } = useLine();
  const { t, maybe } = useText();
  const { age } = useFormat();
  const { now } = useNow(30_000);

  /** What waits and since when, in one line for the foot. */
  const waiting = computed(() => {
    const { unsynced: n, last_sync_ms: last } = line.value;
    if (!paired.value) return t("foot.kept", { n: session.status?.unsynced ?? 0 });
    if (last === null) return t("foot.never", { n });
    const args = { n, age: age(last, now.value) };
    return online.value ? t("foot.online", args) : t("foot.offline", args);
  });

  const lastSync = computed(() => {
    const last = line.value.last_sync_ms;
    return last === null ? t("sync.never") : t("sync.last", { age: age(last, now.value) });
  });

  /** Why the hub will not have this desk, and what to do. */
  const refused = computed(() => {
    const code = line.value.refusal ?? "";
    return {
      what: maybe("refusal.what", code) ?? t("refusal.what.unknown"),
      next: maybe("refusal.next", code) ?? t("refusal.next.unknown", { code }),
    };
  });

  return { waiting, lastSync, refused };
}
