// `weir down`: stops what `weir up` started, by pid and start time, and removes its data. It ends nothing else.

import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { type KubeObject, refOf } from '@weir/core';
import type { Command } from 'commander';
import { dialects } from '../dialects.ts';
import { parseDuration } from '../duration.ts';
import { exitCodesHelp } from '../exit.ts';
import { waitUntil } from '../hub/follow.ts';
import { type Home, homeOf, readState, type State, writeState } from '../local/home.ts';
import { withCluster } from '../local/hub-setup.ts';
import { createLocalkube } from '../local/localkube.ts';
import { withHomeLock } from '../local/lock.ts';
import { findBinary } from '../local/place.ts';
import { isAlive, stopProcess } from '../local/processes.ts';
import { startedBy, startedByLabel } from '../local/registration.ts';
import { createProgress, type Progress, showDuration } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DownOptions {
  readonly home?: string;
  readonly keep?: boolean;
  readonly timeout: number;
}

interface Work {
  readonly home: Home;
  readonly options: DownOptions;
  readonly terminal: Terminal;
  readonly progress: Progress;
}

const controllerGraceMs = 15_000;
const gitGraceMs = 3_000;
const label = `${startedByLabel}=${startedBy[startedByLabel]}`;

const help = `
Without --keep the clusters, the repositories and their clones are removed too. On clusters of your own kubeconfig the
example deliveries are deleted with all that they delivered, and the registrations; CRDs and namespaces stay.

Examples:
  weir down          stop and remove everything
  weir down --keep   stop; the next \`weir up\` goes on from there
${exitCodesHelp}`;

export function registerDown(program: Command, terminal: Terminal): void {
  program
    .command('down')
    .description('stop what `weir up` started, and remove it')
    .option('--home <dir>', 'directory of `weir up` (default: $WEIR_HOME or ~/.weir)')
    .option('--keep', 'keep all data')
    .option(
      '--timeout <duration>',
      'how long deletions on your own clusters may take',
      parseDuration,
      120_000,
    )
    .addHelpText('after', help)
    .action((options: DownOptions) => runDown(options, terminal));
}

async function runDown(options: DownOptions, terminal: Terminal): Promise<void> {
  const home = homeOf(options.home);
  const progress = createProgress(terminal);
  const began = Date.now();
  try {
    const found = await withHomeLock(home, () => takeDown({ home, options, terminal, progress }));
    progress.stop();
    const what = options.keep === true ? 'stopped; its data is kept' : 'stopped and removed';
    terminal.out(found ? `${what} (${showDuration(Date.now() - began)})\n` : `nothing runs in ${home.dir}\n`);
    await rmdir(home.dir).catch(() => undefined);
  } finally {
    progress.stop();
  }
}

async function takeDown(work: Work): Promise<boolean> {
  const { home, options, progress } = work;
  const state = await readState(home);
  // An `up` that was cut short may have left parts and no state.
  const parts = [home.clusters, home.kubeconfigs, home.git, home.clones, home.data, home.logs];
  if (state === undefined && !parts.some((part) => existsSync(part))) return false;
  if (state?.mode === 'contexts' && options.keep !== true) await removeFromHub(work, state);
  progress.status('stopping the controller and the Git server');
  await stopProcess(state?.processes.controller, controllerGraceMs);
  await stopProcess(state?.processes.git, gitGraceMs);
  if (state?.mode !== 'contexts') await stopClusters(work, state);
  if (options.keep === true) {
    if (state !== undefined) await writeState(home, { ...state, processes: {} });
    return true;
  }
  // Only the parts that weir made: the directory may be the user's.
  for (const part of parts) await rm(part, { recursive: true, force: true });
  for (const file of [home.webhookSecret, home.state]) await rm(file, { force: true });
  return true;
}

async function stopClusters(work: Work, state: State | undefined): Promise<void> {
  const { home, options, terminal, progress } = work;
  if (!existsSync(home.clusters)) return;
  const names =
    state?.clusters.map(({ name }) => name) ??
    (await readdir(home.clusters, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name);
  progress.status(`stopping clusters ${names.join(', ')}`);
  const binary = await findBinary('localkube', (line) => progress.status(line));
  const localkube = createLocalkube({ binary, home: home.clusters, signal: terminal.signal });
  await Promise.all(names.map((name) => localkube.down(name, { remove: options.keep !== true })));
}

/** Deletes the deliveries that `up` created; the controller, which still runs, removes what they delivered. */
async function removeFromHub(work: Work, state: State): Promise<void> {
  const { terminal, progress, options } = work;
  const [hub] = state.clusters;
  if (hub === undefined) return;
  const canPrune = await isAlive(state.processes.controller);
  if (!canPrune)
    progress.line(
      'the controller does not run: the example deliveries stay on the hub; run weir up, then weir down',
    );
  progress.status(`removing the examples from ${hub.name}`);
  await withCluster(hub, terminal.signal, async ({ client, writer, signal }) => {
    const started = async (resource: {
      group: string;
      version: string;
      plural: string;
    }): Promise<KubeObject[]> => client.list(resource, { labelSelector: label, signal });
    const remove = async (objects: readonly KubeObject[]): Promise<void> => {
      for (const object of objects) await writer.remove(refOf(object), { propagation: 'Background', signal });
    };
    if (canPrune) {
      const kinds = dialects.flatMap((dialect) => dialect.kinds);
      for (const kind of kinds.filter(({ role }) => role === 'delivery')) await remove(await started(kind));
      const end = await waitUntil(
        { client, dialects, role: 'delivery', signal },
        {
          timeoutMs: options.timeout,
          isDone: (known) =>
            [...known.values()].every(({ object }) => object.metadata.labels?.[startedByLabel] === undefined),
          onChange: (_, known) => progress.status(`${known.size} deliveries are left on ${hub.name}`),
        },
      );
      if (end === 'timeout')
        progress.line(
          `some deliveries are still being deleted on ${hub.name}; their finalizers need a controller`,
        );
      for (const kind of kinds.filter(({ role }) => role === 'source')) await remove(await started(kind));
    }
    await remove(await started({ group: '', version: 'v1', plural: 'secrets' }));
  });
}
