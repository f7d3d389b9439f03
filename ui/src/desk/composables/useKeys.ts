/**
 * One listener for all keys of the desk. A page or a panel lays its keys on top and takes them away
 * when it goes; the topmost layer that knows a key has it.
 *
 * Keys mean what they mean in the order in which they were pressed, however slow the machine is: one
 * that comes before its page is there, or before what it is about was read, waits for that.
 */
import { onScopeDispose, watch } from "vue";
import { afterSilence } from "./silence";
import { isModifier } from "./scan-detector";
import { scanGapMs, scanMark, scanSince } from "./useScanner";

/** Returns false to let the layer below have the key. */
type Handler = (event: KeyboardEvent) => unknown;
export type KeyMap = Record<string, Handler>;

interface Pressed {
  name: string;
  event: KeyboardEvent;
  /** When, on the window's own stopwatch. */
  at: number;
}

interface Layer {
  keys: KeyMap;
  modal: boolean;
  ready: () => boolean;
  /** What was pressed before it was ready. */
  early: Pressed[];
}

const layers: Layer[] = [];
/** A digit waits this long, at least: if more follow at a scanner's pace it was the first of a code. */
const DIGIT_WAIT_MS = 60;
/** And so much longer than a scanner's keys may lie apart. */
const LONGER_MS = 10;
/** What was pressed longer ago than this was meant for something else. */
const STALE_MS = 5000;

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
  if (name === "Ctrl+Z") {
    // In a text that was begun, Ctrl+Z is the text's own.
    const target = event.target;
    return !(isEditable(target) && "value" in target! && target.value !== "");
  }
  if (name.startsWith("Ctrl+")) return true;
  if (name === "Enter") return !isEditable(event.target) && !holdsEnter(event.target);
  return !isEditable(event.target);
}

function dispatch(pressed: Pressed): boolean {
  const { name, event } = pressed;
  for (const layer of [...layers].reverse()) {
    const handler = layer.keys[name];
    if (handler && !layer.ready()) {
      layer.early.push(pressed);
      return true;
    }
    if (handler && handler(event) !== false) return true;
    if (layer.modal) return false;
  }
  return false;
}

/** What waited has its turn, in its order. */
function release(early: Pressed[]): void {
  const now = performance.now();
  for (const pressed of early.splice(0)) {
    if (now - pressed.at < STALE_MS) perform(pressed);
  }
}

// ---- on the way from page to page --------------------------------------------------------------

/** Where the window is going to; null: it is there. */
let bound: string | null = null;
/** What was pressed on the way: it is meant for the page that comes. */
const onTheWay: Pressed[] = [];
/** What may mean something there; whatever else there is on a keyboard is the browser's. */
const SHORTCUT = /^(F\d+|Escape|Enter|Arrow\w+|Ctrl\+.+|[0-9/.=-])$/;

/** The window goes to another page, which may have to be read first. */
export function leaveFor(place: string): void {
  bound = place;
}

/** It is there, or will never be. */
export function arriveAt(place: string): void {
  // Who was on the way to one page and chose another is still on the way.
  if (bound !== place) return;
  bound = null;
  release(onTheWay);
}

// ---- digits ------------------------------------------------------------------------------------

interface Digit {
  pressed: Pressed;
  /** See `scanSince`. */
  mark: number;
  stop: () => void;
}

/** Those of which it is not known yet whether a scanner or a person pressed them. */
const digits: Digit[] = [];

/** The oldest one is known: a person's means something, a scanner's does not. */
function decide(): void {
  const digit = digits.shift();
  if (!digit) return;
  digit.stop();
  if (!scanSince(digit.mark)) perform(digit.pressed);
}

function waitForMore(pressed: Pressed): void {
  const mark = scanMark();
  if (scanSince(mark)) return;
  const wait = Math.max(DIGIT_WAIT_MS, scanGapMs() + LONGER_MS);
  digits.push({ pressed, mark, stop: afterSilence(wait, decide) });
}

// ---- each key ----------------------------------------------------------------------------------

function perform(pressed: Pressed): boolean {
  if (bound === null) return dispatch(pressed);
  onTheWay.push(pressed);
  return true;
}

function known(name: string): boolean {
  return layers.some((layer) => name in layer.keys) || (bound !== null && SHORTCUT.test(name));
}

function onKeydown(event: KeyboardEvent): void {
  const focused = document.activeElement;
  // The scanner has heard this key already, so of those before it all is known: they come first.
  // Some scanners press Shift between the keys of a code, which says nothing yet.
  if (!isModifier(event.code)) while (digits.length > 0) decide();
  if (event.isComposing || event.defaultPrevented) return;
  const name = nameOf(event);
  // The browser's own meaning of these (reload, find, caret browsing) has no place at a desk.
  if (/^F([1-9]|1[01])$/.test(name)) event.preventDefault();
  if (!reaches(name, event) || !known(name)) return;
  const pressed = { name, event, at: performance.now() };
  if (/^[0-9]$/.test(name)) {
    // Where the one before it put the cursor into a box, the browser would type this one there as well.
    if (document.activeElement !== focused) event.preventDefault();
    waitForMore(pressed);
  } else if (perform(pressed)) event.preventDefault();
}

if (typeof window !== "undefined") window.addEventListener("keydown", onKeydown);

interface Options {
  /** Nothing below this layer hears a key. @default false */
  modal?: boolean;
  /** Whether what the keys are about is there; as long as it is not, they wait. @default always */
  ready?: () => boolean;
}

export function useKeys(keys: KeyMap, { modal = false, ready }: Options = {}): void {
  const layer: Layer = { keys, modal, ready: ready ?? (() => true), early: [] };
  layers.push(layer);
  if (ready) {
    watch(
      ready,
      (is) => {
        if (is) release(layer.early);
      },
      { flush: "post" },
    );
  }
  onScopeDispose(() => layers.splice(layers.indexOf(layer), 1));
}
