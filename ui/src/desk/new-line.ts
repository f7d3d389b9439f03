/** Which line of a list is the one that was just added. */

interface Line {
  id: string | null;
}

/** How many fields of what was sent stand in a line. */
function likeness<L extends Line>(sent: L, line: L): number {
  const names = Object.keys(sent) as (keyof L)[];
  return names.filter((name) => JSON.stringify(sent[name]) === JSON.stringify(line[name])).length;
}

/**
 * The till gives a new line its id and answers with the whole list, in which another desk's new line may
 * have come meanwhile. Ours is the one that holds what was sent; of two that are alike, the one with the
 * later id, for ids rise with the time at which they are made.
 *
 * @param known ids of the lines that were there before
 */
export function newLine<L extends Line>(
  sent: L,
  lines: L[],
  known: ReadonlySet<string | null>,
): L | undefined {
  const rank = (line: L) => likeness(sent, line);
  return lines
    .filter(({ id }) => !known.has(id))
    .sort((one, other) => rank(other) - rank(one) || (one.id! < other.id! ? 1 : -1))[0];
}
