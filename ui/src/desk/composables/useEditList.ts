/** A list, and a form for one of its lines: what the tabs of the settings have in common. */
import { computed, type Ref, ref } from "vue";
import { useNotice } from "../stores/notice";
import { useAct } from "./useAct";
import { useLoaded } from "./useLoaded";
import { useText } from "./useText";

interface Line {
  id: string | null;
  name: string;
}

interface Options<View, Input extends Line> {
  load: () => Promise<View[]>;
  save: (input: Input) => Promise<View[]>;
  /** All lines as the form takes them, in the order in which they are shown. */
  lines: (list: View[]) => Input[];
  /** What a new line begins with. */
  blank: () => Input;
  /** Fills the boxes that hold text instead of a number. */
  open?: (line: Input) => void;
  /** Puts those boxes back into the line; null where one cannot be read, and says so. */
  close?: (line: Input) => Input | null;
}

export function useEditList<View, Input extends Line>(options: Options<View, Input>) {
  const { t } = useText();
  const { act, busy } = useAct();
  const notice = useNotice();
  const { data } = useLoaded(options.load);
  const items = computed(() => (data.value ? options.lines(data.value) : null));
  const chosen = ref(null) as Ref<Input | null>;

  function edit(line: Input): void {
    chosen.value = { ...line };
    options.open?.(line);
  }

  const title = computed(() =>
    chosen.value?.id ? t("settings.editing", { name: chosen.value.name }) : t("settings.unnamed"),
  );

  async function save(): Promise<void> {
    if (!chosen.value) return;
    const line = { ...chosen.value, name: chosen.value.name.trim() };
    const sent = options.close ? options.close(line) : line;
    if (!sent) return;
    const saved = await act(() => options.save(sent));
    if (!saved) return;
    data.value = saved;
    chosen.value = null;
    notice.say(t("app.saved"));
  }

  return { items, chosen, title, edit, add: () => edit(options.blank()), save, busy };
}
