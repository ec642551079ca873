// The catalogue of coded errors: every code that weir can show, its meaning, its remedy, and how it is retried.
// It never formats a message; docs/errors.md is generated from it and a test keeps both equal.

/** `backoff`: try again by itself, slower and slower. `on-change`: only a new commit, spec or credential can help. */
export interface ErrorEntry {
  readonly title: string;
  readonly meaning: string;
  readonly remedy: string;
  readonly retry: 'backoff' | 'on-change';
}

const entry = (title: string, meaning: string, remedy: string, retry: ErrorEntry['retry']): ErrorEntry => ({
  title,
  meaning,
  remedy,
  retry,
});

export const errorCatalogue = {
  FIELD_INVALID: entry(
    'A field of a custom resource is invalid',
    'A field has a value that its dialect does not allow; the message names its path and what was expected.',
    'Correct the field in the custom resource.',
    'on-change',
  ),
  FIELD_UNSUPPORTED: entry(
    'A field is not supported yet',
    'The custom resource uses a field that weir knows but cannot carry out, and ignoring it would change what is deployed.',
    'Remove the field, or keep this resource with its present tool.',
    'on-change',
  ),
  SOURCE_NOT_FOUND: entry(
    'The source does not exist',
    'A delivery names a source object that is not on the hub.',
    'Create the source, or correct the reference.',
    'on-change',
  ),
  SOURCE_NOT_READY: entry(
    'The source has nothing to deliver yet',
    'The source exists but no commit of it has been fetched.',
    'Look at the status of the source.',
    'backoff',
  ),
  GIT_URL_INVALID: entry(
    'The repository URL is invalid',
    'Only http, https and file URLs without credentials in them are accepted.',
    'Correct the URL; put credentials into a Secret.',
    'on-change',
  ),
  GIT_UNREACHABLE: entry(
    'The Git server cannot be reached',
    'Connecting to the Git server failed or timed out. What was deployed stays as it is.',
    'Check the address, the network and the server.',
    'backoff',
  ),
  GIT_AUTH_FAILED: entry(
    'The Git server refused the credentials',
    'The server asked for credentials and there are none, or refused those of the Secret.',
    'Correct the Secret that the source names.',
    'backoff',
  ),
  GIT_REPOSITORY_NOT_FOUND: entry(
    'The Git repository does not exist',
    'The server answers, but knows no such repository (or hides it from these credentials).',
    'Correct the URL or the credentials.',
    'backoff',
  ),
  GIT_REF_NOT_FOUND: entry(
    'The branch, tag or commit does not exist',
    'The repository was fetched, but the wanted revision is not in it.',
    'Correct the revision, or push it.',
    'backoff',
  ),
  GIT_FAILED: entry(
    'Git failed',
    'A git command ended with an error that weir does not know better.',
    'Read the message; it holds what git said.',
    'backoff',
  ),
  SOURCE_TOO_LARGE: entry(
    'The source is too large',
    'A commit has more files or bytes than the limits allow; the message names the limit. The last good commit stays in force.',
    'Make the repository smaller, or raise the limit.',
    'on-change',
  ),
  PATH_NOT_FOUND: entry(
    'The path does not exist in the source',
    'The commit has no such directory. Nothing is applied and nothing is deleted.',
    'Correct the path, or push the directory.',
    'on-change',
  ),
  FILE_UNREADABLE: entry(
    'A file given to a command cannot be read',
    'There is no file at this path, it is a directory, or it may not be read; the message names the system error.',
    'Correct the path, or give `-` for standard input.',
    'on-change',
  ),
  YAML_INVALID: entry(
    'A file is not valid YAML or JSON',
    'The message names the file and the line. Nothing of this delivery is applied or deleted until it is mended.',
    'Correct the file and push.',
    'on-change',
  ),
  OBJECT_INVALID: entry(
    'A document is not a Kubernetes object',
    'A document lacks apiVersion, kind or metadata.name.',
    'Correct the file and push, or exclude it.',
    'on-change',
  ),
  KUSTOMIZE_FAILED: entry(
    'The kustomize build failed',
    'Kustomize refused the directory; the message holds its reason.',
    'Run `kustomize build` on the path, correct it and push.',
    'on-change',
  ),
  TEMPLATE_FAILED: entry(
    'A Helm template failed',
    'The chart could not be rendered; the message names the template and the line.',
    'Run `helm template` with the same values, correct the chart or the values and push.',
    'on-change',
  ),
  CHART_INVALID: entry(
    'The Helm chart is invalid',
    'The chart could not be loaded: Chart.yaml is wrong, or a dependency is missing.',
    'Correct the chart and push; dependencies must lie in charts/.',
    'on-change',
  ),
  REMOTE_BASE_REFUSED: entry(
    'A remote base is refused',
    'The kustomization refers to another repository or URL; rendering has no network.',
    'Copy the base into the repository.',
    'on-change',
  ),
  PATH_ESCAPES: entry(
    'A path leaves the repository',
    'A symlink or a reference points outside the tree of the source.',
    'Keep all files inside the repository.',
    'on-change',
  ),
  RENDER_INVALID: entry(
    'The render request is invalid',
    'The options of the source contradict each other or have the wrong type.',
    'Correct the custom resource as the message says.',
    'on-change',
  ),
  RENDER_TIMEOUT: entry(
    'Rendering took too long',
    'The evaluator was killed at its deadline; a template probably loops.',
    'Correct the template and push.',
    'on-change',
  ),
  RENDER_MEMORY: entry(
    'Rendering needs too much memory',
    'The evaluator was killed at its memory limit.',
    'Make the output smaller, or split the delivery.',
    'on-change',
  ),
  RENDER_TOO_LARGE: entry(
    'The rendered output is too large',
    'The objects exceed the limit of one answer.',
    'Split the delivery.',
    'on-change',
  ),
  RENDER_CRASHED: entry(
    'The evaluator crashed',
    'The process that renders ended unexpectedly; it was replaced.',
    'If it happens again with the same commit, report it with the chart or overlay.',
    'backoff',
  ),
  RENDER_PROTOCOL: entry(
    'The evaluator speaks another protocol',
    'The binary and weir are of different versions.',
    'Rebuild with `npm run setup`.',
    'backoff',
  ),
  RENDER_BUSY: entry(
    'Too many renders wait',
    'The queue in front of the evaluators is full.',
    'Nothing: it is tried again.',
    'backoff',
  ),
  EVALUATION_INVALID: entry(
    'A script or an expression does not compile',
    'A Lua script, a CEL expression or a jq expression in a custom resource is malformed; the message names it and the place.',
    'Correct the script or the expression.',
    'on-change',
  ),
  EVALUATION_FAILED: entry(
    'A script or an expression failed',
    'It ended with an error on an object, or gave something else than it must give. For a Secret the reason is withheld.',
    'Correct the script or the expression so that it covers the object that the message names.',
    'on-change',
  ),
  EVALUATION_TIMEOUT: entry(
    'A script or an expression took too long',
    'One object has one second. It loops, or others of its batch took all the time.',
    'Correct the script or the expression.',
    'backoff',
  ),
  EVALUATION_MEMORY: entry(
    'A script or an expression needs too much memory',
    'The process that evaluated it was killed at its memory limit and replaced.',
    'Correct the script or the expression.',
    'on-change',
  ),
  EVALUATION_TOO_LARGE: entry(
    'An object is too large to be evaluated',
    'The object, or what was made of it, exceeds the limit of one message.',
    'Make the object smaller.',
    'on-change',
  ),
  EVALUATION_CRASHED: entry(
    'The evaluator of scripts crashed',
    'The process that evaluates scripts and expressions ended unexpectedly, or did not start; it was replaced.',
    'If it happens again with the same script, report it with the script.',
    'backoff',
  ),
  EVALUATION_PROTOCOL: entry(
    'The evaluator of scripts speaks another protocol',
    'The binary and weir are of different versions.',
    'Rebuild with `npm run setup`.',
    'backoff',
  ),
  EVALUATION_BUSY: entry(
    'An evaluation was given up',
    'Too many evaluations wait, or weir is shutting down.',
    'Nothing: it is tried again.',
    'backoff',
  ),
  CLUSTER_NOT_FOUND: entry(
    'The cluster is not registered',
    'No cluster of that name or server is known on the hub.',
    'Register it with a cluster Secret, or correct the destination.',
    'backoff',
  ),
  CLUSTER_CREDENTIALS_INVALID: entry(
    'The credentials of the cluster are invalid',
    'The Secret of the cluster is missing, cannot be read, or the cluster refuses it.',
    'Correct the Secret.',
    'backoff',
  ),
  CLUSTER_UNREACHABLE: entry(
    'The cluster cannot be reached',
    'Connecting to the API server failed or timed out. Deliveries to other clusters go on.',
    'Check the server address, the network and the API server.',
    'backoff',
  ),
  KIND_UNKNOWN: entry(
    'The cluster does not know a kind',
    'The API server serves no such kind at that version.',
    'Install its CustomResourceDefinition, or correct apiVersion and kind.',
    'backoff',
  ),
  DEPENDENCY_UNKNOWN: entry(
    'An object needs one that is not there to wait for',
    'An annotation that names what must come first names something that is no part of the delivery, or no object at all.',
    'Correct the annotation, or add the object.',
    'on-change',
  ),
  DEPENDENCY_CYCLE: entry(
    'Dependencies form a cycle',
    'Objects, or deliveries, say that they need each other, so that none can come first. They are left as they are; the rest goes on.',
    'Take one of the dependencies out.',
    'on-change',
  ),
  SYNC_FAILED: entry(
    'A sync ended before its last wave',
    'A hook failed, an object of an earlier wave is degraded, or somebody terminated the sync. Later waves were not applied.',
    'Look at the object that the message names; the sync is tried again by its retry policy, or with a new commit.',
    'backoff',
  ),
  OBJECT_CLAIMED: entry(
    'An object belongs to another delivery',
    'Two deliveries contain the same object; the one that has it keeps it, and it is not written by the other.',
    'Remove it from one of the two.',
    'backoff',
  ),
  OBJECT_CONTESTED: entry(
    'Another delivery wants an object of this one',
    'Two deliveries contain the same object. This one has it, and it stays so; nothing of it changes back and forth.',
    'Remove it from one of the two; where it leaves this one, the other takes it over as it is.',
    'on-change',
  ),
  OBJECT_MARKED: entry(
    'An object carries the mark of something else',
    'The live object says that it belongs to an application or Kustomization that weir does not run. With FailOnSharedResource=true the sync is refused; else the object is taken over.',
    'Stop the other tool where it still runs, or take the object out of one of the two.',
    'on-change',
  ),
  OBJECT_DUPLICATE: entry(
    'An object stands twice in one delivery',
    'Two manifests of one delivery name the same object; the last one counts.',
    'Remove one of them.',
    'on-change',
  ),
  APPLY_INVALID: entry(
    'The cluster refuses an object as invalid',
    'The API server answered 400 or 422; the message holds its reason.',
    'Correct the manifest and push.',
    'backoff',
  ),
  APPLY_FORBIDDEN: entry(
    'Weir may not write an object',
    'The API server answered 403: whoever writes, weir itself or the service account as which the delivery acts, lacks a right.',
    'Grant the right to whom the message names, or correct the manifest.',
    'backoff',
  ),
  IMPERSONATION_FORBIDDEN: entry(
    'Weir may not act as a service account',
    'The delivery names a service account, and the cluster does not let weir act as that account.',
    'Grant weir the verb impersonate on serviceaccounts in that cluster; docs/guide/rights.md has the role.',
    'backoff',
  ),
  SERVICE_ACCOUNT_MISSING: entry(
    'The service account of a delivery does not exist',
    'The delivery is to act as a service account that its cluster does not have. Nothing is written in its place as weir itself.',
    'Create the service account with the rights to write what the delivery holds, or correct its name.',
    'backoff',
  ),
  APPLY_CONFLICT: entry(
    'A write conflicts',
    'The API server answered 409.',
    'Nothing: it is tried again.',
    'backoff',
  ),
  APPLY_FAILED: entry(
    'A write failed',
    'The API server answered with an unexpected error.',
    'Read the message; it is tried again.',
    'backoff',
  ),
  FIELD_UNKNOWN: entry(
    'An object has a field that the cluster does not know',
    'The schema of the kind, as this cluster serves it, has no such field; the message names its path. Where the delivery allows it, the field is left out and the rest is applied.',
    'Correct the spelling, remove the field, or upgrade the cluster or the CustomResourceDefinition.',
    'backoff',
  ),
  OBJECT_TOO_LARGE: entry(
    'An object is too large for the cluster',
    'The API server or its store refuses objects of this size: 1 MiB for the data of a ConfigMap or Secret, 256 KiB for annotations, about 1.5 MiB for any object.',
    'Split the object, or keep the data outside of Kubernetes.',
    'on-change',
  ),
  ADMISSION_DENIED: entry(
    'An admission rule denies an object',
    'An admission webhook or policy of the cluster refuses the object; the message names the rule and holds its reason.',
    'Correct the manifest as the rule asks, or talk to whoever owns the rule.',
    'backoff',
  ),
  ADMISSION_UNAVAILABLE: entry(
    'An admission or conversion webhook does not answer',
    'The API server could not call a webhook that it must ask before it stores the object.',
    'Look at the pods and the certificate behind the webhook that the message names; it is tried again.',
    'backoff',
  ),
  API_SERVICE_DOWN: entry(
    'The API service of a group does not answer',
    'The kind is served by another server behind the API server, and that one is not available. Objects of other groups go on.',
    'Look at the APIService that the message names and at the pods behind it; it is tried again.',
    'backoff',
  ),
  KIND_UNREADABLE: entry(
    'Objects of a kind cannot be seen',
    'The cluster refuses to list or watch the kind: a right is missing, or a conversion webhook fails. What is there is not known, so objects of the kind are left as they are; the rest of the delivery goes on.',
    'Grant get, list and watch for the kind, or mend what the message names; it is tried again.',
    'backoff',
  ),
  NAMESPACE_TERMINATING: entry(
    'The namespace is being deleted',
    'A namespace takes no new objects while it is being deleted; the message says what holds it where the cluster tells.',
    'Wait, or see to the objects whose finalizers hold it; it is tried again.',
    'backoff',
  ),
  NAMESPACE_MISSING: entry(
    'The namespace does not exist',
    'An object belongs in a namespace that is neither in the cluster nor in the delivery.',
    'Create it, add it to the delivery, or ask for its creation.',
    'backoff',
  ),
  PRUNE_FAILED: entry(
    'An object could not be deleted',
    'The API server refused the deletion; the object stays in the inventory.',
    'Read the message; it is tried again.',
    'backoff',
  ),
  DELETION_BLOCKED: entry(
    'Deletions wait for approval',
    'The plan deletes more than the budget allows (more than 20 objects and more than 30 % of the delivery).',
    'Check the commit; approve with the annotation weir.dev/approve-deletions and the digest in the message.',
    'on-change',
  ),
  RENDER_EMPTY: entry(
    'The source renders to nothing',
    'All objects of the delivery would be deleted; that is never done because of an empty render alone.',
    'Allow it in the sync policy if it is meant, or approve it with the annotation weir.dev/approve-deletions and the digest in the message.',
    'on-change',
  ),
  HEALTH_SCRIPT_FAILED: entry(
    'A health script of yours failed',
    'It ended with an error, took too long or gives no known status on an object, which is Unknown for that; the others are judged.',
    'Correct the script; `weir health --customizations` tries it on a file.',
    'on-change',
  ),
  HEALTH_TIMEOUT: entry(
    'Objects did not become healthy in time',
    'The wait for health ended; the message names the objects that are not healthy.',
    'Look at the events of these objects.',
    'backoff',
  ),
  DEPENDENCY_NOT_READY: entry(
    'A dependency is not ready',
    'The delivery waits for another one.',
    'Look at the status of the dependency.',
    'backoff',
  ),
  CLAIM_LOST: entry(
    'The claim on the cluster is lost',
    'This replica may not write to the cluster now: another one holds its claim, or its own Lease was not renewed in time. What was begun ends here, and nothing is told of it.',
    'Nothing; whoever holds the claim goes on. If it comes often, look at how the hub answers, or raise --lease-duration.',
    'backoff',
  ),
  CRD_CONFLICT: entry(
    'A CustomResourceDefinition of somebody else lacks a version',
    'The CRD was installed by another tool and does not serve the version that weir reads; it is never replaced.',
    'Upgrade that tool’s CRD.',
    'backoff',
  ),
  ACTION_UNKNOWN: entry(
    'The object has no such action',
    'No action of that name is known for the kind of the object; the message lists those that are.',
    'Use one of the names that `weir action list FILE` shows.',
    'on-change',
  ),
  ACTION_PARAMETER_INVALID: entry(
    'A parameter of an action is invalid',
    'A parameter is missing, unknown to the action, or its value is not what the action expects.',
    'Correct the parameter as the message says.',
    'on-change',
  ),
  PREREQUISITE_MISSING: entry(
    'A prerequisite is missing',
    'A program that weir needs is not installed or too old.',
    'Install it as the message says.',
    'on-change',
  ),
  INTERNAL: entry(
    'Weir failed in an unexpected way',
    'This is a defect of weir.',
    'Please report it with the message and the log.',
    'backoff',
  ),
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorCode = keyof typeof errorCatalogue;
