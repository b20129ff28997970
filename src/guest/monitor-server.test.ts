import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QmpClient } from '../engine/qmp/client';
import { LineSplitter } from '../engine/qmp/lines';
import { encodeEvent, parseArguments, parseRequest } from './monitor-codec';
import { MonitorServer } from './monitor-server';
import { refusal } from './qmp-error';
import * as v from 'valibot';

let folder: string;
let path: string;
let server: MonitorServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-'));
  path = join(folder, 'qmp');
  server = new MonitorServer(async (command, args) => {
    if (command === 'slow') await new Promise((resolve) => setImmediate(resolve));
    if (command === 'no') throw refusal('not today');
    return { command, args };
  });
  await server.listen(path);
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes everything at once and reads that many lines. */
function conversation(text: string, lines: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const splitter = new LineSplitter();
    const seen: unknown[] = [];
    const socket = connect(path, () => socket.write(text));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      seen.push(...splitter.push(Buffer.from(chunk)).map((line): unknown => JSON.parse(line)));
      if (seen.length < lines) return;
      socket.destroy();
      resolve(seen);
    });
  });
}

describe('MonitorServer', () => {
  it('greets, insists on negotiation, and answers pipelined commands in order', async () => {
    const text = [
      '{"execute":"query-status"}',
      '{"execute":"qmp_capabilities","id":0}',
      '{"execute":"slow","arguments":{"a":1},"id":1}',
      '{"execute":"no","id":"x"}',
      'nonsense',
      '{"id":5}',
      '{"execute":"quick"}',
      '',
    ].join('\n');
    const desc = expect.any(String) as unknown;
    expect(await conversation(text, 8)).toEqual([
      { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: 'wherry-guest' }, capabilities: [] } },
      { error: { class: 'CommandNotFound', desc } },
      { return: {}, id: 0 },
      { return: { command: 'slow', args: { a: 1 } }, id: 1 },
      { error: { class: 'GenericError', desc: 'not today' }, id: 'x' },
      { error: { class: 'GenericError', desc } },
      { error: { class: 'GenericError', desc } },
      { return: { command: 'quick', args: {} } },
    ]);
  });

  it('tells every negotiated client what happens', async () => {
    const clients = await Promise.all([QmpClient.connect(`unix:${path}`), QmpClient.connect(`unix:${path}`)]);
    const heard = clients.map((client) => client.waitFor('STOP'));
    server.emit('STOP', { why: 'test' });
    for (const event of await Promise.all(heard)) expect(event.data).toEqual({ why: 'test' });
    for (const client of clients) client.close();
  });
});

describe('the monitor codec', () => {
  it('stamps events with seconds and microseconds', () => {
    const line: unknown = JSON.parse(encodeEvent('STOP', undefined, 1_700_000_000_123));
    expect(line).toEqual({ event: 'STOP', timestamp: { seconds: 1_700_000_000, microseconds: 123_000 } });
  });

  it('refuses requests with members it does not know', () => {
    expect(() => parseRequest('{"execute":"stop","exec-oob":true}')).toThrow('QMP input');
  });

  it('says what is wrong with arguments as QEMU does', () => {
    const schema = v.strictObject({ uri: v.string() });
    expect(parseArguments(schema, { uri: 'unix:/a' })).toEqual({ uri: 'unix:/a' });
    expect(() => parseArguments(schema, {})).toThrow("Parameter 'uri' is missing");
    expect(() => parseArguments(schema, { uri: 1 })).toThrow("Invalid parameter type for 'uri', expected: string");
    expect(() => parseArguments(schema, { uri: '', x: 1 })).toThrow("Parameter 'x' is unexpected");
  });
});
