// How the test kit reads a kubeconfig that localkube wrote: one cluster, one client certificate, everything inside.
// It is no parser of YAML, and reads nobody else's.

export interface LocalAccess {
  readonly server: string;
  readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

/** Throws when a field is missing. */
export function readLocalKubeconfig(text: string): LocalAccess {
  const field = (name: string): string => {
    const value = new RegExp(`${name}: "?([^"\\s]+)"?`).exec(text)?.[1];
    if (value === undefined) throw new Error(`the kubeconfig has no ${name}`);
    return value;
  };
  const decoded = (name: string): Buffer => Buffer.from(field(name), 'base64');
  return {
    server: field('server'),
    tls: {
      ca: decoded('certificate-authority-data'),
      cert: decoded('client-certificate-data'),
      key: decoded('client-key-data'),
    },
  };
}
