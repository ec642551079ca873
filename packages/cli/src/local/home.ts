// Where `weir up` keeps what it started: the directory, its parts, and the state file. It never starts or stops anything.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isRecord } from '@weir/core';
import { Exit, exitCodes } from '../exit.ts';

export interface Home {
  readonly dir: string;
  readonly state: string;
  readonly lock: string;
  readonly clusters: string;
  readonly kubeconfigs: string;
  readonly git: string;
  readonly clones: string;
  readonly data: string;
  readonly logs: string;
  readonly webhookSecret: string;
}

export interface ProcessRecord {
  readonly pid: number;
  /** As the operating system tells it; with the pid it names one process for good. */
  readonly startedAt: string;
}

export interface ClusterState {
  readonly name: string;
  readonly server: string;
  /** For people (`weir get`, kubectl): the admin of a local cluster, or the user's own kubeconfig. */
  readonly kubeconfig: string;
  readonly context?: string;
  /** Under which the controller works; the user's own for clusters of a kubeconfig. */
  readonly weirKubeconfig: string;
}

export interface State {
  readonly version: 1;
  /** `local`: clusters that weir started; `contexts`: clusters of the user's kubeconfig. */
  readonly mode: 'local' | 'contexts';
  /** The first is the hub. */
  readonly clusters: readonly ClusterState[];
  readonly gitPort: number;
  readonly controllerPort: number;
  readonly processes: { readonly git?: ProcessRecord; readonly controller?: ProcessRecord };
}

export function homeOf(option: string | undefined, env: NodeJS.ProcessEnv = process.env): Home {
  const dir = resolve(option ?? env.WEIR_HOME ?? join(homedir(), '.weir'));
  return {
    dir,
    state: join(dir, 'state.json'),
    lock: join(dir, 'lock'),
    clusters: join(dir, 'clusters'),
    kubeconfigs: join(dir, 'kubeconfigs'),
    git: join(dir, 'git'),
    clones: join(dir, 'clones'),
    data: join(dir, 'data'),
    logs: join(dir, 'logs'),
    webhookSecret: join(dir, 'webhook-secret'),
  };
}

/** Undefined where nothing was started there. */
export async function readState(home: Home): Promise<State | undefined> {
  let text: string;
  try {
    text = await readFile(home.state, 'utf8');
  } catch {
    return undefined;
  }
  const parsed: unknown = JSON.parse(text);
  if (!isRecord(parsed) || parsed.version !== 1 || !Array.isArray(parsed.clusters))
    throw new Exit(
      exitCodes.failure,
      `${home.state} was written by another version of weir; stop what it started with that version, then remove it`,
    );
  return parsed as unknown as State;
}

export async function writeState(home: Home, state: State): Promise<void> {
  await mkdir(home.dir, { recursive: true, mode: 0o700 });
  const draft = `${home.state}.new`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, home.state);
}
