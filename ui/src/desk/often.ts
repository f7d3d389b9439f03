/** How often one member may have something, as the boxes of a form hold it. */
import type { AtMost } from "@/shared/bindings";
import { wholeOr } from "@/shared/format";

export const PERIODS = ["day", "week", "month", "year", "ever"] as const;
export type Period = (typeof PERIODS)[number];
export type Often = Record<Period, string>;

/** What the boxes begin with. */
export function boxesOf(limits: AtMost | undefined): Often {
  const box = (period: Period) => String(limits?.[period] ?? "");
  return {
    day: box("day"),
    week: box("week"),
    month: box("month"),
    year: box("year"),
    ever: box("ever"),
  };
}

/** What the boxes say; nothing where all are empty. What is no number the till refuses. */
export function limitsOf(boxes: Often): AtMost | undefined {
  const limits: AtMost = {};
  for (const period of PERIODS) {
    const text = boxes[period].trim();
    if (text) limits[period] = wholeOr(text, 0);
  }
  return Object.keys(limits).length > 0 ? limits : undefined;
}
