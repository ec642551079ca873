import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countRequests, parseAuditLine, readAudit } from './cluster-audit.ts';

function line(fields: Record<string, unknown>): string {
  return JSON.stringify({
    stage: 'ResponseComplete',
    verb: 'get',
    user: { username: 'weir' },
    requestURI: '/api/v1/namespaces/default/configmaps/a',
    objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    userAgent: 'weir/0.1',
    ...fields,
  });
}

const deployments = { resource: 'deployments', apiGroup: 'apps', namespace: 'default', name: 'web' };

test.each([
  ['a read', line({}), 'weir get configmaps'],
  ['a kind with a group', line({ verb: 'patch', objectRef: deployments }), 'weir patch deployments.apps'],
  [
    'a subresource',
    line({ verb: 'update', objectRef: { ...deployments, subresource: 'status' } }),
    'weir update deployments.apps/status',
  ],
  ['a path that is no resource', line({ requestURI: '/apis?x=1', objectRef: undefined }), 'weir get /apis'],
  ['the start of a watch', line({ verb: 'watch', stage: 'ResponseStarted' }), 'weir watch configmaps'],
  ['the end of a watch', line({ verb: 'watch' }), 'nothing'],
  ['a marker', line({ requestURI: '/api?audit-marker=1' }), 'nothing'],
  ['half a line', line({}).slice(0, 40), 'nothing'],
  ['an empty line', '', 'nothing'],
])('%s', (_title, text, expected) => {
  const entry = parseAuditLine(text);
  expect(entry === undefined ? 'nothing' : `${entry.user} ${entry.verb} ${entry.resource}`).toBe(expected);
});

test('dry runs and field managers are read from the address', () => {
  const uri = '/apis/apps/v1/namespaces/default/deployments/web?dryRun=All&fieldManager=a%2Fb&force=true';
  const entry = parseAuditLine(line({ verb: 'patch', requestURI: uri, objectRef: deployments }));
  expect([entry?.dryRun, entry?.fieldManager]).toEqual([true, 'a/b']);
});

test('only what stands between two markers is read, and a line that is being written waits', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'weir-audit-'));
  try {
    const path = join(dir, 'audit.log');
    const before = `${line({})}\n`;
    const watch = line({ verb: 'watch', stage: 'ResponseStarted' });
    const between = `${line({ verb: 'list' })}\n${line({ verb: 'list' })}\n${watch}\n`;
    await writeFile(path, before + between);
    await appendFile(path, line({ verb: 'delete' }).slice(0, -5));
    const sinceMarker = { id: '1', offset: Buffer.byteLength(before) };
    expect(countRequests(await readAudit(path, { sinceMarker }))).toEqual({ 'weir list configmaps': 2 });
    expect(countRequests(await readAudit(path, { sinceMarker, watches: true }))).toEqual({
      'weir list configmaps': 2,
      'weir watch configmaps': 1,
    });
    expect(countRequests(await readAudit(path, { untilMarker: sinceMarker }))).toEqual({
      'weir get configmaps': 1,
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
