// Which switches are set on an object: labels and annotations that change how one object is treated.
// It knows no key; which ones count is the delivery's data.

import type { ObjectSwitch, SwitchEffect } from './delivery.ts';

type Marks = Readonly<Record<string, string>>;

/** The effects of all switches that are set in any of these labels and annotations. */
export function effectsOf(
  switches: readonly ObjectSwitch[] | undefined,
  ...places: readonly (Marks | undefined)[]
): ReadonlySet<SwitchEffect> {
  const effects = new Set<SwitchEffect>();
  for (const each of switches ?? [])
    if (places.some((marks) => isSet(each, marks?.[each.key]))) effects.add(each.effect);
  return effects;
}

function isSet({ value, ignoreCase }: ObjectSwitch, found: string | undefined): boolean {
  if (found === undefined) return false;
  const fold = (text: string): string => (ignoreCase === true ? text.trim().toLowerCase() : text.trim());
  return value === '*' || found.split(',').some((part) => fold(part) === fold(value));
}
