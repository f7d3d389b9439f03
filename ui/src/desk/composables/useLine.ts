/** The line to the hub, as the shell last told it. */
import { computed } from "vue";
import type { LineView } from "@/shared/bindings";
import { useSession } from "../stores/session";

const ALONE: LineView = {
  state: "alone",
  hub: null,
  unsynced: 0,
  last_sync_ms: null,
  attention: 0,
  refusal: null,
};

export function useLine() {
  const session = useSession();
  const line = computed(() => session.status?.line ?? ALONE);
  const paired = computed(() => line.value.state !== "alone");
  const online = computed(() => line.value.state === "online");
  return { line, paired, online };
}
