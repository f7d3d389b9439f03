/**
 * Tells a scanner from a person by the time between keys, and by nothing else: no clock, no window,
 * no timers in here, so that a test can play any rhythm.
 */

/** What the detector needs to know of a key. */
export interface ScanKey {
  /** The physical key: a Chinese IME replaces `key` with "Process" but leaves this alone. */
  code: string;
  shift: boolean;
  /** Ctrl, Alt or Meta is held. */
  chord: boolean;
  /** The key is held down and repeats. */
  repeat: boolean;
  /** Milliseconds; only differences count. */
  time: number;
}

export interface ScanSettings {
  /** The longest time between two of a scanner's keys. */
  gapMs: number;
  prefix: string;
  suffix: string;
}

export type ScanStep =
  /** Not a scanner's key, or the first of something that may become a scan. */
  | { kind: "none" }
  /** The first key of what may become a scan: the time to remember what a field holds. */
  | { kind: "start" }
  /** One more key at a scanner's pace. */
  | { kind: "more" }
  /** A whole code. */
  | { kind: "scan"; code: string };

/** Fewer keys than this are a person's, however fast. */
export const SHORTEST_WITH_END = 4;
/** Without Enter or Tab at the end more is asked for. */
export const SHORTEST_WITHOUT_END = 6;
/** So long a silence ends a scan that has no Enter or Tab, at least. */
export const SILENCE_MS = 80;
/** A silence is longer than what may lie between two keys of one scan, by so much. */
const LONGER_MS = 30;
/** A scanner that is plugged in twice, or a finger that stays on the trigger. */
export const SAME_CODE_MS = 1000;

const NONE: ScanStep = { kind: "none" };
const MODIFIER = /^(Shift|Control|Alt|Meta|OS|CapsLock|NumLock|Fn)/;

/** A key that is only held while another one is pressed. */
export const isModifier = (code: string): boolean => MODIFIER.test(code);

function characterOf(key: ScanKey): string | null {
  const { code, shift } = key;
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
  if (digit) return shift && code.startsWith("Digit") ? null : digit[1]!;
  const letter = /^Key([A-Z])$/.exec(code);
  if (letter) return shift ? letter[1]! : letter[1]!.toLowerCase();
  if (code === "Minus") return shift ? "_" : "-";
  if (code === "NumpadSubtract") return "-";
  return null;
}

function isEnd(code: string): boolean {
  return code === "Enter" || code === "NumpadEnter" || code === "Tab";
}

export class ScanDetector {
  private buffer = "";
  private lastKey = Number.NEGATIVE_INFINITY;
  private lastCode = "";
  private lastCodeAt = Number.NEGATIVE_INFINITY;

  constructor(public settings: ScanSettings) {}

  /** How many keys of a possible scan are in hand. */
  get length(): number {
    return this.buffer.length;
  }

  /** So long a silence ends a scan: a pause that the settings allow within one is none. */
  get silenceMs(): number {
    return Math.max(SILENCE_MS, this.settings.gapMs + LONGER_MS);
  }

  reset(): void {
    this.buffer = "";
    this.lastKey = Number.NEGATIVE_INFINITY;
  }

  /** One key went down. */
  key(key: ScanKey): ScanStep {
    // Some scanners press Shift for a capital and some send a stray modifier: neither is a letter,
    // and neither ends the code.
    if (isModifier(key.code)) return NONE;
    const quick = key.time - this.lastKey <= this.settings.gapMs;

    if (key.repeat) {
      this.reset();
      return NONE;
    }
    if (isEnd(key.code)) {
      const code = quick && !key.chord ? this.finish(SHORTEST_WITH_END) : null;
      this.reset();
      return code === null ? NONE : { kind: "scan", code };
    }
    if (key.chord) {
      // A control character in the middle of a code is dropped; a shortcut by hand starts afresh.
      if (quick && this.buffer.length >= 2) this.lastKey = key.time;
      else this.reset();
      return NONE;
    }
    const character = characterOf(key);
    if (character === null) {
      if (quick && this.mayBelong(key)) {
        this.lastKey = key.time;
        return { kind: "more" };
      }
      this.reset();
      return NONE;
    }
    if (!quick) this.buffer = "";
    this.buffer += character;
    this.lastKey = key.time;
    return { kind: this.buffer.length === 1 ? "start" : "more" };
  }

  /** Nothing came for a while: some scanners send no Enter. */
  silence(time: number): ScanStep {
    if (time - this.lastKey < this.silenceMs) return NONE;
    const code = this.finish(SHORTEST_WITHOUT_END);
    this.reset();
    return code === null ? NONE : { kind: "scan", code };
  }

  /** The same code again within a second: it was one scan. */
  isEcho(code: string, time: number): boolean {
    const echo = code === this.lastCode && time - this.lastCodeAt < SAME_CODE_MS;
    this.lastCode = code;
    this.lastCodeAt = time;
    return echo;
  }

  /** Punctuation that a code may hold but that no card number needs is passed over. */
  private mayBelong(key: ScanKey): boolean {
    return (
      this.buffer.length > 0 &&
      /^(Digit[0-9]|Period|Comma|Slash|Semicolon|Equal|Bracket|Backslash|Quote|Space)/.test(
        key.code,
      )
    );
  }

  private finish(shortest: number): string | null {
    if (this.buffer.length < shortest) return null;
    const { prefix, suffix } = this.settings;
    let code = this.buffer;
    if (prefix && code.startsWith(prefix)) code = code.slice(prefix.length);
    if (suffix && code.endsWith(suffix)) code = code.slice(0, -suffix.length);
    return code === "" ? null : code;
  }
}
