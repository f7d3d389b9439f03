/** Carries language and theme onto the page, and follows the system's theme. */
import { onScopeDispose, watchEffect } from "vue";
import { useI18n } from "vue-i18n";
import { rememberLanguage, useSession } from "../stores/session";

export function useLook(): void {
  const session = useSession();
  const { locale } = useI18n();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function apply(): void {
    const theme = session.status?.prefs.theme ?? "system";
    const shown = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    document.documentElement.dataset.theme = shown;
  }

  watchEffect(apply);
  watchEffect(() => {
    locale.value = session.language === "en" ? "en" : "zh-CN";
    document.documentElement.lang = locale.value;
    if (session.status) rememberLanguage(locale.value);
  });
  dark.addEventListener("change", apply);
  onScopeDispose(() => dark.removeEventListener("change", apply));
}
