/** Listens for a scanner on the whole window, whatever has the focus. */
import { onScopeDispose, type Ref, watch } from "vue";
import { ScanDetector, type ScanSettings, SILENCE_MS } from "./scan-detector";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** What a text field held before the first key, so that a scan leaves no trace in it. */
interface Snapshot {
  field: Field;
  value: string;
  start: number | null;
  end: number | null;
}

const TEXT_TYPES = new Set(["text", "search", "tel", "email", "url", "number", ""]);

function textField(target: EventTarget | null): Field | null {
  if (target instanceof HTMLTextAreaElement) return target;
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
  const selectable = field.type !== "number" && field.type !== "email";
  return {
    field,
    value: field.value,
    start: selectable ? field.selectionStart : null,
    end: selectable ? field.selectionEnd : null,
  };
}

function put(snapshot: Snapshot): void {
  const { field, value, start, end } = snapshot;
  if (field.value === value) return;
  field.value = value;
  if (start !== null && field === document.activeElement) field.setSelectionRange(start, end);
  field.dispatchEvent(new Event("input", { bubbles: true }));
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

let lastBurst = Number.NEGATIVE_INFINITY;

/** Whether a burst of keys is under way or began after that moment: its digits are no shortcuts. */
export function scanSince(moment: number): boolean {
  return (active?.length ?? 0) > 1 || lastBurst > moment;
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
  let timer: ReturnType<typeof setTimeout> | undefined;

  function deliver(code: string, time: number): void {
    const echo = detector.isEcho(code, time);
    restore(snapshot, () => {
      if (!echo) onScan(code);
    });
    snapshot = null;
  }

  function onKeydown(event: KeyboardEvent): void {
    clearTimeout(timer);
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
    if (step.kind === "more" || step.kind === "scan") lastBurst = performance.now();
    if (step.kind === "start") snapshot = take(textField(event.target));
    if (step.kind === "scan") {
      // The Enter belongs to the scanner: no form and no button may have it.
      event.preventDefault();
      event.stopImmediatePropagation();
      deliver(step.code, time);
      return;
    }
    if (detector.length > 0) {
      timer = setTimeout(() => {
        const end = detector.silence(time + SILENCE_MS);
        if (end.kind === "scan") deliver(end.code, time + SILENCE_MS);
      }, SILENCE_MS);
    }
  }

  watch(settings, (next) => (detector.settings = next));
  watch(enabled, () => detector.reset());
  window.addEventListener("keydown", onKeydown, { capture: true });
  onScopeDispose(() => {
    clearTimeout(timer);
    window.removeEventListener("keydown", onKeydown, { capture: true });
    if (active === detector) active = null;
  });
}
