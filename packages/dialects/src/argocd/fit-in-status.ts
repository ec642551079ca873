// Which entries a status has room for: etcd takes 1.5 MB an object, and a status that is refused tells nothing at all.
// It never reorders what it keeps.

/** What asks for attention stays; of the rest as many as there is room for, the first ones. */
export function fitInStatus<Entry>(
  entries: readonly Entry[],
  of: { readonly room: number; readonly isTelling: (entry: Entry) => boolean },
): readonly Entry[] {
  if (entries.length <= of.room) return entries;
  let left = of.room - Math.min(entries.filter(of.isTelling).length, of.room);
  let telling = of.room - left;
  return entries.filter((entry) => (of.isTelling(entry) ? telling-- > 0 : left-- > 0));
}
