// Which switches are set on an object: labels and annotations that change how one object is treated.
// It knows no key; which ones count is the delivery's data.

import type { ObjectSwitch, SwitchEffect } from './delivery.ts';

type Marks = Readonly<Record<string, string>>;

const none: ReadonlySet<SwitchEffect> = new Set();

/** The effects of all switches that are set in any of these labels and annotations. */
export function effectsOf(
  switches: readonly ObjectSwitch[] | undefined,
  ...places: readonly (Marks | undefined)[]
): ReadonlySet<SwitchEffect> {
  // Asked of every object in every plan, and nearly always nothing is set.
  let effects: Set<SwitchEffect> | undefined;
  for (const each of switches ?? [])
    for (const marks of places) {
      const found = marks?.[each.key];
      if (found === undefined || !isSet(each, found)) continue;
      effects ??= new Set();
      effects.add(each.effect);
    }
  return effects ?? none;
}

function isSet({ value, ignoreCase }: ObjectSwitch, found: string): boolean {
  const fold = (text: string): string => (ignoreCase === true ? text.trim().toLowerCase() : text.trim());
  return value === '*' || found.split(',').some((part) => fold(part) === fold(value));
}
