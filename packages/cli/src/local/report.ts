// What `weir up` tells at its end: what runs where, and what to type next. Pure.

import type { ExampleRepository } from './git.ts';
import type { ClusterState } from './home.ts';

export interface UpReport {
  readonly home: string;
  readonly mode: 'local' | 'contexts';
  readonly clusters: readonly Pick<ClusterState, 'name' | 'server' | 'kubeconfig' | 'context'>[];
  readonly controller: {
    readonly pid: number;
    readonly url: string;
    readonly webhook: string;
    readonly webhookSecretFile: string;
    readonly log: string;
  };
  readonly git?: {
    readonly pid: number;
    readonly url: string;
    readonly log: string;
    readonly repositories: readonly ExampleRepository[];
  };
  readonly deliveries: number;
  readonly durationMs: number;
}

export function showReport(report: UpReport, weir: string): string {
  const { clusters, controller, git } = report;
  const [hub] = clusters;
  const width = Math.max(...clusters.map(({ name }) => name.length));
  const sections = [
    `Clusters (the hub is ${hub?.name})\n${clusters
      .map(({ name, server, context }) => `  ${name.padEnd(width)}  ${server}   context ${context}`)
      .join('\n')}\n  kubeconfig  ${hub?.kubeconfig}`,
    `Controller\n  webhook     ${controller.webhook}\n  secret      ${controller.webhookSecretFile}\n  log         ${controller.log}`,
  ];
  if (git !== undefined)
    sections.push(
      `Repositories\n${git.repositories.map(({ url, clone }) => `  ${url}\n    clone     ${clone}`).join('\n')}`,
    );
  sections.push(`Look around\n${lookAround(report, weir)}`);
  const change = showChange(report, weir);
  if (change !== '') sections.push(`Change something, push it and watch it arrive\n${change}`);
  sections.push(`Stop and remove everything\n  ${weir} down`);
  return `${sections.join('\n\n')}\n`;
}

function lookAround({ clusters, git }: UpReport, weir: string): string {
  const remote = clusters[1] ?? clusters[0];
  const lines = [`${weir} get`];
  if (git !== undefined && remote !== undefined) {
    lines.push(`${weir} tree app/storefront-${remote.name}`);
    lines.push(`kubectl --kubeconfig ${remote.kubeconfig} --context ${remote.context} get pods -A`);
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

function showChange({ clusters, git }: UpReport, weir: string): string {
  const argo = git?.repositories.find(({ name }) => name === 'argocd-fleet');
  const remote = clusters.find(({ name }) => name === 'east');
  if (argo === undefined || remote === undefined) return '';
  return [
    `perl -pi -e 's/^replicas: .*/replicas: 5/' ${argo.clone}/apps/storefront/values-east.yaml`,
    `git -C ${argo.clone} commit -am 'Scale the storefront in the east'`,
    `git -C ${argo.clone} push`,
    `${weir} get app/storefront-east --watch`,
  ]
    .map((line) => `  ${line}`)
    .join('\n');
}
