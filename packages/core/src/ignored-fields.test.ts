import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leavesOf, showField } from './field-set.ts';
import { type IgnoreRule, parsePointer, rulesFor } from './ignore-rule.ts';
import { ignoredFields, keepIgnored } from './ignored-fields.ts';
import type { KubeObject, ManagedFieldsEntry } from './object.ts';

type Json = Record<string, unknown>;

const us = 'weir-test';
const web = 'k:{"name":"web"}';
const ours: ManagedFieldsEntry = {
  manager: us,
  operation: 'Apply',
  fieldsV1: {
    'f:metadata': { 'f:labels': { 'f:team': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:template': { 'f:containers': { [web]: { '.': {}, 'f:name': {}, 'f:image': {} } } },
      'f:paused': {},
    },
  },
};
const scaler: ManagedFieldsEntry = {
  manager: 'scaler',
  operation: 'Apply',
  fieldsV1: { 'f:spec': { '.': {}, 'f:replicas': {} } },
};

function deployment(
  spec: Json,
  managedFields?: readonly ManagedFieldsEntry[],
  metadata: Json = {},
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...metadata, ...(managedFields === undefined ? {} : { managedFields }) },
    spec,
  };
}

const image = (text: string): Json => ({ name: 'web', image: text });
const proxy = { name: 'proxy', image: 'p' };
const mark = { kind: 'labels', labels: { owner: 'us' } } as const;
const labelled = { labels: { owner: 'us', team: 'a' } };
const desired = deployment({ replicas: 1, template: { containers: [image('a')] } }, undefined, labelled);
const live = deployment(
  { replicas: 4, paused: true, template: { containers: [proxy, image('b')] } },
  [ours],
  {
    labels: { owner: 'us', team: 'b' },
    uid: 'u',
  },
);

function fieldsOf(
  rule: Omit<IgnoreRule, 'match'>,
  of: { desired?: KubeObject; live?: KubeObject } = {},
): string {
  const rules = [{ match: {}, ...rule }];
  const fields = ignoredFields({ rules, desired: of.desired ?? desired, live: of.live ?? live });
  return leavesOf(fields).map(showField).join(' ');
}

describe('the fields that a rule ignores', () => {
  const table: Record<string, [Omit<IgnoreRule, 'match'>, string]> = {
    'are those of a pointer': [{ pointers: ['/spec/replicas'] }, 'spec.replicas'],
    'are none where nothing is there': [{ pointers: ['/spec/nowhere/at/all', '/spec/replicas/x'] }, ''],
    'are all below': [{ pointers: ['/spec/template', '/spec/template/containers'] }, 'spec.template'],
    'are items by their keys, as numbered in Git and as numbered live': [
      { pointers: ['/spec/template/containers/1/image'] },
      'spec.template.containers[name=web].image',
    ],
    'of an item that nobody is known to own are none': [
      { pointers: ['/spec/template/containers/0/image'] },
      'spec.template.containers[name=web].image',
    ],
    'keep what an object is called': [{ pointers: ['/kind', '/metadata/name', '/metadata/uid'] }, ''],
    'of the whole are its contents': [{ pointers: [''] }, 'spec metadata.labels'],
    'of all metadata are labels and annotations': [{ pointers: ['/metadata'] }, 'metadata.labels'],
    'of a manager are what it owns': [
      { managers: [us] },
      'metadata.labels.team spec.replicas spec.template.containers[name=web].name spec.template.containers[name=web].image spec.paused',
    ],
    'of a manager that owns nothing are none': [{ managers: ['nobody'] }, ''],
    'take no pointer that is none': [{ pointers: ['spec/replicas', '/spec/~2'] }, ''],
    'of an index that is none are none': [
      { pointers: ['/spec/template/containers/-', '/spec/template/containers/x'] },
      '',
    ],
  };
  for (const [sentence, [rule, expected]] of Object.entries(table))
    it(sentence, () => expect(fieldsOf(rule)).toBe(expected));

  it('are also what jq selected', () => {
    const fields = ignoredFields({
      rules: [{ match: {}, jq: ['.spec.template.containers[].image'] }],
      desired,
      live,
      jq: { desired: [['spec', 'template', 'containers', 0, 'image']], live: [] },
    });
    expect(leavesOf(fields).map(showField)).toEqual(['spec.template.containers[name=web].image']);
  });
});

describe('a JSON pointer', () => {
  it('comes back through its escapes', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 5 }), { minLength: 1 }), (keys) => {
        const text = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
        expect(parsePointer(text)).toEqual(keys);
      }),
    ));
  it.each(['a', 'spec/replicas', '/a~', '/a~2'])('%s is none', (text) =>
    expect(parsePointer(text)).toBeUndefined(),
  );
});

describe('a rule is about an object', () => {
  const ref = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
  const table: Record<string, [IgnoreRule['match'], boolean]> = {
    'where it says nothing': [{}, true],
    'of its group and kind by glob': [
      { group: { kind: 'glob', text: '*' }, kind: { kind: 'glob', text: 'Deploy*' } },
      true,
    ],
    'of its name alone': [{ name: { kind: 'exact', text: 'web' } }, true],
    'but of no other name': [{ name: { kind: 'exact', text: 'api' } }, false],
    'but of no other namespace': [{ namespace: { kind: 'exact', text: 'other' } }, false],
    'by regular expression': [{ name: { kind: 'regex', text: 'w(e)b|x' } }, true],
  };
  for (const [sentence, [match, expected]] of Object.entries(table))
    it(sentence, () => expect(rulesFor([{ match }], ref).length === 1).toBe(expected));
});

describe('what is applied where ignored fields are kept', () => {
  const kept = (rule: Omit<IgnoreRule, 'match'>, lives = live): KubeObject =>
    keepIgnored(desired, {
      live: lives,
      ignored: ignoredFields({ rules: [{ match: {}, ...rule }], desired, live: lives }),
      manager: us,
      mark,
    });

  it('has the live value of an ignored field', () =>
    expect(kept({ pointers: ['/spec/replicas'] }).spec).toEqual({ ...(desired.spec as Json), replicas: 4 }));
  it('leaves out what another manager applies', () => {
    const lives = deployment({ replicas: 4 }, [scaler, ours]);
    expect(kept({ pointers: ['/spec/replicas'] }, lives).spec).toEqual({
      template: { containers: [image('a')] },
    });
  });
  it('leaves out what is not live', () =>
    expect(kept({ pointers: ['/spec/replicas'] }, deployment({}, [ours])).spec).toEqual({
      template: { containers: [image('a')] },
    }));
  it('keeps what has left Git and is ours alone', () =>
    expect(kept({ pointers: ['/spec/paused'] }).spec).toEqual({ ...(desired.spec as Json), paused: true }));
  it('does not take what was never ours', () => {
    const lives = deployment({ replicas: 4, paused: true }, [scaler]);
    expect(kept({ pointers: ['/spec/paused'] }, lives).spec).toEqual(desired.spec);
  });
  it('keeps the field of the right item', () =>
    expect(kept({ pointers: ['/spec/template/containers/1/image'] }).spec).toEqual({
      replicas: 1,
      template: { containers: [image('b')] },
    }));
  it('keeps the mark, whatever is ignored', () => {
    const lives = deployment({ replicas: 4 }, [ours], { labels: { team: 'b' }, uid: 'u' });
    expect(kept({ pointers: ['/metadata/labels'] }, lives).metadata).toEqual({
      name: 'web',
      labels: { owner: 'us', team: 'b' },
    });
  });
  it('takes nothing of a server’s own metadata', () =>
    expect(Object.keys(kept({ pointers: [''] }).metadata).sort()).toEqual(['labels', 'name']));
  it('changes nothing where nothing is ignored', () => expect(kept({})).toBe(desired));
});
