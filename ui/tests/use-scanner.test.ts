import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, ref } from "vue";
import { useScanner } from "@/desk/composables/useScanner";

let time = 0;
let scope: ReturnType<typeof effectScope>;
let scans: string[];
const enabled = ref(true);

/** One key as the engine sends it: the window hears it first, then the field takes the letter. */
function press(target: HTMLElement, code: string, key: string, gap = 8): KeyboardEvent {
  time += gap;
  const event = new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true });
  Object.defineProperty(event, "timeStamp", { value: time });
  target.dispatchEvent(event);
  const letter = /^(?:Digit|Key)(.)$/.exec(code)?.[1];
  if (!event.defaultPrevented && letter && target instanceof HTMLInputElement) {
    target.value += letter;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return event;
}

function scan(target: HTMLElement, code: string, key?: string): KeyboardEvent {
  for (const digit of code) press(target, `Digit${digit}`, key ?? digit);
  return press(target, "Enter", "Enter");
}

function field(type = "text"): HTMLInputElement {
  const box = document.createElement("input");
  box.type = type;
  document.body.append(box);
  box.focus();
  return box;
}

beforeEach(() => {
  vi.useFakeTimers();
  time += 10_000;
  scans = [];
  enabled.value = true;
  scope = effectScope();
  scope.run(() =>
    useScanner(ref({ gapMs: 50, prefix: "", suffix: "" }), enabled, (code) => scans.push(code)),
  );
});

afterEach(() => {
  scope.stop();
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("the scanner on the window", () => {
  it("leaves a list as it was chosen, which the keys of a code would choose from anew", () => {
    const list = document.createElement("select");
    list.innerHTML = "<option>60</option><option>120</option>";
    list.value = "120";
    document.body.append(list);
    list.focus();
    const heard: string[] = [];
    list.addEventListener("change", () => heard.push(list.value));
    press(list, "Digit6", "6");
    // What a browser does with a key on a closed list.
    list.value = "60";
    for (const digit of "0010427") press(list, `Digit${digit}`, digit);
    press(list, "Enter", "Enter");
    vi.runAllTimers();
    expect(list.value).toBe("120");
    expect(heard).toEqual(["120"]);
    expect(scans).toEqual(["60010427"]);
  });

  it("hears a scan wherever the focus is, and keeps its Enter from the page", () => {
    const enter = scan(document.body, "80010427");
    expect(scans).toEqual(["80010427"]);
    expect(enter.defaultPrevented).toBe(true);
  });

  it("hears it through a Chinese IME", () => {
    scan(field(), "80010427", "Process");
    vi.runAllTimers();
    expect(scans).toEqual(["80010427"]);
  });

  it("leaves the field as it was, and tells whoever listens to it", () => {
    const box = field();
    box.value = "lin";
    const heard: string[] = [];
    box.addEventListener("input", () => heard.push(box.value));
    scan(box, "80010427");
    vi.runAllTimers();
    expect(box.value).toBe("lin");
    expect(heard.at(-1)).toBe("lin");
  });

  it("lets whoever takes the scan put it into the field that has the focus", () => {
    const box = field();
    scope.stop();
    scope = effectScope();
    const fill = (code: string) => (box.value = code);
    scope.run(() => useScanner(ref({ gapMs: 50, prefix: "", suffix: "" }), enabled, fill));
    scan(box, "80010427");
    vi.runAllTimers();
    expect(box.value).toBe("80010427");
  });

  it("leaves slow typing in the field", () => {
    const box = field();
    for (const digit of "80010427") press(box, `Digit${digit}`, digit, 120);
    const enter = press(box, "Enter", "Enter", 120);
    expect(box.value).toBe("80010427");
    expect(enter.defaultPrevented).toBe(false);
    expect(scans).toEqual([]);
  });

  it("looks at nothing that is typed into a box for a secret", () => {
    const pin = field("password");
    scan(pin, "274913");
    const marked = field();
    marked.dataset.secret = "";
    scan(marked, "274913");
    vi.runAllTimers();
    expect(scans).toEqual([]);
    expect(pin.value).toBe("274913");
  });

  it("hears nothing while it is off", () => {
    enabled.value = false;
    scan(document.body, "80010427");
    expect(scans).toEqual([]);
  });

  it("takes a scan without Enter after a silence", () => {
    for (const digit of "80010427") press(document.body, `Digit${digit}`, digit);
    vi.advanceTimersByTime(100);
    expect(scans).toEqual(["80010427"]);
  });

  it("takes no silence for one during which the page was busy", () => {
    for (const digit of "800104") press(document.body, `Digit${digit}`, digit);
    // The page is busy for half a second: the timer is late, and two keys still wait to be heard.
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockReturnValue(now + 500);
    vi.advanceTimersByTime(90);
    clock.mockRestore();
    expect(scans).toEqual([]);
    for (const digit of "27") press(document.body, `Digit${digit}`, digit);
    press(document.body, "Enter", "Enter");
    expect(scans).toEqual(["80010427"]);
  });

  it("hears two cards in a row, and the same card once", () => {
    scan(document.body, "80010427");
    scan(document.body, "80010428");
    scan(document.body, "80010428");
    expect(scans).toEqual(["80010427", "80010428"]);
  });
});
