import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isProvenDead, processIdentity } from './process-identity.ts';

const own = processIdentity();
const parts = own?.split(':') ?? [];
const startOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};
const identityOf = (pid: number, startedAt: string): string =>
  [...parts.slice(0, 3), pid, startedAt].join(':');

// Elsewhere nothing is told, and a Lease is waited for.
it.runIf(process.platform === 'linux')(
  'a process that is killed is proven dead, one that is halted is not',
  async () => {
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    const identity = identityOf(pid, startOf(pid));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    expect(isProvenDead(identity)).toBe(false);
    child.kill('SIGSTOP');
    expect(isProvenDead(identity)).toBe(false);
    child.kill('SIGKILL');
    await ended;
    expect(isProvenDead(identity)).toBe(true);
  },
);

const cases: Readonly<Record<string, readonly [string | undefined, boolean]>> = {
  'this very process lives': [own, false],
  'another process has its number by now': [identityOf(process.pid, '1'), true],
  'of a process on another machine nothing is known': [['other', ...parts.slice(1)].join(':'), false],
  'of a process in another namespace nothing is known': [[parts[0], '1', ...parts.slice(2)].join(':'), false],
  'of a process of another user nothing is known': [
    [...parts.slice(0, 2), '77777', ...parts.slice(3)].join(':'),
    false,
  ],
  'of one that does not say who it is nothing is known': [undefined, false],
  'of one that says nonsense nothing is known': ['x', false],
  'no file is read by what a Lease says': [[...parts.slice(0, 3), '../1', '1'].join(':'), false],
};

it.runIf(process.platform === 'linux').each(Object.entries(cases))(
  '%s',
  (_sentence, [identity, expected]) => {
    expect(isProvenDead(identity)).toBe(expected);
  },
);
