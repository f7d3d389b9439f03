/** The page about the hub: read again whenever the line or the store changed, and its actions. */
import { ref, shallowRef, watch } from "vue";
import type { DuplicateView, MemberBrief, SyncView } from "@/shared/bindings";
import * as ipc from "../ipc";
import { useApproval } from "../stores/approval";
import { useDesk } from "../stores/desk";
import { useNotice } from "../stores/notice";
import { useSession } from "../stores/session";
import { useAct } from "./useAct";
import { useLine } from "./useLine";
import { useReading } from "./useReading";
import { useText } from "./useText";

export function useSyncPage() {
  const desk = useDesk();
  const notice = useNotice();
  const approval = useApproval();
  const session = useSession();
  const { line } = useLine();
  const { t } = useText();
  const reading = useReading();
  const { act, busy } = useAct();
  const view = shallowRef<SyncView | null>(null);
  const syncing = ref(false);

  async function read(): Promise<void> {
    view.value = (await reading(ipc.syncPage)) ?? view.value;
  }
  watch(
    [
      () => desk.changes,
      () => line.value.state,
      () => line.value.last_sync_ms,
      () => line.value.attention,
    ],
    read,
    { immediate: true },
  );

  async function syncNow(): Promise<void> {
    if (busy.value) return;
    syncing.value = true;
    const status = await act(() => session.change(ipc.syncNow));
    syncing.value = false;
    if (status) notice.say(t("sync.done"));
    // Where it failed the line is another one now, too.
    await desk.changed();
  }

  async function settle(n: number): Promise<void> {
    await act(() => ipc.settleNotice(n));
    await desk.changed();
  }

  async function merge(kept: MemberBrief, gone: MemberBrief): Promise<void> {
    const merged = await act(() =>
      approval.run((leave) => ipc.mergeMembers(kept.id, gone.id, leave)),
    );
    if (!merged) return;
    notice.done(t("sync.merged", { name: kept.name }), merged);
    await desk.changed();
  }

  async function keepApart({ first, second }: DuplicateView): Promise<void> {
    const done = await act(() =>
      approval.run((leave) => ipc.keepApart(first.id, second.id, leave).then(() => true)),
    );
    if (!done) return;
    notice.say(t("sync.keptApart", { first: first.name, second: second.name }));
    await desk.changed();
  }

  return { view, busy, syncing, syncNow, settle, merge, keepApart };
}
