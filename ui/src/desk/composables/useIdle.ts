/** Locks the desk when nobody has touched it for a while, and tells the till that somebody has. */
import { onScopeDispose } from "vue";
import * as ipc from "../ipc";
import { useSession } from "../stores/session";

const TELL_EVERY_MS = 10_000;
const SIGNS = ["keydown", "pointerdown", "wheel"] as const;

export function useIdle(lock: () => void): void {
  const session = useSession();
  let lastSign = performance.now();
  let lastTold = lastSign;

  function sign(): void {
    lastSign = performance.now();
    if (!session.signedIn || lastSign - lastTold < TELL_EVERY_MS) return;
    lastTold = lastSign;
    void ipc.touch().catch(() => {});
  }

  const timer = setInterval(() => {
    const limit = session.status?.prefs.idle_lock_secs ?? 0;
    if (!session.signedIn) lastSign = performance.now();
    else if (limit > 0 && performance.now() - lastSign > limit * 1000) lock();
  }, 1000);

  for (const name of SIGNS) window.addEventListener(name, sign, { capture: true, passive: true });
  onScopeDispose(() => {
    clearInterval(timer);
    for (const name of SIGNS) window.removeEventListener(name, sign, { capture: true });
  });
}
