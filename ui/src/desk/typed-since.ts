/** A form that was sent, that somebody went on with, and whose answer is here. */

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What was changed since it was sent stands; all else is as it was answered. Field by field, however deep
 * they lie; a list is one field.
 *
 * @template T plain data, as JSON has it
 */
export function typedSince<T>(sent: T, now: T, answered: T): T {
  if (!isFields(sent) || !isFields(now) || !isFields(answered)) {
    return JSON.stringify(sent) === JSON.stringify(now) ? answered : now;
  }
  const names = new Set([...Object.keys(now), ...Object.keys(answered)]);
  const entries = [...names].map((name) => [
    name,
    typedSince(sent[name], now[name], answered[name]),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T;
}
