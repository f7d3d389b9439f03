/** A form that is open: whether anything in it was changed, and what becomes of that if it is left. */
import { onScopeDispose } from "vue";
import { useDrafts } from "../stores/drafts";
import { useNotice } from "../stores/notice";
import { useSession } from "../stores/session";
import { typedSince } from "../typed-since";
import { useOnFile } from "./useOnFile";
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

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** @template T plain data, as JSON has it */
export function useDraft<T>({ form, title, safe = (value) => value }: Options<T>) {
  const drafts = useDrafts();
  const notice = useNotice();
  const session = useSession();
  const { t } = useText();
  const prefix = `${session.status?.session?.staff ?? ""}/${form}/`;
  const { value, dirty, fill, discard, close, ...onFile } = useOnFile<T>();
  let line = "";

  /** Puts away what is open; what was changed in it waits for whoever comes back. */
  function leave(): boolean {
    const kept = value.value !== null && dirty.value;
    if (value.value !== null && kept) {
      drafts.keep(prefix + line, plain(safe(value.value)));
    }
    value.value = null;
    return kept;
  }

  /** Opens a line: as it was left, or else as it is on file. */
  function open(which: string | null, fresh: T): void {
    leave();
    line = which ?? "";
    fill(fresh, drafts.take(prefix + line) as T | undefined);
  }

  /** How it stands now, for `saved`. */
  const sending = (): Sent => ({ line, text: onFile.sending() });

  /**
   * It is on file as `fresh` now, as it stood when it was sent. What was typed meanwhile stands, unsaved:
   * in the form, or, where that was left, in what waits for whoever comes back.
   *
   * @returns whether it is still open, and has nothing that is not saved
   */
  function saved(sent: Sent, which: string | null, fresh: T): boolean {
    const key = prefix + (which ?? "");
    if (value.value === null || line !== sent.line) {
      const meant = JSON.parse(sent.text) as T;
      const kept = drafts.take(prefix + sent.line) as T | undefined;
      const stands = kept && typedSince(safe(meant), kept, safe(plain(fresh)));
      if (stands && JSON.stringify(stands) !== JSON.stringify(safe(fresh))) {
        drafts.keep(key, stands);
      }
      return false;
    }
    line = which ?? "";
    return onFile.saved(sent.text, fresh);
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
