// Which process this is, for others on the same machine: so that they know at once when it is dead, instead of waiting
// until its Lease runs out. It proves death only; of a process that it does not find its way to it says nothing.

import { readFileSync, readlinkSync } from 'node:fs';

/** What servers still have of a process that was killed ends with its connections; so long it is waited for. */
export const afterDeathMs = 500;

/** `boot id:process namespace:user:pid:start time`. Undefined where the system does not tell. */
export function processIdentity(): string | undefined {
  const place = placeOfProcesses();
  const startedAt = startTimeOf(process.pid);
  return place === undefined || startedAt === undefined ? undefined : `${place}:${process.pid}:${startedAt}`;
}

/** Whether that process ran where this one can see it, and runs no more. A halted process is not dead. */
export function isProvenDead(identity: string | undefined): boolean {
  if (identity === undefined) return false;
  const [boot = '', namespace = '', user = '', pid = '', startedAt = ''] = identity.split(':');
  if (`${boot}:${namespace}:${user}` !== placeOfProcesses() || !/^[1-9]\d*$/.test(pid)) return false;
  const found = startTimeOf(Number(pid));
  return found !== startedAt && found !== unreadable;
}

/**
 * Process ids mean the same only for the same boot of the same machine, in the same namespace; and systems may hide the
 * processes of other users as if they were not there.
 */
function placeOfProcesses(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
    const user = process.getuid?.();
    return namespace === undefined || user === undefined ? undefined : `${boot}:${namespace}:${user}`;
  } catch {
    return undefined;
  }
}

const unreadable = '?';

/** Undefined when there is no such process, or only what its parent has not buried yet. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; what follows it is state (field 3) and so on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch (error) {
    // Only "no such file" says that it is gone; what cannot be read may be there.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : unreadable;
  }
}
