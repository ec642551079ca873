// The bare loop in Go (floor-go/), as a process that is told what to send: no runtime of ours is between it and the server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { KubeObject } from '@weir/core';
import type { Rig } from './rig.ts';

export interface GoFloor {
  /** Seconds for one apply of each. */
  applyAll(
    objects: readonly KubeObject[],
    options: { readonly concurrency: number; readonly http: '1.1' | '2' },
  ): Promise<number>;
}

/** `npm run bench` builds the program and says where it is. */
export async function prepareGoFloor(rig: Rig): Promise<GoFloor> {
  const binary = process.env.WEIR_BENCH_FLOOR;
  if (binary === undefined)
    throw new Error('WEIR_BENCH_FLOOR: not set; expected to be started by npm run bench');
  const { server, tls } = rig.admin.transport.access;
  const access = join(rig.dir, 'floor-access.json');
  const pem = { ca: String(tls.ca), cert: String(tls.cert), key: String(tls.key) };
  await writeFile(access, JSON.stringify({ server, ...pem }), { mode: 0o600 });
  return {
    applyAll: async (objects, { concurrency, http }) => {
      const protocol = http === '2' ? ['-http2'] : [];
      const args = ['-access', access, '-concurrency', String(concurrency), ...protocol];
      const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      child.stdin.end(objects.map(requestOf).join(''));
      const said = await text(child.stdout);
      const [code] = await ended;
      if (code !== 0) throw new Error(`${binary} ended with ${code}`);
      return Number(said);
    },
  };
}

/** The workloads' kinds are all of the core group, and their plurals regular. */
function requestOf(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  const plural = `${object.kind.toLowerCase()}s`;
  const path = `/api/v1/namespaces/${namespace}/${plural}/${name}?fieldManager=floor&force=true`;
  return `${JSON.stringify({ path, body: JSON.stringify(object) })}\n`;
}
