import { describe, expect, it } from "vitest";
import { ScanDetector, type ScanStep } from "@/desk/composables/scan-detector";

const SETTINGS = { gapMs: 50, prefix: "", suffix: "" };

/** Plays keys at a pace and returns the codes that came out. */
function play(
  detector: ScanDetector,
  codes: string[],
  { gap = 8, from = 0, shift = false, chord = false, repeat = false } = {},
): { scans: string[]; end: number } {
  const scans: string[] = [];
  let time = from;
  const take = (step: ScanStep) => step.kind === "scan" && scans.push(step.code);
  for (const code of codes) {
    time += gap;
    take(detector.key({ code, shift, chord, repeat, time }));
  }
  return { scans, end: time };
}

const digits = (text: string) => [...text].map((digit) => `Digit${digit}`);
const fresh = (settings = SETTINGS) => new ScanDetector(settings);

describe("a scanner", () => {
  it("is known by its pace and its Enter", () => {
    expect(play(fresh(), [...digits("80010427"), "Enter"]).scans).toEqual(["80010427"]);
  });

  it("may end with Tab or the numeric keypad's Enter", () => {
    expect(play(fresh(), [...digits("1234"), "Tab"]).scans).toEqual(["1234"]);
    expect(play(fresh(), [...digits("1234"), "NumpadEnter"]).scans).toEqual(["1234"]);
  });

  it("may send no Enter: six keys and a silence will do, five will not", () => {
    const six = fresh();
    const { end } = play(six, digits("123456"));
    expect(six.silence(end + 40).kind).toBe("none");
    expect(six.silence(end + 80)).toEqual({ kind: "scan", code: "123456" });
    const five = fresh();
    expect(five.silence(play(five, digits("12345")).end + 80).kind).toBe("none");
  });

  it("is not cut in two by a pause that its settings allow", () => {
    const slow = fresh({ ...SETTINGS, gapMs: 200 });
    const { end } = play(slow, digits("123456"), { gap: 150 });
    expect(slow.silence(end + 199).kind).toBe("none");
    expect(play(slow, [...digits("78"), "Enter"], { gap: 150, from: end }).scans).toEqual([
      "12345678",
    ]);
    const { end: last } = play(slow, digits("123456"), { gap: 150, from: end + 5000 });
    expect(slow.silence(last + 230)).toEqual({ kind: "scan", code: "123456" });
  });

  it("is read by physical keys, whatever an IME makes of them", () => {
    // Only `code` goes in: `key` is "Process" under a Chinese IME and is never asked for.
    const keys = ["KeyG", "KeyY", "KeyM", "Minus", "Digit7", "Numpad9", "Enter"];
    expect(play(fresh(), keys).scans).toEqual(["gym-79"]);
    expect(play(fresh(), keys, { shift: true }).scans).toEqual(["GYM_9"]);
  });

  it("may scan twice in a row", () => {
    const detector = fresh();
    const first = play(detector, [...digits("11112222"), "Enter"]);
    const second = play(detector, [...digits("33334444"), "Enter"], { from: first.end + 5 });
    expect([...first.scans, ...second.scans]).toEqual(["11112222", "33334444"]);
  });

  it("is not disturbed by modifiers on their own", () => {
    const keys = ["ShiftLeft", "Digit1", "Digit2", "AltLeft", "Digit3", "ControlLeft", "Digit4"];
    expect(play(fresh(), [...keys, "Enter"]).scans).toEqual(["1234"]);
  });

  it("may send a control character in the middle of a code", () => {
    const detector = fresh();
    const { end } = play(detector, digits("1234"));
    detector.key({ code: "BracketRight", shift: false, chord: true, repeat: false, time: end + 5 });
    expect(play(detector, [...digits("56"), "Enter"], { from: end + 5 }).scans).toEqual(["123456"]);
  });

  it("loses its prefix and suffix", () => {
    const settings = { gapMs: 50, prefix: "x0", suffix: "z" };
    const keys = ["KeyX", "Digit0", ...digits("4711"), "KeyZ", "Enter"];
    expect(play(fresh(settings), keys).scans).toEqual(["4711"]);
  });

  it("is heard once when it says the same twice within a second", () => {
    const detector = fresh();
    expect(detector.isEcho("4711", 0)).toBe(false);
    expect(detector.isEcho("4711", 900)).toBe(true);
    expect(detector.isEcho("4711", 2000)).toBe(false);
    expect(detector.isEcho("4712", 2100)).toBe(false);
  });
});

describe("a person", () => {
  it("types too slowly to be a scanner", () => {
    expect(play(fresh(), [...digits("13800000427"), "Enter"], { gap: 90 }).scans).toEqual([]);
  });

  it("who types fast and ends slowly is none either", () => {
    const detector = fresh();
    const { end } = play(detector, digits("1234"));
    expect(play(detector, ["Enter"], { from: end, gap: 400 }).scans).toEqual([]);
  });

  it("types three quick keys", () => {
    expect(play(fresh(), [...digits("123"), "Enter"]).scans).toEqual([]);
  });

  it("leans on a key", () => {
    const keys = Array.from({ length: 12 }, () => "Digit8");
    expect(play(fresh(), [...keys, "Enter"], { gap: 30, repeat: true }).scans).toEqual([]);
  });

  it("presses shortcuts", () => {
    expect(play(fresh(), ["KeyZ", "KeyL", "KeyK", "KeyN", "Enter"], { chord: true }).scans).toEqual(
      [],
    );
  });

  it("does not spoil the scan that follows", () => {
    const detector = fresh();
    const { end } = play(detector, digits("99"), { gap: 120 });
    expect(play(detector, [...digits("80010427"), "Enter"], { from: end + 300 }).scans).toEqual([
      "80010427",
    ]);
  });
});
