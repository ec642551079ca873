// The names by which Argo CD's users know things: annotations, finalizers, namespaces, managers.
// It never holds a rule.

export const dialectName = 'argocd';
export const fieldManager = 'argocd-controller';
/** The binary's own name: manager of writes without a field manager, and source of its events. */
export const controllerName = 'argocd-application-controller';
export const trackingAnnotation = 'argocd.argoproj.io/tracking-id';
export const refreshAnnotation = 'argocd.argoproj.io/refresh';
/** On an Application: a time at which somebody agreed to the deletions that wait for a word. */
export const deletionApprovedAnnotation = 'argocd.argoproj.io/deletion-approved';
export const skipReconcileAnnotation = 'argocd.argoproj.io/skip-reconcile';
export const secretTypeLabel = 'argocd.argoproj.io/secret-type';
export const resourcesFinalizer = 'resources-finalizer.argocd.argoproj.io';
/** The ConfigMap with Argo CD's settings. */
export const settingsName = 'argocd-cm';
/** Where Argo CD is installed unless an Application's status says otherwise. */
export const defaultControllerNamespace = 'argocd';
export const inClusterServer = 'https://kubernetes.default.svc';
export const inClusterName = 'in-cluster';
