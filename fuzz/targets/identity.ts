import { createECDH, createHash, createPrivateKey } from 'node:crypto';
import { parseIdentity } from '../../src/engine/store/identity';
import { parseToken } from '../../src/engine/store/lasting-token';
import { contextOf } from '../../src/engine/wire/secured';
import { mutateBytes } from '../mutate';
import { must, taken, type FuzzTarget } from '../target';
import type { Random } from '../random';

/** Of the key below, and good for nothing else. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBJzCBzaADAgECAgEBMAoGCCqGSM49BAMCMBoxGDAWBgNVBAMTD1doZXJyeSBy
ZWNlaXZlcjAgFw0yNjAxMDEwMDAwMDBaGA85OTk5MTIzMTIzNTk1OVowGjEYMBYG
A1UEAxMPV2hlcnJ5IHJlY2VpdmVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
z7Ek4Xg9Kp1fvs9UGPNyL/srTWy5/BSoOK+MPd8iB38T5npag8EnCp0PqAlroYcX
Pc+XPh8Zf7QWf049gnzOXKMCMAAwCgYIKoZIzj0EAwIDSQAwRgIhANWqr3PJtX/O
L7m7mE+DwWISOA6NAM5Tvy48z1vim7EAAiEA2O4GyHRA3U3VWqy8d2SIxB6FdIst
Z2OHj9phsxHY3Ao=
-----END CERTIFICATE-----
`;

/** A P-256 key made of a word, as the file has it. */
function keyOf(word: string): string {
  const ecdh = createECDH('prime256v1');
  const secret = createHash('sha256').update(word).digest();
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const [d = '', x = '', y = ''] = [secret, point.subarray(1, 33), point.subarray(33)].map((bytes) =>
    bytes.toString('base64url'),
  );
  const key = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', d, x, y }, format: 'jwk' });
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

const key = keyOf('an identity to try');
const another = keyOf('another one');

/** A PEM text whose bytes inside are changed, still in good form. */
function mutatedPem(pem: string, random: Random): string {
  const [begin = '', ...lines] = pem.trimEnd().split('\n');
  const end = lines.pop() ?? '';
  const inside = mutateBytes(Buffer.from(lines.join(''), 'base64'), random).toString('base64');
  return [begin, ...(inside.match(/.{1,64}/g) ?? []), end, ''].join('\n');
}

function identityText(random: Random): string {
  const keys = random.chance(0.9) ? key : another;
  const pieces = [
    random.chance(0.4) ? mutatedPem(keys, random) : keys,
    random.chance(0.4) ? mutatedPem(certificate, random) : certificate,
  ];
  if (random.chance(0.05)) pieces.push(random.pick(pieces));
  if (random.chance(0.05)) pieces.reverse();
  const text = pieces.join('');
  return random.chance(0.3) ? mutateBytes(Buffer.from(text), random).toString('utf8') : text;
}

/** The receiver's key and certificate: what is taken is all of the file, known by its fingerprint, and good for TLS. */
export const identities: FuzzTarget = {
  name: 'identities',
  weight: 1,
  run: (random) => {
    const text = random.give(identityText(random));
    const found = taken(['store'], () => parseIdentity(text));
    if (found === undefined) return 'refused';
    must(found.key + found.certificate === text, 'an identity is not what its file has');
    const der = Buffer.from(found.certificate.replace(/-----[^-]+-----/g, ''), 'base64');
    const fingerprint = createHash('sha256').update(der).digest('hex');
    must(found.fingerprint === fingerprint, 'a fingerprint of something else than the certificate');
    contextOf(found);
    return 'taken';
  },
};

/** A receiver's lasting token: 32 bytes as one line, or nothing. */
export const lastingTokens: FuzzTarget = {
  name: 'lasting-tokens',
  weight: 1,
  run: (random) => {
    const line = `${random.bytes(32).toString('hex')}\n`;
    const text = random.give(mutateBytes(Buffer.from(line), random, 2).toString('utf8'));
    const token = parseToken(text);
    if (token === undefined) return 'refused';
    must(Buffer.from(token, 'hex').length === 32 && `${token}\n` === text, 'a token that is not what its file has');
    return 'taken';
  },
};
