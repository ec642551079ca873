// Decides what the fault proxy shows to its clients: a self-signed certificate for loopback, made anew for each proxy.
// It never signs anything for another name, and needs no program beside Node.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface ServingCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

const dayMs = 86_400_000;
/** Tags of ASN.1, as X.509 (RFC 5280) uses them. */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  time: 0x17,
  list: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** Object identifiers in their encoded form. */
const oids = {
  commonName: '550403',
  basicConstraints: '551d13',
  alternativeNames: '551d11',
  ecdsaWithSha256: '2a8648ce3d040302',
} as const;

/** For 127.0.0.1 and localhost; its own issuer, so that it is what a client has to trust. */
export function makeServingCertificate(now: Date = new Date()): ServingCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = list(oid(oids.ecdsaWithSha256));
  const name = list(der(tags.set, list(oid(oids.commonName), der(tags.text, Buffer.from('fault proxy')))));
  const body = list(
    der(tags.version, integer(Buffer.from([2]))),
    // A serial number is positive: its first bit is not set.
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    name,
    list(time(new Date(now.getTime() - dayMs)), time(new Date(now.getTime() + 30 * dayMs))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tags.extensions, list(isAuthority(), loopbackNames())),
  );
  const certificate = list(body, algorithm, bits(sign('sha256', body, privateKey)));
  return {
    certPem: pem('CERTIFICATE', certificate),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function isAuthority(): Buffer {
  const yes = der(tags.boolean, Buffer.from([0xff]));
  return list(oid(oids.basicConstraints), yes, der(tags.octets, list(yes)));
}

function loopbackNames(): Buffer {
  const dnsName = der(0x82, Buffer.from('localhost'));
  const address = der(0x87, Buffer.from([127, 0, 0, 1]));
  return list(oid(oids.alternativeNames), der(tags.octets, list(dnsName, address)));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = length > 0xff ? [0x82, length >> 8, length & 0xff] : [0x81, length];
  return Buffer.concat([Buffer.from([tag, ...digits]), content]);
}

const list = (...items: readonly Buffer[]): Buffer => der(tags.list, Buffer.concat(items));
const oid = (hex: string): Buffer => der(tags.oid, Buffer.from(hex, 'hex'));
const integer = (digits: Buffer): Buffer => der(tags.integer, digits);
const bits = (content: Buffer): Buffer => der(tags.bits, Buffer.concat([Buffer.from([0]), content]));

/** `YYMMDDhhmmssZ` */
function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replaceAll(/[^0-9]/g, '')
    .slice(2, 14);
  return der(tags.time, Buffer.from(`${digits}Z`));
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
