/**
 * The texts of the window. All of them travel with it, for it may never be online; but only Chinese ones
 * are read while it opens: they stand in for whatever another language lacks.
 */
import { createI18n } from "vue-i18n";
import zh from "@/shared/locales/zh-CN.json";

type Texts = Record<string, object>;

/** What the window speaks, each in its own words. */
export const LANGUAGES = [
  { code: "zh-CN", name: "中文" },
  { code: "en", name: "English" },
] as const;
export type Language = (typeof LANGUAGES)[number]["code"];

/** Which of them is meant; Chinese, where it is none of them. */
export const languageOf = (code: string): Language =>
  LANGUAGES.find((language) => language.code === code)?.code ?? "zh-CN";

/** Read once somebody wants them. */
const READ: Partial<Record<Language, () => Promise<{ default: Texts }>>> = {
  en: () => import("@/shared/locales/en.json"),
};

/** What is needed of vue-i18n here. */
interface Speaker {
  readonly availableLocales: string[];
  setLocaleMessage(language: string, texts: Texts): void;
}

/** `others` are there at once, beside the Chinese ones. */
export function makeI18n(locale: Language = "zh-CN", others: Record<string, Texts> = {}) {
  return createI18n({
    legacy: false,
    locale: locale as string,
    fallbackLocale: "zh-CN",
    messages: { "zh-CN": zh as Texts, ...others },
  });
}

/** The texts of a language are missing. */
export const lacks = (i18n: Speaker, language: Language): boolean =>
  !i18n.availableLocales.includes(language);

/** Reads them. */
export async function readTexts(i18n: Speaker, language: Language): Promise<void> {
  const texts = await READ[language]?.();
  if (texts) i18n.setLocaleMessage(language, texts.default);
}
