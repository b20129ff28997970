import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeIdentity, openIdentity } from './identity';
import { openLastingToken } from './lasting-token';
import { testFolder } from './testing';

const inTheWay = /^could not read .*not a folder.*; set WHERRY_DATA_DIR to use another data folder$/;
const modeOf = (path: string): number => statSync(path).mode & 0o777;

function newFolder(): { folder: string; said: string[]; say: (text: string) => void } {
  const said: string[] = [];
  return { folder: testFolder(), said, say: (text) => void said.push(text) };
}

describe('a receiver’s key and certificate', () => {
  it('is made once, for its owner alone, and read back', async () => {
    const { folder, said, say } = newFolder();
    const made = await openIdentity(folder, say);
    expect(await openIdentity(folder, say)).toEqual(made);
    expect(said).toEqual([]);
    expect(modeOf(join(folder, 'identity'))).toBe(0o700);
    expect(modeOf(join(folder, 'identity', 'receiver.pem'))).toBe(0o600);
    expect(readdirSync(join(folder, 'identity'))).toEqual(['receiver.pem']);
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(made.fingerprint);
    expect(certificate.validTo).toContain('9999');
  });

  it.each<[string, (text: string, other: string) => string | Buffer]>([
    ['empty', () => ''],
    ['cut short', (text) => text.slice(0, 300)],
    ['a key alone', (text) => text.slice(0, text.indexOf('-----BEGIN CERT'))],
    ['spoilt', (text) => text.replace(/[A-Z]{4}/g, 'AAAA')],
    ['another certificate', (text, other) => text.slice(0, text.indexOf('-----BEGIN CERT')) + other],
    ['no text at all', () => Buffer.from([0xff, 0xfe, 0])],
  ])('that is %s is made anew, and it says so without telling the key', async (_, damage) => {
    const { folder, said, say } = newFolder();
    const before = await openIdentity(folder, say);
    const path = join(folder, 'identity', 'receiver.pem');
    writeFileSync(path, damage(readFileSync(path, 'utf8'), (await makeIdentity()).certificate));
    const after = await openIdentity(folder, say);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(said).toEqual([expect.stringMatching(/made a new key and certificate, and .* the new pairing text$/)]);
    expect(said.join()).not.toContain(before.key.split('\n')[1]);
    expect(await openIdentity(folder, say)).toEqual(after);
    expect(modeOf(path)).toBe(0o600);
  });

  it('that others could read is closed to them, and it says so', async () => {
    const { folder, said, say } = newFolder();
    const made = await openIdentity(folder, say);
    const path = join(folder, 'identity', 'receiver.pem');
    chmodSync(path, 0o644);
    chmodSync(join(folder, 'identity'), 0o755);
    expect(await openIdentity(folder, say)).toEqual(made);
    expect(said).toEqual([expect.stringContaining('could be read by others')]);
    expect([modeOf(path), modeOf(join(folder, 'identity'))]).toEqual([0o600, 0o700]);
  });
});

it('a data folder that cannot be used is told of with what names another', async () => {
  const { folder, say } = newFolder();
  writeFileSync(join(folder, 'file'), '');
  for (const open of [openIdentity, openLastingToken]) {
    const refused = open(join(folder, 'file'), say);
    await expect(refused).rejects.toMatchObject({ code: 'store', message: expect.stringMatching(inTheWay) as string });
  }
});

describe('a lasting token', () => {
  it('lasts, for its owner alone', async () => {
    const { folder, said, say } = newFolder();
    const token = await openLastingToken(folder, say);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(await openLastingToken(folder, say)).toBe(token);
    expect(modeOf(join(folder, 'identity', 'token'))).toBe(0o600);
    expect(said).toEqual([]);
  });

  it.each(['', 'short\n', 'A'.repeat(64), `${'ab'.repeat(32)}\n\n`])('that is %j is made anew', async (text) => {
    const { folder, said, say } = newFolder();
    const before = await openLastingToken(folder, say);
    writeFileSync(join(folder, 'identity', 'token'), text);
    expect(await openLastingToken(folder, say)).not.toBe(before);
    expect(said).toEqual([expect.stringContaining('made a new token')]);
  });
});
