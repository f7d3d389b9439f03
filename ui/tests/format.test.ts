import { describe, expect, it } from "vitest";
import {
  dayOf,
  decimalToMinor,
  formatAge,
  formatDay,
  formatMoney,
  formatTime,
  initialOf,
  knownZone,
  minorToDecimal,
  shiftDay,
  wholeOr,
} from "@/shared/format";

describe("money", () => {
  it("is exact at any size", () => {
    expect(minorToDecimal(35200, 2)).toBe("352.00");
    expect(minorToDecimal(-5, 2)).toBe("-0.05");
    expect(minorToDecimal(1200, 0)).toBe("1200");
    expect(minorToDecimal(9007199254740991, 2)).toBe("90071992547409.91");
  });

  it("has the sign of its currency", () => {
    expect(formatMoney(35200, "CNY", 2, "zh-CN")).toBe("¥352.00");
    expect(formatMoney(1234500, "CNY", 2, "en")).toBe("¥12,345.00");
    expect(formatMoney(500, "not a currency", 2, "en")).toBe("not a currency 5.00");
  });

  it("is read as it is typed", () => {
    expect(decimalToMinor("299", 2)).toBe(29900);
    expect(decimalToMinor("299.5", 2)).toBe(29950);
    expect(decimalToMinor("0.01", 2)).toBe(1);
    expect(decimalToMinor("1.234", 2)).toBeNull();
    expect(decimalToMinor("abc", 2)).toBeNull();
  });
});

describe("time", () => {
  const moment = Date.UTC(2026, 10, 23, 16, 30);

  it("is the store's, not the machine's", () => {
    expect(formatTime(moment, "Asia/Shanghai", "zh-CN")).toBe("00:30");
    expect(dayOf(moment, "Asia/Shanghai")).toBe("2026-11-24");
    expect(knownZone("Nowhere/Land")).toBeUndefined();
  });

  it("names the year only where it is another", () => {
    expect(formatDay("2026-11-18", "2026-11-23", "zh-CN")).toBe("11月18日");
    expect(formatDay("2027-03-31", "2026-11-23", "zh-CN")).toBe("2027年3月31日");
    expect(formatDay("2026-11-18", "2026-11-23", "en")).toBe("Nov 18");
  });

  it("steps over months", () => {
    expect(shiftDay("2026-03-01", -1)).toBe("2026-02-28");
    expect(shiftDay("2026-12-31", 1)).toBe("2027-01-01");
  });

  it("says an age in whole units", () => {
    expect(formatAge(0, 108 * 60_000, "en")).toBe("1 hour ago");
    expect(formatAge(0, 3 * 86_400_000, "en")).toBe("3 days ago");
    expect(formatAge(1000, 0, "zh-CN")).toBe("此刻");
  });
});

describe("an initial", () => {
  it("is a whole character, however rare", () => {
    expect(["喆", "堃", "祎", "𠮷田"].map(initialOf)).toEqual(["喆", "堃", "祎", "𠮷"]);
    expect(initialOf(" emma")).toBe("E");
    expect(initialOf("")).toBe("?");
  });
});

it("what is no whole number is what the till refuses", () => {
  expect([" 14 ", "0"].map((typed) => wholeOr(typed, -1))).toEqual([14, 0]);
  expect(["", "3.5", "-1", "1e3", "abc", "12345678901"].map((typed) => wholeOr(typed, 0))).toEqual([
    0, 0, 0, 0, 0, 0,
  ]);
});
