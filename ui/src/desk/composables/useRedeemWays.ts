/** What can be done where points are short here: fetch them, or redeem on trust. */
import { computed, type Ref } from "vue";
import type { MemberView, RedeemPreview, RewardView, RulesInput } from "@/shared/bindings";
import type { DeskError } from "../ipc";
import { useSession } from "../stores/session";
import type { Drawing } from "./useDraw";
import { useLine } from "./useLine";

export interface Ways {
  /** So many points can be asked for; 0: there is nothing to ask for. */
  fetch: number;
  /** There is a line to ask through. */
  line: boolean;
  /** They are being asked for. */
  fetching: boolean;
  /** What is short may go on trust. */
  trust: boolean;
  /** The owner's limit for that. */
  limit: number;
}

const NONE: Ways = { fetch: 0, line: false, fetching: false, trust: false, limit: 0 };

interface Known {
  member: Readonly<Ref<MemberView | null>>;
  reward: Readonly<Ref<RewardView | null>>;
  preview: Readonly<Ref<RedeemPreview | null>>;
  failure: Readonly<Ref<DeskError | null>>;
  rules: Readonly<Ref<RulesInput | null>>;
  drawing: Drawing;
}

export function useRedeemWays({ member, reward, preview, failure, rules, drawing }: Known) {
  const session = useSession();
  const { paired, online } = useLine();
  const short = computed(
    () => failure.value?.code === "points_short" || (preview.value?.on_trust ?? 0) > 0,
  );

  /** The number is the till's: the window only chooses which one is meant. */
  const fetch = computed(() => {
    if (!reward.value || !member.value || !short.value || !paired.value) return 0;
    if (reward.value.cost === 0) {
      const missing = Number(failure.value?.args.short ?? 0);
      return missing > 0 ? missing : member.value.points.elsewhere;
    }
    return reward.value.affordable === "needs_line" ? reward.value.short_by : 0;
  });

  return computed<Ways>(() => {
    // A store that is not trusted itself fetches nothing and lends nothing.
    if (session.status?.distrust) return NONE;
    const limit = rules.value?.trust_limit ?? 0;
    // Trust comes last: first what can be had is asked for.
    const asked = fetch.value === 0 || !online.value || drawing.tried.value;
    return {
      fetch: fetch.value,
      line: online.value,
      fetching: drawing.busy.value,
      trust: short.value && limit > 0 && asked,
      limit,
    };
  });
}
