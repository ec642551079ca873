// Asks a cluster as a service account of it: the same client, whose requests the server carries out as that account.
// It never falls back to weir's own identity, and never acts as anybody but a service account.

import { isServiceAccountRef, type ObjectRef, type ServiceAccountRef, WeirError } from '@weir/core';
import { type KubeClient, withTransport } from './client.ts';
import type { Transport } from './transport.ts';

/** A server lets weir act as an account that does not exist; that it does is looked up this often while it is used. */
const knownMs = 10_000;

export function actingAs(client: KubeClient, account: ServiceAccountRef): KubeClient {
  if (!isServiceAccountRef(account))
    throw new WeirError({
      code: 'FIELD_INVALID',
      message: `service account ${JSON.stringify(account.name.slice(0, 80))}: is no name that a ServiceAccount can have; expected lower case letters, digits, dots and dashes`,
    });
  const assertThere = createLookup(client, account);
  const { transport } = client;
  const acting: Transport = {
    ...transport,
    send: async (request) => {
      await assertThere();
      return transport.send({ ...request, impersonate: account });
    },
    lines: (request) => transport.lines({ ...request, impersonate: account }),
  };
  return withTransport(client, acting);
}

/** Throws SERVICE_ACCOUNT_MISSING; one look for all who ask within a while. */
function createLookup(client: KubeClient, account: ServiceAccountRef): () => Promise<void> {
  let looked: { readonly at: number; readonly isMissing: Promise<boolean> } | undefined;
  return async () => {
    if (looked === undefined || Date.now() - looked.at >= knownMs)
      looked = { at: Date.now(), isMissing: isAccountMissing(client, account) };
    const { isMissing } = looked;
    if (!(await isMissing)) return;
    looked = undefined;
    throw new WeirError({
      code: 'SERVICE_ACCOUNT_MISSING',
      message: `ServiceAccount ${account.namespace}/${account.name}: does not exist in cluster ${client.name}; expected the account as which the delivery acts: create it with the rights to write what the delivery holds`,
    });
  };
}

/** False, too, where weir may not look or nothing answers: then the server decides when it is asked to act. */
export async function isAccountMissing(client: KubeClient, account: ServiceAccountRef): Promise<boolean> {
  const { namespace, name } = account;
  const ref: ObjectRef = { group: '', version: 'v1', kind: 'ServiceAccount', namespace, name };
  return client.get(ref).then(
    (found) => found === undefined,
    () => false,
  );
}
