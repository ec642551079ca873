// Tells how much memory of a process is resident; it decides nothing about it.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Bytes, or undefined where the process is gone. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') {
    return residentByPs(pid);
  }
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

function residentByPs(pid: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      const kib = Number.parseInt(stdout, 10);
      resolve(error !== null || Number.isNaN(kib) ? undefined : kib * 1024);
    });
  });
}
