/** Listens for a scanner on the whole window, whatever has the focus. */
import { onScopeDispose, type Ref, watch } from "vue";
import { afterSilence } from "./silence";
import { ScanDetector, type ScanSettings } from "./scan-detector";

/** What keys change: in a list they choose what begins with them. */
type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** What a field held before the first key, so that a scan leaves no trace in it. */
interface Snapshot {
  field: Field;
  value: string;
  start: number | null;
  end: number | null;
}

const TEXT_TYPES = new Set(["text", "search", "tel", "email", "url", "number", ""]);

function fieldOf(target: EventTarget | null): Field | null {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return target;
  if (target instanceof HTMLInputElement && TEXT_TYPES.has(target.type)) return target;
  return null;
}

/** A box for a secret: nothing that is typed there is looked at. */
function isSecret(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && target.type === "password") return true;
  return target.closest("[data-secret]") !== null;
}

function take(field: Field | null): Snapshot | null {
  if (!field) return null;
  const { value } = field;
  if (field instanceof HTMLSelectElement || ["number", "email"].includes(field.type)) {
    return { field, value, start: null, end: null };
  }
  return { field, value, start: field.selectionStart, end: field.selectionEnd };
}

function put(snapshot: Snapshot): void {
  const { field, value, start, end } = snapshot;
  if (field.value === value) return;
  field.value = value;
  const list = field instanceof HTMLSelectElement;
  if (!list && start !== null && field === document.activeElement) {
    field.setSelectionRange(start, end);
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (list) field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Then does what the scan is for: that may be to fill this very field. */
function restore(snapshot: Snapshot | null, then: () => void): void {
  if (!snapshot) return then();
  const { field } = snapshot;
  // An IME may hold the letters in a composition: leaving the field ends it.
  if (field === document.activeElement && "composing" in field && field.composing) {
    field.blur();
    field.focus({ preventScroll: true });
  }
  put(snapshot);
  // Some engines deliver the last character only after this turn.
  setTimeout(() => {
    put(snapshot);
    then();
  });
}

let active: ScanDetector | null = null;

/** How many keys so far came at a scanner's pace. Counted, for two keys may have the same moment. */
let quickKeys = 0;

/** So far now: for `scanSince`. */
export function scanMark(): number {
  return quickKeys;
}

/** Whether a burst of keys is under way or began since that mark: its digits are no shortcuts. */
export function scanSince(mark: number): boolean {
  return (active?.length ?? 0) > 1 || quickKeys > mark;
}

/** The longest time between two of a scanner's keys, where a scanner is listened for. */
export function scanGapMs(): number {
  return active?.settings.gapMs ?? 0;
}

/**
 * @param settings gap, prefix and suffix of this desk's scanner
 * @param enabled false where nothing may be scanned, as on the lock screen
 * @param onScan gets a code once
 */
export function useScanner(
  settings: Ref<ScanSettings>,
  enabled: Ref<boolean>,
  onScan: (code: string) => void,
): void {
  const detector = new ScanDetector(settings.value);
  active = detector;
  let snapshot: Snapshot | null = null;
  let stopWaiting = () => {};

  function deliver(code: string, time: number): void {
    const echo = detector.isEcho(code, time);
    restore(snapshot, () => {
      if (!echo) onScan(code);
    });
    snapshot = null;
  }

  function onKeydown(event: KeyboardEvent): void {
    stopWaiting();
    if (!enabled.value || isSecret(event.target)) {
      detector.reset();
      return;
    }
    const time = event.timeStamp;
    const step = detector.key({
      code: event.code,
      shift: event.shiftKey,
      chord: event.ctrlKey || event.altKey || event.metaKey,
      repeat: event.repeat,
      time,
    });
    if (step.kind === "more" || step.kind === "scan") quickKeys += 1;
    if (step.kind === "start") snapshot = take(fieldOf(event.target));
    if (step.kind === "scan") {
      // The Enter belongs to the scanner: no form and no button may have it.
      event.preventDefault();
      event.stopImmediatePropagation();
      deliver(step.code, time);
      return;
    }
    if (detector.length > 0) {
      const { silenceMs } = detector;
      stopWaiting = afterSilence(silenceMs, () => {
        const end = detector.silence(time + silenceMs);
        if (end.kind === "scan") deliver(end.code, time + silenceMs);
      });
    }
  }

  watch(settings, (next) => (detector.settings = next));
  watch(enabled, () => detector.reset());
  window.addEventListener("keydown", onKeydown, { capture: true });
  onScopeDispose(() => {
    stopWaiting();
    window.removeEventListener("keydown", onKeydown, { capture: true });
    if (active === detector) active = null;
  });
}
