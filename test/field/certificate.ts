import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '../at-end.ts';
import type { Identity } from './server/http.ts';

/** One value in DER: a tag, its length, its content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...content: readonly Buffer[]) => der(0x30, ...content);
const objectId = (hexadecimal: string) => der(0x06, Buffer.from(hexadecimal, 'hex'));
const text = (value: string) => der(0x0c, Buffer.from(value));
const time = (at: Date) =>
  der(
    0x18,
    Buffer.from(
      `${at
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(0, 14)}Z`,
    ),
  );
const octets = (content: Buffer) => der(0x04, content);

/** ecdsa-with-SHA256, subjectAltName, basicConstraints, commonName: RFC 5280 and RFC 5758. */
const OIDS = { signature: '2a8648ce3d040302', names: '551d11', constraints: '551d13', commonName: '550403' } as const;

const pem = (content: Buffer) => {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
};

/** A key and a certificate that signs itself, for 127.0.0.1 and the names. */
export function selfSigned(...names: readonly string[]): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId(OIDS.signature));
  const name = sequence(
    der(0x31, sequence(objectId(OIDS.commonName), text(`field ${randomBytes(4).toString('hex')}`))),
  );
  const alternatives = sequence(
    der(0x87, Buffer.from([127, 0, 0, 1])),
    ...names.map((one) => der(0x82, Buffer.from(one))),
  );
  const extensions = sequence(
    sequence(objectId(OIDS.names), octets(alternatives)),
    sequence(objectId(OIDS.constraints), octets(sequence(der(0x01, Buffer.from([0xff]))))),
  );
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, ...createHash('sha256').update(spki).digest().subarray(0, 8)])),
    algorithm,
    name,
    // The clock of the step is ahead of the machine's.
    sequence(time(new Date('2020-01-01')), time(new Date('2099-01-01'))),
    name,
    spki,
    der(0xa3, extensions),
  );
  const signature = sign('sha256', body, { key: privateKey, dsaEncoding: 'der' });
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: pem(sequence(body, algorithm, der(0x03, Buffer.from([0]), signature))),
  };
}

/** The variables that make a process trust an identity until the file's tests have ended. */
export function trust({ cert }: Identity): { readonly NODE_EXTRA_CA_CERTS: string } {
  const folder = mkdtempSync(join(tmpdir(), 'trust-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, cert);
  return { NODE_EXTRA_CA_CERTS: file };
}
