/** Carries the theme onto the page, and follows the system's. */
import { onScopeDispose, watchEffect } from "vue";
import { useSession } from "../stores/session";

export function useLook(): void {
  const session = useSession();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function apply(): void {
    const theme = session.status?.prefs.theme ?? "system";
    const shown = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    document.documentElement.dataset.theme = shown;
  }

  watchEffect(apply);
  dark.addEventListener("change", apply);
  onScopeDispose(() => dark.removeEventListener("change", apply));
}
