// A service account as which a delivery acts: its name as the API server knows it, and which names there can be.
// It never says what the account may do.

/** Of the cluster that is delivered to. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

/** DNS-1123 subdomains, which is what the API server takes; no colon, space or line break fits. */
const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const namespacePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export function isServiceAccountName(name: string): boolean {
  return name.length <= 253 && namePattern.test(name);
}

/** Whether the name of the user that it becomes can be that of a service account and of nobody else. */
export function isServiceAccountRef({ namespace, name }: ServiceAccountRef): boolean {
  return namespace.length <= 63 && namespacePattern.test(namespace) && isServiceAccountName(name);
}

/** The user name under which the API server knows it. */
export function userOfServiceAccount({ namespace, name }: ServiceAccountRef): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
