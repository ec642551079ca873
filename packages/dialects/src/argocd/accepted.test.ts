import { describe, expect, it } from 'vitest';
import { application } from '../conformance/samples.ts';
import { fieldAt, recordAt } from '../resource/read-field.ts';
import { readApplication } from './read-application.ts';
import { acceptedSyncOptions } from './sync-options.ts';
import { acceptedSourceFields } from './unsupported-source.ts';

const spec = recordAt(application, 'spec') ?? {};
const plain = readApplication(application);

describe('what is accepted changes nothing', () => {
  it.each(Object.keys(acceptedSyncOptions))('the sync option %s', (option) => {
    const syncOptions = option.includes('=') ? [option] : [`${option}=true`, `${option}=false`];
    const syncPolicy = { ...recordAt(spec, 'syncPolicy'), syncOptions };
    expect(readApplication({ ...application, spec: { ...spec, syncPolicy } })).toEqual(plain);
  });

  it.each(Object.keys(acceptedSourceFields))('the source field %s', (field) => {
    const [tool = '', option] = field.split('.');
    const value = field.endsWith('apiVersions') ? ['v1'] : field.endsWith('passCredentials') ? true : 'x';
    const source = {
      ...recordAt(spec, 'source'),
      [tool]: option === undefined ? value : { [option]: value },
    };
    const reading = readApplication({ ...application, spec: { ...spec, source } });
    // A tool's options may name the tool; nothing else may differ.
    const recipe = { ...recordAt(reading, 'delivery', 'recipe'), type: 'auto' };
    delete (recipe as Record<string, unknown>).kustomize;
    expect(recipe).toEqual(fieldAt(plain, 'delivery', 'recipe'));
  });

  it('info and revisionHistoryLimit', () => {
    const more = { info: [{ name: 'a', value: 'b' }], revisionHistoryLimit: 3 };
    expect(readApplication({ ...application, spec: { ...spec, ...more } })).toEqual(plain);
  });
});
