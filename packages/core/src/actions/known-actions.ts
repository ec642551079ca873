// Which actions each kind has. The table and nothing else: a kind without a row has none.

import type { Action } from './action.ts';
import { analysisRun, application, cronWorkflow, rollout, workflowTemplate } from './argo.ts';
import { reconcilable, suspendable } from './flux.ts';
import { cronJob, deployment, job, restart, statefulSet } from './kubernetes.ts';
import {
  interStepBufferService,
  monoVertex,
  monoVertexRollout,
  pipeline,
  pipelineRollout,
} from './numaproj.ts';
import {
  externalSecret,
  mariaDb,
  perconaMongoDb,
  postgresCluster,
  promoterPullRequest,
  pushSecret,
  scaledJob,
  scaledObject,
  strimziPodSet,
} from './operators.ts';

/** By `group/Kind`, whatever the version. */
export const knownActions: Readonly<Record<string, readonly Action[]>> = {
  'apps/DaemonSet': [restart],
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'batch/CronJob': cronJob,
  'batch/Job': job,
  'argoproj.io/AnalysisRun': analysisRun,
  'argoproj.io/Application': application,
  'argoproj.io/CronWorkflow': cronWorkflow,
  'argoproj.io/Rollout': rollout,
  'argoproj.io/WorkflowTemplate': workflowTemplate,
  'helm.toolkit.fluxcd.io/HelmRelease': reconcilable,
  'image.toolkit.fluxcd.io/ImageRepository': reconcilable,
  'image.toolkit.fluxcd.io/ImageUpdateAutomation': reconcilable,
  'kustomize.toolkit.fluxcd.io/Kustomization': reconcilable,
  'notification.toolkit.fluxcd.io/Alert': suspendable,
  'notification.toolkit.fluxcd.io/Provider': suspendable,
  'notification.toolkit.fluxcd.io/Receiver': reconcilable,
  'source.toolkit.fluxcd.io/Bucket': reconcilable,
  'source.toolkit.fluxcd.io/GitRepository': reconcilable,
  'source.toolkit.fluxcd.io/HelmChart': reconcilable,
  'source.toolkit.fluxcd.io/HelmRepository': reconcilable,
  'source.toolkit.fluxcd.io/OCIRepository': reconcilable,
  'external-secrets.io/ExternalSecret': externalSecret,
  'external-secrets.io/PushSecret': pushSecret,
  'keda.sh/ScaledJob': scaledJob,
  'keda.sh/ScaledObject': scaledObject,
  'numaflow.numaproj.io/InterStepBufferService': interStepBufferService,
  'numaflow.numaproj.io/MonoVertex': monoVertex,
  'numaflow.numaproj.io/Pipeline': pipeline,
  'numaplane.numaproj.io/MonoVertexRollout': monoVertexRollout,
  'numaplane.numaproj.io/PipelineRollout': pipelineRollout,
  'postgresql.cnpg.io/Cluster': postgresCluster,
  'k8s.mariadb.com/MariaDB': mariaDb,
  'core.strimzi.io/StrimziPodSet': strimziPodSet,
  'psmdb.percona.com/PerconaServerMongoDB': perconaMongoDb,
  'promoter.argoproj.io/PullRequest': promoterPullRequest,
};
