/**
 * One listener for all keys of the desk. A page or a panel lays its keys on top and takes them away
 * when it goes; the topmost layer that knows a key has it.
 */
import { onScopeDispose } from "vue";
import { scanSince } from "./useScanner";

/** Returns false to let the layer below have the key. */
type Handler = (event: KeyboardEvent) => unknown;
export type KeyMap = Record<string, Handler>;

interface Layer {
  keys: KeyMap;
  modal: boolean;
}

const layers: Layer[] = [];
/** A digit waits this long: if more follow at a scanner's pace it was the first of a code. */
const DIGIT_WAIT_MS = 60;

/** The name of a key as it is printed on a button: "F7", "Ctrl+Z", "3", "Escape". */
export function nameOf(event: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  const name =
    event.ctrlKey || event.metaKey
      ? (letter ?? event.key)
      : ((event.shiftKey ? undefined : digit) ?? event.key);
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${name}`;
}

/** Whether what is typed there is text. */
export function isEditable(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) {
    return !["checkbox", "radio", "button", "file"].includes(target.type);
  }
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    target.isContentEditable
  );
}

function holdsEnter(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("button, a, [role=tab], [role=switch]") !== null &&
    target.closest("[data-enter=page]") === null
  );
}

function reaches(name: string, event: KeyboardEvent): boolean {
  if (/^F\d+$/.test(name) || name === "Escape") return true;
  if (name === "Ctrl+Z" || name === "Ctrl+Enter") {
    // In a text that was begun, Ctrl+Z is the text's own.
    const target = event.target;
    return !(isEditable(target) && "value" in target! && target.value !== "");
  }
  if (name.startsWith("Ctrl+")) return true;
  if (name === "Enter") return !isEditable(event.target) && !holdsEnter(event.target);
  return !isEditable(event.target);
}

function dispatch(name: string, event: KeyboardEvent): boolean {
  for (const layer of [...layers].reverse()) {
    const handler = layer.keys[name];
    if (handler && handler(event) !== false) return true;
    if (layer.modal) return false;
  }
  return false;
}

function known(name: string): boolean {
  return layers.some((layer) => name in layer.keys);
}

function onKeydown(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  const name = nameOf(event);
  // The browser's own meaning of these (reload, find, caret browsing) has no place at a desk.
  if (/^F([1-9]|1[01])$/.test(name)) event.preventDefault();
  if (!reaches(name, event) || !known(name)) return;
  if (/^[0-9]$/.test(name)) {
    const pressed = performance.now();
    if (scanSince(pressed)) return;
    setTimeout(() => {
      if (!scanSince(pressed)) dispatch(name, event);
    }, DIGIT_WAIT_MS);
    return;
  }
  if (dispatch(name, event)) event.preventDefault();
}

if (typeof window !== "undefined") window.addEventListener("keydown", onKeydown);

/**
 * @param options.modal nothing below this layer hears a key. @default false
 */
export function useKeys(keys: KeyMap, { modal = false }: { modal?: boolean } = {}): void {
  const layer = { keys, modal };
  layers.push(layer);
  onScopeDispose(() => layers.splice(layers.indexOf(layer), 1));
}
