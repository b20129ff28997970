import 'reflect-metadata'; // before x509, which is built on it
import { PemConverter, X509CertificateGenerator, cryptoProvider } from '@peculiar/x509';
import { X509Certificate, createHash, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { toFailure, WherryError } from '../../shared/failure';
import type { Identity } from '../../shared/identity';
import { readSecret, writeSecret } from './secret-file';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** A certificate that is known by its fingerprint does not expire (RFC 5280, 4.1.2.5). */
const never = new Date('9999-12-31T23:59:59Z');
const dayMs = 86_400_000;
const form =
  /^(-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n)$/;

/**
 * The receiver's key and certificate in a data folder, made when there is none. A damaged one is made anew: senders
 * refuse that until they are given the new pairing text, and `say` is told so.
 * @throws WherryError `store`
 */
export async function openIdentity(folder: string, say: (text: string) => void): Promise<Identity> {
  const path = join(folder, 'identity', 'receiver.pem');
  const text = await readSecret(path, say);
  if (text !== undefined) {
    try {
      return parseIdentity(text);
    } catch (error) {
      const { message } = toFailure(error);
      say(`${path}: ${message}; made a new key and certificate, and with them senders need the new pairing text`);
    }
  }
  const identity = await makeIdentity();
  await writeSecret(path, identity.key + identity.certificate);
  return identity;
}

/** A new P-256 key and a certificate signed with it. */
export async function makeIdentity(): Promise<Identity> {
  cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `00${randomBytes(16).toString('hex')}`,
    name: 'CN=Wherry receiver',
    notBefore: new Date(Date.now() - dayMs), // clocks differ
    notAfter: never,
    keys,
    signingAlgorithm: algorithm,
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return parseIdentity(`${key.trimEnd()}\n${certificate.toString('pem').trimEnd()}\n`);
}

/**
 * Reads what the file of an identity holds, which is then exactly its key and its certificate.
 * @throws WherryError `store`
 */
export function parseIdentity(text: string): Identity {
  const [, key, certificate] = form.exec(text) ?? [];
  if (key === undefined || certificate === undefined) {
    throw new WherryError('store', 'expected a private key and a certificate');
  }
  const { parsed, belongs } = opened(key, certificate);
  if (!belongs) throw new WherryError('store', 'the key is not that of the certificate');
  const written = Buffer.from(certificate.replace(/-----[^-]+-----/g, ''), 'base64');
  // What is shown to senders is what OpenSSL makes of it, which would be another certificate then.
  if (!parsed.raw.equals(written)) throw new WherryError('store', 'the certificate is damaged');
  return { key, certificate, fingerprint: createHash('sha256').update(parsed.raw).digest('hex') };
}

function opened(key: string, certificate: string): { readonly parsed: X509Certificate; readonly belongs: boolean } {
  try {
    const parsed = new X509Certificate(certificate);
    createSecureContext({ key, cert: certificate }); // it takes fewer
    return { parsed, belongs: parsed.checkPrivateKey(createPrivateKey(key)) };
  } catch (cause) {
    throw new WherryError('store', `expected a private key and a certificate: ${toFailure(cause).message}`, { cause });
  }
}
