/** Why this store is not trusted, and who settles that. */
import { computed } from "vue";
import type { Distrust } from "@/shared/bindings";
import { useSession } from "../stores/session";
import { useLine } from "./useLine";

/** What only a person at the hub can settle. */
const RULED: Distrust[] = ["forked", "chain_broken", "revoked"];

export function useDistrust() {
  const session = useSession();
  const { line } = useLine();
  const why = computed(() => session.status?.distrust ?? null);
  const ruled = computed(() => why.value !== null && RULED.includes(why.value));
  /** A manager, where this is the business's only till; else the hub is asked by itself. */
  const vouchable = computed(() => !ruled.value && (session.status?.only_till ?? false));
  /** The hub's refusal says it already, and more. */
  const said = computed(() => ruled.value && line.value.state === "refused");
  return { why, ruled, vouchable, said };
}
