// `weir up`: a hub, two more clusters, a Git server with two example repositories, and the controller that delivers them.
// Run again it repairs what died and changes nothing else.

import { isAbsolute, relative } from 'node:path';
import type { KubeObject } from '@weir/core';
import type { Command } from 'commander';
import { dialects } from '../dialects.ts';
import { parseDuration } from '../duration.ts';
import { Exit, exitCodes, exitCodesHelp } from '../exit.ts';
import { type Declared, isReady, keyOf, type Scope } from '../hub/declared.ts';
import { waitUntil } from '../hub/follow.ts';
import { showName } from '../hub/names.ts';
import { clustersOfContexts, startLocalClusters } from '../local/clusters.ts';
import { argoEntry, argoExample, exampleNames, fluxEntry, fluxSource } from '../local/entries.ts';
import {
  type ExampleRepository,
  ensureBareRepository,
  ensurePushed,
  installNotification,
  repositoryOf,
} from '../local/git.ts';
import { type ClusterState, type Home, homeOf, readState, type State, writeState } from '../local/home.ts';
import { ensurePresent, grantRights, prepareHub, registerClusters, withCluster } from '../local/hub-setup.ts';
import { createLocalkube } from '../local/localkube.ts';
import { withHomeLock } from '../local/lock.ts';
import { findBinary, weirCommand, weirRoot } from '../local/place.ts';
import { freePort } from '../local/processes.ts';
import { startedByLabel } from '../local/registration.ts';
import { showReport, type UpReport } from '../local/report.ts';
import {
  controllerLog,
  controllerUrl,
  ensureController,
  ensureGitServer,
  ensureWebhookSecret,
  gitLog,
  webhookPath,
} from '../local/services.ts';
import { parseFormat, toData } from '../terminal/format.ts';
import { createProgress, type Progress, showDuration } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface UpOptions {
  readonly home?: string;
  readonly clusters?: string;
  readonly context?: readonly string[];
  readonly kubeconfig?: string;
  readonly examples: boolean;
  readonly timeout: number;
  readonly output?: string;
}

interface Work {
  readonly home: Home;
  readonly options: UpOptions;
  readonly terminal: Terminal;
  readonly progress: Progress;
  readonly deadline: number;
}

/** The directories of the examples are named so. */
const defaultNames = ['hub', 'east', 'west'];

const help = `
Without --context it starts clusters of its own on this machine. With it, the clusters of your kubeconfig are used:
the first is the hub, the others are registered there with the credentials of their kubeconfig entries. There weir gets
CRDs, the namespaces argocd and flux-system, the registrations and the two examples, and nothing else.

Examples:
  weir up                                        three local clusters, both examples
  weir up --clusters hub                         one cluster only
  weir up --context staging --context prod-east  clusters that you have
  weir up --context staging --no-examples        only the controller
${exitCodesHelp}`;

export function registerUp(program: Command, terminal: Terminal): void {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
  program
    .command('up')
    .description('start a whole fleet on this machine, or on clusters that you have')
    .option('--home <dir>', 'directory for everything (default: $WEIR_HOME or ~/.weir)')
    .option('--clusters <names>', 'names of the clusters, the hub first (default: hub,east,west)')
    .option('--context <name>', 'a context of your kubeconfig, the hub first; may be repeated', collect)
    .option('--kubeconfig <file>', 'kubeconfig of the contexts')
    .option('--no-examples', 'no Git server and no example deliveries')
    .option('--timeout <duration>', 'how long all may take', parseDuration, 300_000)
    .option('-o, --output <format>', 'json or yaml')
    .addHelpText('after', help)
    .action((options: UpOptions) => runUp(options, terminal));
}

async function runUp(options: UpOptions, terminal: Terminal): Promise<void> {
  const format = parseFormat(options.output, ['json', 'yaml']);
  namesOf(options);
  const began = Date.now();
  const home = homeOf(options.home);
  const progress = createProgress(terminal);
  const work: Work = { home, options, terminal, progress, deadline: began + options.timeout };
  try {
    const report = await withHomeLock(home, () => bringUp(work, began));
    progress.stop();
    progress.line(`everything is in sync and healthy (${showDuration(report.durationMs)})\n`);
    terminal.out(
      format === 'json' || format === 'yaml' ? toData(report, format) : showReport(report, weirWords(home)),
    );
  } finally {
    progress.stop();
  }
}

async function bringUp(work: Work, began: number): Promise<UpReport> {
  const { home, options, terminal, progress } = work;
  const before = await readState(home);
  const clusters = await findClusters(work, before);
  let state: State = {
    version: 1,
    mode: options.context === undefined ? 'local' : 'contexts',
    clusters,
    gitPort: before?.gitPort ?? (await freePort()),
    controllerPort: before?.controllerPort ?? (await freePort()),
    processes: before?.processes ?? {},
  };
  await writeState(home, state);
  await prepareClusters(work, state);
  const repositories = exampleNames.map((name) => repositoryOf(home, name, state.gitPort));
  await ensureWebhookSecret(home);
  if (options.examples) {
    progress.status('starting the Git server');
    for (const repository of repositories) await ensureBareRepository(home, repository);
    const git = await ensureGitServer({
      home,
      port: state.gitPort,
      before: state.processes.git,
      signal: terminal.signal,
    });
    state = { ...state, processes: { ...state.processes, git } };
    await writeState(home, state);
    await pushExamples(work, { state, repositories });
  }
  progress.status('starting the controller');
  const [hub] = clusters;
  if (hub === undefined)
    throw new Exit(exitCodes.usage, '--clusters names no cluster; expected at least the hub');
  const controller = await ensureController({
    home,
    hub,
    port: state.controllerPort,
    before: state.processes.controller,
    signal: terminal.signal,
  });
  state = { ...state, processes: { ...state.processes, controller } };
  await writeState(home, state);
  progress.line(`the controller runs, pid ${controller.pid}`);
  const deliveries = options.examples ? await deliverExamples({ work, hub, clusters, repositories }) : 0;
  return reportOf({ work, state, repositories, deliveries, durationMs: Date.now() - began });
}

/** Refuses wrong names before anything is touched. */
function namesOf({ clusters }: UpOptions): string[] | undefined {
  const names = clusters?.split(',').map((name) => name.trim());
  const bad = names?.find((name) => !/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name));
  if (bad !== undefined)
    throw new Exit(
      exitCodes.usage,
      `--clusters: ${JSON.stringify(bad)} is no name; expected small letters, digits and dashes, at most 30`,
    );
  return names;
}

async function findClusters(work: Work, before: State | undefined): Promise<ClusterState[]> {
  const { home, options, terminal, progress } = work;
  const given = namesOf(options);
  const names = given ?? before?.clusters.map(({ name }) => name) ?? defaultNames;
  const mode = options.context === undefined ? 'local' : 'contexts';
  refuseOther({ before, mode, names: mode === 'local' ? names : undefined, home });
  if (options.context !== undefined)
    return clustersOfContexts({ contexts: options.context, names, kubeconfig: options.kubeconfig });
  const binary = await findBinary('localkube', (line) => progress.status(line));
  const localkube = createLocalkube({ binary, home: home.clusters, signal: terminal.signal });
  return startLocalClusters({ home, localkube, names, timeoutMs: work.deadline - Date.now(), progress });
}

function refuseOther(input: {
  before: State | undefined;
  mode: State['mode'];
  names: readonly string[] | undefined;
  home: Home;
}): void {
  const { before, mode, names, home } = input;
  if (before === undefined) return;
  const known = before.clusters.map(({ name }) => name).join(',');
  if (before.mode !== mode || (names !== undefined && names.join(',') !== known))
    throw new Exit(
      exitCodes.failure,
      `${home.dir} runs ${before.mode === 'local' ? 'local clusters' : 'clusters of a kubeconfig'} (${known}); run weir down first, or choose another --home`,
    );
}

async function prepareClusters(work: Work, state: State): Promise<void> {
  const { terminal, progress } = work;
  progress.status('preparing the clusters');
  const [hub, ...others] = state.clusters;
  if (hub === undefined) return;
  const isLocal = state.mode === 'local';
  await Promise.all([
    withCluster(hub, terminal.signal, async (cluster) => {
      await prepareHub(cluster);
      if (isLocal) for (const part of ['hub', 'target'] as const) await grantRights(cluster, part);
      await registerClusters(cluster, state.clusters);
    }),
    ...(isLocal ? others : []).map((other) =>
      withCluster(other, terminal.signal, (cluster) => grantRights(cluster, 'target')),
    ),
  ]);
  const registered =
    others.length === 0 ? '' : `; ${others.map(({ name }) => name).join(' and ')} registered on it`;
  progress.line(`hub ${hub.name} has the CRDs${registered}`);
}

async function pushExamples(
  work: Work,
  of: { state: State; repositories: readonly ExampleRepository[] },
): Promise<void> {
  const { home, progress } = work;
  for (const repository of of.repositories) {
    if (await ensurePushed(home, repository)) progress.line(`pushed ${repository.name} to ${repository.url}`);
    await installNotification(home, repository, {
      webhookUrl: `${controllerUrl(of.state.controllerPort)}${webhookPath}`,
      secretFile: home.webhookSecret,
    });
  }
}

/** Creates the entries for the clusters that the examples know, and waits until all that follows from them is healthy. */
async function deliverExamples(input: {
  work: Work;
  hub: ClusterState;
  clusters: readonly ClusterState[];
  repositories: readonly ExampleRepository[];
}): Promise<number> {
  const { work, hub, clusters, repositories } = input;
  const names = clusters.map(({ name }) => name).filter((name) => defaultNames.includes(name));
  const entries = repositories.flatMap((repository): KubeObject[] =>
    repository.name === argoExample
      ? names.map((cluster) => argoEntry({ cluster, repoUrl: repository.url }))
      : [fluxSource(repository.url), ...names.map(fluxEntry)],
  );
  return withCluster(hub, work.terminal.signal, async (cluster) => {
    for (const entry of entries) await ensurePresent(cluster, entry);
    const wanted = entries.filter(({ kind }) => kind !== 'GitRepository');
    return waitHealthy(work, { ...cluster, dialects, role: 'delivery' }, wanted);
  });
}

/** What `up` created, and what that delivered in turn. Other deliveries of the hub are not waited for. */
function isOfExamples({ dialect, object }: Declared): boolean {
  const { labels = {}, annotations = {} } = object.metadata;
  return (
    labels[startedByLabel] !== undefined ||
    dialect.marks.labels.some((key) => key in labels) ||
    dialect.marks.annotations.some((key) => key in annotations)
  );
}

async function waitHealthy(work: Work, scope: Scope, wanted: readonly KubeObject[]): Promise<number> {
  let ours: Declared[] = [];
  const told = new Map<string, string>();
  const isThere = ({ kind, metadata }: KubeObject): boolean =>
    ours.some((item) => item.kind.kind === kind && item.name === metadata.name);
  const end = await waitUntil(scope, {
    timeoutMs: Math.max(1, work.deadline - Date.now()),
    onChange: ({ item, gone }, known) => {
      ours = [...known.values()].filter(isOfExamples);
      const words = gone ? 'gone' : `${item.summary.sync} ${item.summary.health}`;
      if (!isOfExamples(item) || told.get(keyOf(item)) === words) return;
      told.set(keyOf(item), words);
      const ready = ours.filter(isReady).length;
      work.progress.status(`${ready} of ${ours.length} deliveries are healthy; ${showName(item)} ${words}`);
    },
    isDone: (known) => {
      ours = [...known.values()].filter(isOfExamples);
      return wanted.every(isThere) && ours.every(isReady);
    },
  });
  if (end === 'done') return ours.length;
  throw new Exit(exitCodes.notReady, whatIsMissing(work, ours));
}

function whatIsMissing(work: Work, ours: readonly Declared[]): string {
  const waiting = ours.filter((item) => !isReady(item));
  const lines = waiting.map(({ summary, ...item }) =>
    `  ${showName(item)} ${summary.sync} ${summary.health} ${summary.message}`.trimEnd(),
  );
  const where = `${weirWords(work.home)} get -o wide`;
  return `not everything is healthy after ${showDuration(work.options.timeout)}:\n${lines.join('\n')}\nIt goes on; see \`${where}\` and ${controllerLog(work.home)}`;
}

function reportOf(input: {
  work: Work;
  state: State;
  repositories: readonly ExampleRepository[];
  deliveries: number;
  durationMs: number;
}): UpReport {
  const { state, work } = input;
  const { git, controller } = state.processes;
  const url = controllerUrl(state.controllerPort);
  return {
    home: work.home.dir,
    mode: state.mode,
    clusters: state.clusters.map(({ weirKubeconfig: _, ...cluster }) => cluster),
    controller: {
      pid: controller?.pid ?? 0,
      url,
      webhook: `${url}${webhookPath}`,
      webhookSecretFile: work.home.webhookSecret,
      log: controllerLog(work.home),
    },
    ...(git === undefined
      ? {}
      : {
          git: {
            pid: git.pid,
            url: `http://127.0.0.1:${state.gitPort}`,
            log: gitLog(work.home),
            repositories: input.repositories,
          },
        }),
    deliveries: input.deliveries,
    durationMs: input.durationMs,
  };
}

/** How this command is typed here. */
function weirWords(home: Home): string {
  const inside = relative(weirRoot(), process.cwd());
  const isInCheckout = !inside.startsWith('..') && !isAbsolute(inside);
  const words = isInCheckout ? 'npx weir' : `node ${weirCommand()}`;
  // Before the command, so that it fits whatever follows.
  return home.dir === homeOf(undefined, {}).dir ? words : `WEIR_HOME=${home.dir} ${words}`;
}
