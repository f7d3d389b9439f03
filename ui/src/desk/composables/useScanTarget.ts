/** Where a scan goes: to the check-in, unless a page or a form asks for the code itself. */
import { onScopeDispose } from "vue";

type Target = (code: string) => void;
const targets: Target[] = [];

export function useScanTarget(target: Target): void {
  targets.push(target);
  onScopeDispose(() => targets.splice(targets.indexOf(target), 1));
}

/** The topmost taker, or none. */
export function scanTarget(): Target | undefined {
  return targets.at(-1);
}
