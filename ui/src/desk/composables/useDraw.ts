/** Points that are held elsewhere, asked for through the hub; what came stays on the screen. */
import { ref, shallowRef } from "vue";
import type { DrawView } from "@/shared/bindings";
import * as ipc from "../ipc";
import { useDesk } from "../stores/desk";
import { useAct } from "./useAct";

export function useDraw() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const drawn = shallowRef<DrawView | null>(null);
  /** It was asked for, whatever came of it. */
  const tried = ref(false);
  let asked = 0;

  async function fetch(member: string, points: number): Promise<void> {
    if (busy.value) return;
    asked += 1;
    const mine = asked;
    const answer = await act(() => ipc.draw(member, points));
    // Whoever is on the screen by now may be somebody else.
    if (mine === asked) {
      drawn.value = answer;
      tried.value = true;
    }
    await desk.changed();
  }

  function forget(): void {
    asked += 1;
    drawn.value = null;
    tried.value = false;
  }

  return { drawn, tried, busy, fetch, forget };
}

export type Drawing = ReturnType<typeof useDraw>;
