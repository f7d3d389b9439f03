/**
 * Shows the window in the language that is chosen as soon as its texts are there; until the first of
 * them are, nothing is to be shown, so that nobody sees one language turn into another.
 */
import { nextTick, readonly, ref, watch } from "vue";
import { useI18n } from "vue-i18n";
import { type Language, lacks, languageOf, readTexts } from "../i18n";
import { rememberLanguage, useSession } from "../stores/session";

export function useLanguage() {
  const session = useSession();
  const i18n = useI18n();
  const spoken = ref(false);
  let reading: Promise<void> = Promise.resolve();

  const chosen = (): Language => languageOf(session.language);

  function show(language: Language): void {
    i18n.locale.value = language;
    document.documentElement.lang = language;
    spoken.value = true;
  }

  async function readThenShow(language: Language): Promise<void> {
    try {
      await readTexts(i18n, language);
      // Another one may have been chosen meanwhile.
      if (language === chosen()) show(language);
    } catch {
      // A window in another language is better than none.
      spoken.value = true;
    }
  }

  function speak(language: Language): void {
    if (lacks(i18n, language)) reading = readThenShow(language);
    else show(language);
  }

  watch(chosen, speak, { immediate: true, flush: "sync" });
  watch(
    () => session.status !== null && chosen(),
    (language) => language && rememberLanguage(language),
  );

  /** Once the language that is chosen now is on the screen. */
  async function shown(): Promise<void> {
    await reading;
    await nextTick();
  }

  return { spoken: readonly(spoken), shown };
}
