import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { definitionFiles } from './definitions.ts';

const script = fileURLToPath(new URL('../../../scripts/generate-crds.mjs', import.meta.url));

it('the files in deploy/crds are what the schemas say', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--check']);
  expect(stdout).toBe('');
});

/** Paths of objects that the API server would prune, and of fields without a type. */
function faults(schema: Record<string, unknown>, path: string): string[] {
  const found: string[] = [];
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isMap = schema.additionalProperties !== undefined;
  if (schema.type === 'object' && !keeps && !isMap && path !== '.metadata') found.push(`${path} prunes`);
  if (schema.type === undefined && !keeps && schema['x-kubernetes-int-or-string'] !== true) {
    found.push(`${path} has no type`);
  }
  const fields = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
  for (const [key, field] of Object.entries(fields)) found.push(...faults(field, `${path}.${key}`));
  if (schema.items !== undefined) {
    found.push(...faults(schema.items as Record<string, unknown>, `${path}[]`));
  }
  return found;
}

it.each(definitionFiles.map(({ file, definition }) => [file, definition] as const))(
  '%s prunes nothing of a user and is structural',
  (_file, definition) => {
    const spec = definition.spec as { versions: { schema: { openAPIV3Schema: object } }[] };
    const [version] = spec.versions;
    expect(faults(version?.schema.openAPIV3Schema as Record<string, unknown>, '')).toEqual([]);
  },
);
