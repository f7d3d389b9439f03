/** A list, and a form for one of its lines: what the tabs of the settings have in common. */
import { computed, nextTick, type Ref, ref, watch } from "vue";
import { cursorLater } from "../cursor";
import { DeskError } from "../ipc";
import { newLine } from "../new-line";
import { useNotice } from "../stores/notice";
import { useDraft } from "./useDraft";
import { focusWrong } from "./useForm";
import { isEditable, useKeys } from "./useKeys";
import { useLoaded } from "./useLoaded";
import { type Mends, useProblems } from "./useProblems";
import { useText } from "./useText";

interface Line {
  id: string | null;
  name: string;
}

/** Says what is wrong, and at which box. */
export type Bad = (box: string, text: string) => void;

interface Options<View, Input extends Line, Boxes> {
  /** Which list it is: drafts are kept by it. */
  list: string;
  load: () => Promise<View[]>;
  save: (input: Input) => Promise<View[]>;
  /** All lines as the form takes them, in the order in which they are shown. */
  lines: (list: View[]) => Input[];
  /** What a new line begins with. */
  blank: () => Input;
  /** What stands in the boxes that hold text instead of a number. */
  open: (line: Input) => Boxes;
  /** The line with what the boxes say; what cannot be read is said. */
  close: (line: Input, boxes: Boxes, bad: Bad) => Input;
  /** The box that an answer of the till is about, by its code or the field that it names. */
  at?: Record<string, string>;
  /** The boxes that mend what is said at another. */
  mends?: Mends;
  /** The boxes without what may not be kept. @default all of them */
  safe?: (boxes: Boxes) => Boxes;
}

const BOXES_OF_ALL = { name_missing: "name", name: "name" };

/** Puts the cursor where the list is gone on with. */
async function focusLine(id: string | null | undefined, cursor = cursorLater()): Promise<void> {
  await nextTick();
  const line = document.querySelector<HTMLElement>(`[data-line="${id ?? ""}"]`);
  cursor(line ?? document.querySelector<HTMLElement>("[data-testid=item-add]"));
}

async function focusForm(): Promise<void> {
  await nextTick();
  document.querySelector<HTMLElement>("[data-edit-form] input")?.focus();
}

export function useEditList<View, Input extends Line, Boxes>(options: Options<View, Input, Boxes>) {
  type Form = { line: Input; boxes: Boxes };
  const { t, error } = useText();
  const notice = useNotice();
  const { data } = useLoaded(options.load);
  const busy = ref(false);
  const items = computed(() => (data.value ? options.lines(data.value) : null));
  const titleOf = ({ line }: Form) =>
    line.id === null ? t("settings.unnamed") : t("settings.editing", { name: line.name });
  const draft = useDraft<Form>({
    form: options.list,
    title: ({ line }) => line.name || t("settings.unnamed"),
    safe: ({ line, boxes }) => ({ line, boxes: options.safe?.(boxes) ?? boxes }),
  });
  const form = draft.value as Ref<Form | null>;
  const boxes = () => ({ ...form.value?.line, ...form.value?.boxes });
  const { tell, wrong } = useProblems(boxes, options.mends);
  /** Rises with each form that is opened: what is folded and what is not belongs to one of them. */
  const opened = ref(0);

  const filled = (line: Input): Form => ({ line: { ...line }, boxes: options.open(line) });

  function open(line: Input): void {
    tell({});
    draft.open(line.id, filled(line));
    opened.value += 1;
  }

  function edit(line: Input): void {
    open(line);
    void focusForm();
  }

  function leave(): void {
    const id = form.value?.line.id;
    draft.leave();
    void focusLine(id);
  }

  function discard(): void {
    tell({});
    draft.discard();
    void focusForm();
  }

  // What was left unsaved stands there again.
  const stop = watch(items, (lines) => {
    if (!lines) return;
    stop();
    const id = draft.latest();
    if (id === undefined) return;
    open(lines.find((line) => line.id === id) ?? options.blank());
  });

  useKeys({
    Escape: () => {
      if (!form.value || isEditable(document.activeElement)) return false;
      leave();
      return true;
    },
  });

  function boxOf({ code, args }: DeskError): string {
    const at: Record<string, string> = { ...BOXES_OF_ALL, ...options.at };
    const { field = "" } = args;
    const boxes = form.value?.boxes;
    const own = typeof boxes === "object" && boxes !== null && field in boxes;
    return at[code] ?? at[field] ?? (own ? field : "");
  }

  /** Null where something cannot be read or the till refuses; that is then said where it is. */
  async function send({ line, boxes }: Form): Promise<{ sent: Input; saved: View[] } | null> {
    const found: Record<string, string> = {};
    const named = { ...line, name: line.name.trim() };
    const sent = options.close(named, boxes, (box, text) => (found[box] ??= text));
    if (Object.keys(found).length === 0) {
      try {
        return { sent, saved: await options.save(sent) };
      } catch (thrown) {
        const failure = DeskError.from(thrown);
        // The lock screen says enough.
        if (failure.code !== "not_signed_in") found[boxOf(failure)] = error(failure);
      }
    }
    tell(found);
    await focusWrong();
    return null;
  }

  async function save(): Promise<void> {
    const shown = form.value;
    if (!shown || busy.value) return;
    busy.value = true;
    tell({});
    const cursor = cursorLater();
    const known = new Set(items.value?.map(({ id }) => id));
    const { id } = shown.line;
    const before = draft.sending();
    const answer = await send(shown);
    busy.value = false;
    if (!answer) return;
    data.value = answer.saved;
    notice.say(t("app.saved"));
    const lines = items.value ?? [];
    const line =
      id === null ? newLine(answer.sent, lines, known) : lines.find((one) => one.id === id);
    // Who went on typing, or with another line, is not taken away from that.
    if (line && !draft.saved(before, line.id, filled(line))) return;
    draft.close();
    await focusLine(line?.id, cursor);
  }

  /** Whether a line has changes that are not saved. */
  const unsaved = (id: string | null): boolean =>
    draft.waits(id) || (form.value?.line.id === id && draft.dirty.value);
  /** What the list shows, once it is there. */
  const list = computed(
    () => items.value && { items: items.value, chosen: form.value?.line.id, unsaved },
  );
  /** What the frame of the form shows. */
  const frame = computed(() => ({
    title: form.value ? titleOf(form.value) : "",
    busy: busy.value,
    dirty: draft.dirty.value,
    nameError: wrong("name"),
    problem: wrong(""),
  }));

  return {
    list,
    opened,
    picks: { choose: edit, add: () => edit(options.blank()) },
    form,
    frame,
    acts: { save: () => void save(), discard, leave },
    wrong,
  };
}
