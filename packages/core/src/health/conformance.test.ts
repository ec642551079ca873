// The health of custom kinds against the cases that Argo CD keeps for its own scripts: the status must be the same.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../object.ts';
import { judgeHealth } from './health.ts';

interface Case {
  readonly object: string;
  readonly status: string;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
const conformance = process.env.WEIR_CONFORMANCE ?? join(root, '..', 'shared', 'conformance');
const data = join(conformance, 'argocd-health');
const leastShare = 0.98;

interface Tally {
  cases: number;
  readonly mismatches: string[];
}

/** Some of the files are no YAML 1.2; Go reads them all the same. */
function judgeFile(file: string): string {
  try {
    const [manifest] = loadAll(readFileSync(file, 'utf8'), { json: true });
    return judgeHealth(manifest as KubeObject)?.status ?? 'none';
  } catch (error) {
    return `not read: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
}

function tallyKind(tally: Tally, name: string): void {
  const dir = join(data, name);
  for (const { object, status } of JSON.parse(readFileSync(join(dir, 'cases.json'), 'utf8')) as Case[]) {
    const judged = judgeFile(join(dir, object));
    tally.cases += 1;
    if (judged !== status) tally.mismatches.push(`${name}/${object} is ${status}, judged ${judged}`);
  }
}

describe('the health cases of Argo CD', () => {
  it('have the same status in at least 98 of 100', ({ skip }) => {
    if (!existsSync(data))
      skip('the conformance data is neither at WEIR_CONFORMANCE nor beside the repository');
    const tally: Tally = { cases: 0, mismatches: [] };
    for (const group of readdirSync(data))
      for (const kind of readdirSync(join(data, group))) tallyKind(tally, join(group, kind));
    const share = 1 - tally.mismatches.length / tally.cases;
    expect(share, `${tally.mismatches.join('\n')}\n`).toBeGreaterThanOrEqual(leastShare);
  });
});
