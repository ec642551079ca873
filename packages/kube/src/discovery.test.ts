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
