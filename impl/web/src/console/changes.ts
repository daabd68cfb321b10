/**
 * Returns what differs from the record that a form began with. Only that is sent, so that two people who change different
 * things of one record both keep theirs.
 */
export function changes<Values extends object>(before: Values, after: Values): Partial<Values> {
  const names = Object.keys(after) as (keyof Values)[];
  const changed = names.filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name]])) as Partial<Values>;
}
