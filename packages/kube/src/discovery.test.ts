import { expect, it } from 'vitest';
import { discover } from './discovery.ts';
import type { Transport } from './transport.ts';

const group = (name: string): unknown => ({
  metadata: { name },
  versions: [
    { version: 'v1', resources: [{ resource: 'things', scope: 'Cluster', responseKind: { kind: 'Thing' } }] },
  ],
});
const answering = (answers: Record<string, unknown>): Transport =>
  ({ send: async ({ path }: { path: string }) => answers[path] }) as unknown as Transport;

it('names what both roots serve', async () => {
  const found = await discover(
    answering({ '/api': { items: [group('')] }, '/apis': { items: [group('x.org')] } }),
  );
  expect(found.apiVersions()).toEqual(['v1', 'v1/Thing', 'x.org/v1', 'x.org/v1/Thing']);
});

const wrong: Record<string, unknown> = {
  'the list of an old server': { kind: 'APIGroupList', groups: [] },
  'no group at all': { items: [] },
  'no object': 'ok',
};
for (const [sentence, answer] of Object.entries(wrong))
  it(`a cluster does not count as one that serves nothing: ${sentence}`, async () => {
    await expect(discover(answering({ '/api': { items: [group('')] }, '/apis': answer }))).rejects.toThrow(
      'no list of API groups',
    );
  });

it('tells which group has a server that does not answer, and names the others', async () => {
  const down = { metadata: { name: 'down.org' }, versions: [{ version: 'v1', freshness: 'Stale' }] };
  const found = await discover(
    answering({ '/api': { items: [group('')] }, '/apis': { items: [group('x.org'), down] } }),
  );
  const isStale = (name: string): boolean => found.isStale({ group: name, version: 'v1' });
  expect([found.apiVersions().length, isStale('down.org'), isStale('x.org')]).toEqual([4, true, false]);
});

it('tells kinds of one name in two groups apart', async () => {
  const found = await discover(
    answering({ '/api': { items: [group('')] }, '/apis': { items: [group('x.org'), group('y.org')] } }),
  );
  const groupOf = (name: string): string | undefined =>
    found.find({ group: name, version: 'v1', kind: 'Thing' })?.group;
  expect([groupOf('x.org'), groupOf('y.org'), groupOf('z.org')]).toEqual(['x.org', 'y.org', undefined]);
});
