/** A form that is open: whether anything in it was changed, and what becomes of that if it is left. */
import { computed, onScopeDispose, type Ref, ref } from "vue";
import { useDrafts } from "../stores/drafts";
import { useNotice } from "../stores/notice";
import { useSession } from "../stores/session";
import { typedSince } from "../typed-since";
import { useText } from "./useText";

/** A form as it stood when it was sent. */
export interface Sent {
  line: string;
  text: string;
}

interface Options<T> {
  /** Which form it is. */
  form: string;
  /** How what is open is called, where it is said that it is not saved yet. */
  title: (value: T) => string;
  /** What may be kept of it: no secret. @default all */
  safe?: (value: T) => T;
}

/** @template T plain data, as JSON has it */
export function useDraft<T>({ form, title, safe = (value) => value }: Options<T>) {
  const drafts = useDrafts();
  const notice = useNotice();
  const session = useSession();
  const { t } = useText();
  const prefix = `${session.status?.session?.staff ?? ""}/${form}/`;
  const value = ref(null) as Ref<T | null>;
  /** How it was when it was opened. */
  const before = ref("");
  let line = "";

  const dirty = computed(
    () => value.value !== null && JSON.stringify(value.value) !== before.value,
  );

  /** Puts away what is open; what was changed in it waits for whoever comes back. */
  function leave(): boolean {
    const kept = value.value !== null && dirty.value;
    if (value.value !== null && kept) {
      drafts.keep(prefix + line, JSON.parse(JSON.stringify(safe(value.value))));
    }
    value.value = null;
    return kept;
  }

  /** Opens a line: as it was left, or else as it is on file. */
  function open(which: string | null, fresh: T): void {
    leave();
    line = which ?? "";
    before.value = JSON.stringify(fresh);
    value.value = (drafts.take(prefix + line) as T | undefined) ?? JSON.parse(before.value);
  }

  /** As it is on file. */
  function discard(): void {
    value.value = JSON.parse(before.value);
  }

  function close(): void {
    value.value = null;
  }

  /** How it stands now, for `saved`. */
  const sending = (): Sent => ({ line, text: JSON.stringify(value.value) });

  /**
   * It is on file as `fresh` now, as it stood when it was sent. What was typed meanwhile stands, unsaved:
   * in the form, or, where that was left, in what waits for whoever comes back.
   *
   * @returns whether it is still open, and has nothing that is not saved
   */
  function saved(sent: Sent, which: string | null, fresh: T): boolean {
    const on = JSON.stringify(fresh);
    const key = prefix + (which ?? "");
    const meant = JSON.parse(sent.text) as T;
    if (value.value === null || line !== sent.line) {
      const kept = drafts.take(prefix + sent.line) as T | undefined;
      const stands = kept && typedSince(safe(meant), kept, safe(JSON.parse(on) as T));
      if (stands && JSON.stringify(stands) !== JSON.stringify(safe(fresh))) {
        drafts.keep(key, stands);
      }
      return false;
    }
    line = which ?? "";
    before.value = on;
    value.value = typedSince(meant, value.value, JSON.parse(on) as T);
    return !dirty.value;
  }

  onScopeDispose(() => {
    const name = value.value === null ? "" : title(value.value);
    if (leave() && session.signedIn) notice.say(t("settings.draftKept", { name }), "warn");
  });

  return {
    value,
    dirty,
    open,
    leave,
    discard,
    close,
    sending,
    saved,
    /** Whether a line waits with changes that are not saved. */
    waits: (which: string | null) => drafts.has(prefix + (which ?? "")),
    /** The line that was left last with such changes; undefined: none. */
    latest: () => drafts.latest(prefix),
  };
}
