/**
 * Numbers, money and times as text. Nothing is computed here: what comes in are whole numbers
 * that the till has worked out, and they only get their separators and their sign.
 */
import type { Hours } from "./bindings";

/** Minor units as an exact decimal text: 35200 with two digits is "352.00". */
export function minorToDecimal(minor: number, digits: number): `${number}` {
  const sign = minor < 0 ? "-" : "";
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const part = digits > 0 ? `.${text.slice(text.length - digits)}` : "";
  return `${sign}${whole}${part}` as `${number}`;
}

/** What somebody typed, as minor units; null where it is no amount. For settings, not for sums. */
export function decimalToMinor(text: string, digits: number): number | null {
  const match = /^(\d{1,12})(?:[.。](\d*))?$/.exec(text.trim());
  if (!match || (match[2] ?? "").length > digits) return null;
  return Number(match[1] + (match[2] ?? "").padEnd(digits, "0"));
}

export function formatMoney(
  minor: number,
  currency: string,
  digits: number,
  locale: string,
): string {
  const value = minorToDecimal(minor, digits);
  try {
    return new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  } catch {
    // A code that this engine does not know still deserves its figures.
    return `${currency} ${value}`;
  }
}

export function formatNumber(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** With a plus where something is given. */
export function formatSigned(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { signDisplay: "exceptZero" }).format(value);
}

/** The store's time zone; the machine's where the engine does not know it. */
export function knownZone(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

export function formatTime(ms: number, zone: string | undefined, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  }).format(ms);
}

export function formatDateTime(ms: number, zone: string | undefined, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  }).format(ms);
}

/** The calendar day of a moment, in the store's time zone, as `YYYY-MM-DD`. */
export function dayOf(ms: number, zone: string | undefined): string {
  // Put together from its parts: engines differ in which locale writes a day this way.
  const parts = new Intl.DateTimeFormat("en", {
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    timeZone: zone,
  }).formatToParts(ms);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** A day as `YYYY-MM-DD` in words; the year is named only where it is another than today's. */
export function formatDay(day: string, today: string | null, locale: string): string {
  const sameYear = today !== null && today.slice(0, 4) === day.slice(0, 4);
  // A day has no time zone: it is read and written as UTC so that it cannot slip.
  return new Intl.DateTimeFormat(locale, {
    year: sameYear ? undefined : "numeric",
    month: locale.startsWith("zh") ? "long" : "short",
    day: "numeric",
    timeZone: "UTC",
  }).format(new Date(`${day}T00:00:00Z`));
}

/** Hours of a day as an owner writes them: `9:00-12:00, 14:00-18:00`. */
export function hoursToText(hours: readonly Hours[]): string {
  const clock = (minute: number) =>
    `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
  return hours.map(({ from, to }) => `${clock(from)}-${clock(to)}`).join(", ");
}

/** And back; null where it cannot be read. What hours may be is the till's to say. */
export function textToHours(text: string): Hours[] | null {
  const read: Hours[] = [];
  for (const part of text.split(/[,，、;；]/)) {
    if (part.trim() === "") continue;
    const match = /^(\d{1,2})[:：](\d{2})\s*[-–—~～至到]\s*(\d{1,2})[:：](\d{2})$/.exec(
      part.trim(),
    );
    if (!match) return null;
    const [fromHour, fromMinute, toHour, toMinute] = match.slice(1).map(Number);
    if (fromMinute! > 59 || toMinute! > 59) return null;
    read.push({ from: fromHour! * 60 + fromMinute!, to: toHour! * 60 + toMinute! });
  }
  return read;
}

export function formatWeekday(day: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

/** The day so many days later. */
export function shiftDay(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Whether it is a day, written `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** "5 minutes ago", in whole units and never more exact than it is useful. */
export function formatAge(ms: number, now: number, locale: string): string {
  const minutes = Math.max(0, Math.floor((now - ms) / 60_000));
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (minutes < 60) return words.format(-minutes, "minute");
  if (minutes < 48 * 60) return words.format(-Math.floor(minutes / 60), "hour");
  return words.format(-Math.floor(minutes / 1440), "day");
}

/** The first letter of a name as a reader counts: a rare character outside the BMP is one. */
export function initialOf(name: string): string {
  const trimmed = name.trim();
  if (typeof Intl.Segmenter === "function") {
    const first = new Intl.Segmenter(undefined, { granularity: "grapheme" })
      .segment(trimmed)
      [Symbol.iterator]()
      .next();
    return first.done ? "?" : first.value.segment.toUpperCase();
  }
  return (Array.from(trimmed)[0] ?? "?").toUpperCase();
}

/** A whole number as typed; what is none is `otherwise`: one that the till refuses, by its name. */
export const wholeOr = (typed: string, otherwise: number): number =>
  /^\d{1,9}$/.test(typed.trim()) ? Number(typed.trim()) : otherwise;
