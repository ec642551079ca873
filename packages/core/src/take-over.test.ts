import { describe, expect, it } from 'vitest';
import type { KubeObject, ManagedFieldsEntry } from './object.ts';
import { managersOf, rulesToTakeOver, type TakeOverRule, takeOverEntries } from './take-over.ts';

const entry = (
  text: string,
  fieldsV1: Readonly<Record<string, unknown>>,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry => {
  const [operation = '', manager = ''] = text.split(' ');
  return { operation, manager, apiVersion: 'v1', fieldsV1, ...more };
};

const objectWith = (...managedFields: ManagedFieldsEntry[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', managedFields },
});

const rules: readonly TakeOverRule[] = [
  { manager: 'kubectl', operation: 'Update', isPrefix: true },
  { manager: 'helm', operation: 'Update' },
  { manager: 'argocd-controller', operation: 'Apply', isOnce: true },
  { manager: 'weir', operation: 'Update' },
];

describe('the entries of an object', () => {
  const cases: Record<string, { entries: ManagedFieldsEntry[]; becomes: string[] | undefined }> = {
    'stay where nothing is taken over': {
      entries: [entry('Apply weir', { 'f:data': {} }), entry('Update helmsman', { 'f:x': {} })],
      becomes: undefined,
    },
    'of a prefix become ours': {
      entries: [entry('Update kubectl-edit', { 'f:data': { 'f:b': {} } })],
      becomes: ['Apply weir {"f:data":{"f:b":{}}}'],
    },
    'are merged with ours, and others stay': {
      entries: [
        entry('Apply weir', { 'f:data': { 'f:a': {} } }),
        entry('Update helm', { 'f:data': { '.': {}, 'f:b': {} } }),
        entry('Update other', { 'f:data': { 'f:c': {} } }),
      ],
      becomes: ['Apply weir {"f:data":{"f:a":{},".":{},"f:b":{}}}', 'Update other {"f:data":{"f:c":{}}}'],
    },
    'of ours by updates become ours by apply': {
      entries: [entry('Update weir', { 'f:data': { 'f:b': {} } })],
      becomes: ['Apply weir {"f:data":{"f:b":{}}}'],
    },
    'of subresources are left alone': {
      entries: [entry('Update kubectl', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' })],
      becomes: undefined,
    },
    'of another operation are left alone': {
      entries: [entry('Apply helm', { 'f:data': {} })],
      becomes: undefined,
    },
  };
  for (const [name, { entries, becomes }] of Object.entries(cases))
    it(name, () => {
      const taken = takeOverEntries(objectWith(...entries), { manager: 'weir', rules });
      const shown = taken?.map(
        ({ operation, manager, fieldsV1 }) => `${operation} ${manager} ${JSON.stringify(fieldsV1)}`,
      );
      expect(shown).toEqual(becomes);
    });
});

describe('whether something is taken over', () => {
  const cases: Record<string, { live: string[]; owned?: string[]; isAdopted?: boolean; taken: boolean }> = {
    'nothing of an object that only we apply': { live: [], owned: ['weir'], taken: false },
    'what a user edited': { live: ['Update kubectl-edit'], taken: true },
    'nothing of a controller': { live: ['Update kube-controller-manager'], taken: false },
    'what another tool applied, when the object becomes ours': {
      live: [],
      owned: ['argocd-controller'],
      isAdopted: true,
      taken: true,
    },
    'nothing that another tool applies later': { live: [], owned: ['argocd-controller'], taken: false },
  };
  for (const [name, { live, owned = [], isAdopted = false, taken }] of Object.entries(cases))
    it(name, () => {
      const found = rulesToTakeOver(
        rules,
        { managers: live, owned: Object.fromEntries(owned.map((manager) => [manager, 'x'])) },
        { manager: 'weir', isAdopted },
      );
      expect(found !== undefined).toBe(taken);
    });
});

it('names who owns something beside the ones that apply, and no more of them than there can be', () => {
  const many = Array.from({ length: 40 }, (_, index) => entry(`Update m${index}`, {}));
  expect(managersOf(objectWith(entry('Apply weir', {}), entry('Update helm', {})), ['weir'])).toEqual([
    'Update helm',
  ]);
  expect(managersOf(objectWith(...many), [])).toHaveLength(20);
});
