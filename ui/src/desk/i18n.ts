import { createI18n } from "vue-i18n";
import en from "@/shared/locales/en.json";
import zh from "@/shared/locales/zh-CN.json";

/** Both languages travel with the window: it may never be online. */
export function makeI18n(locale = "zh-CN") {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: "zh-CN",
    messages: { "zh-CN": zh, en },
  });
}
