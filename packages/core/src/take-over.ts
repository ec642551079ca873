// Fields that other managers hold in a live object and a delivery takes over: whose they may be, and what becomes of their
// entries. It changes no value of an object, and never asks a server.

import { applyEntryOf } from './drift.ts';
import { type FieldSet, mergeFields } from './field-set.ts';
import type { KubeObject, ManagedFieldsEntry } from './object.ts';

/** A field manager whose entries become ours, so that what leaves Git leaves the object. */
export interface TakeOverRule {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** All managers whose name begins so. */
  readonly isPrefix?: boolean;
  /** Only when the object becomes the delivery's, not each time that the manager writes it later. */
  readonly isOnce?: boolean;
}

/** A server keeps ten entries of updates; more managers than this are not told apart. */
const maxManagers = 20;

/** `Update kubectl-edit`: who owns something, apart from subresources and from what `applying` apply. */
export function managersOf(object: KubeObject, applying: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const entry of object.metadata.managedFields ?? []) {
    const { manager = '', operation = '', subresource = '' } = entry;
    if (subresource !== '' || (operation === 'Apply' && applying.includes(manager))) continue;
    if (found.length < maxManagers) found.push(`${operation} ${manager}`);
  }
  return found;
}

/** The rules by which something is to be taken over now; undefined: nothing is. */
export function rulesToTakeOver(
  rules: readonly TakeOverRule[] | undefined,
  live: {
    readonly managers?: readonly string[];
    readonly owned: Readonly<Record<string, unknown>>;
  },
  of: { readonly manager: string; readonly isAdopted: boolean },
): readonly TakeOverRule[] | undefined {
  if (rules === undefined || rules.length === 0) return undefined;
  const entries = [
    ...(live.managers ?? []).map((text) => {
      const [operation = '', ...manager] = text.split(' ');
      return { operation, manager: manager.join(' ') };
    }),
    ...Object.keys(live.owned).map((manager) => ({ operation: 'Apply', manager })),
  ];
  const counting = rules.filter(({ isOnce }) => of.isAdopted || isOnce !== true);
  return entries.some((entry) => isTaken(entry, counting, of.manager)) ? counting : undefined;
}

/** The object's entries with those that are taken over merged into ours; undefined where nothing is to be done. */
export function takeOverEntries(
  object: KubeObject,
  { manager, rules }: { readonly manager: string; readonly rules: readonly TakeOverRule[] },
): readonly ManagedFieldsEntry[] | undefined {
  const entries = object.metadata.managedFields ?? [];
  const taken = entries.filter((entry) => isTaken(entry, rules, manager));
  if (taken.length === 0) return undefined;
  const ours = applyEntryOf(object, manager);
  const fieldsV1 = [...(ours === undefined ? [] : [ours]), ...taken].reduce<FieldSet>(
    (all, entry) => mergeFields(all, entry.fieldsV1 ?? {}),
    {},
  );
  const first = ours ?? taken[0];
  const { apiVersion = object.apiVersion, time } = first ?? {};
  const merged = {
    manager,
    operation: 'Apply',
    apiVersion,
    fieldsType: 'FieldsV1',
    ...(time === undefined ? {} : { time }),
    fieldsV1,
  };
  return [merged, ...entries.filter((entry) => entry !== ours && !taken.includes(entry))];
}

function isTaken(entry: ManagedFieldsEntry, rules: readonly TakeOverRule[], ours: string): boolean {
  const { manager = '', operation, subresource = '' } = entry;
  if (subresource !== '' || (operation === 'Apply' && manager === ours)) return false;
  return rules.some(
    (rule) =>
      rule.operation === operation &&
      (rule.isPrefix === true ? manager.startsWith(rule.manager) : manager === rule.manager),
  );
}
