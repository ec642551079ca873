// What a process and its children cost: CPU and memory as the kernel counts them. It only reads.

import { readdir, readFile } from 'node:fs/promises';

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
}

/** Hundredths of a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Of a process and its children that are still there, and what its ended children used. */
export async function usageOf(pid: number): Promise<Usage> {
  let ticks = 0;
  let kib = 0;
  for (const each of [pid, ...(await childrenOf(pid))]) {
    const fields = await statOf(each);
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    // What ended children used is counted with whoever waited for them: git, above all.
    if (each === pid) ticks += Number(fields[13] ?? 0) + Number(fields[14] ?? 0);
    const status = await readFile(`/proc/${each}/status`, 'utf8').catch(() => '');
    kib += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return { cpuSeconds: ticks / ticksPerSecond, residentMiB: kib / 1024 };
}

async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    const other = Number(name);
    if (Number.isInteger(other) && Number((await statOf(other))[1]) === pid) children.push(other);
  }
  return children;
}

/** The fields behind the name, which may hold spaces: the state, the parent, ... */
async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
