import { describe, expect, it } from 'vitest';
import { reply } from './qmp/testing';
import { changes, idle, listeningDestination, migrate, monitor } from './session.testing';

describe('a session under way', () => {
  it('fails when the source refuses to migrate, and lets go of the destination', async () => {
    const { there, sockets } = await listeningDestination();
    const here = await monitor(idle, ({ execute, id }, socket) => {
      if (execute !== 'migrate') return false;
      reply(socket, { error: { class: 'GenericError', desc: 'not today' }, id });
      return true;
    });
    const { report, states } = migrate(here.path, there.path);
    expect(await report).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'qmp-command', message: expect.stringContaining('not today') as string },
    });
    expect(states).toEqual(['preparing', 'failed']);
    expect(changes(here)).toEqual(['migrate-set-capabilities', 'migrate-set-parameters', 'migrate']);
    expect(sockets).toHaveLength(1);
  });

  it('asks a source that hung up without an answer whether it runs, and says so', async () => {
    const { there } = await listeningDestination();
    const here = await monitor(idle, ({ execute }, socket) => {
      if (execute === 'migrate') socket.destroy();
      return execute === 'migrate';
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'qmp-closed' },
    });
    expect(changes(here)).not.toContain('cont');
    expect(changes(there)).not.toContain('cont');
  });

  it('confirms a guest that a lost source has handed over, and leaves the source alone', async () => {
    let [handedOver, running] = [false, false];
    const { there } = await listeningDestination(({ execute, id }, socket) => {
      if (execute === 'cont') {
        running = true;
        reply(socket, { event: 'RESUME', timestamp: { seconds: 1, microseconds: 0 } });
      }
      if (execute !== 'query-status' || !handedOver) return false;
      reply(socket, { return: { status: running ? 'running' : 'paused', running }, id });
      return true;
    });
    const here = await monitor(idle, ({ execute, id }, socket) => {
      if (execute === 'migrate') socket.destroy();
      if (execute === 'migrate') handedOver = true;
      if (execute !== 'query-migrate' || !handedOver) return execute === 'migrate';
      reply(socket, { return: { status: 'completed' }, id });
      return true;
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'completed',
      guestRunningOn: 'destination',
    });
    expect(changes(here)).not.toContain('cont');
    expect(changes(there)).toContain('cont');
  });

  it('never continues a source that does not say that its migration is over', async () => {
    const { there } = await listeningDestination();
    let held = false;
    const here = await monitor(idle, ({ execute, id }, socket) => {
      if (execute === 'migrate') {
        held = true;
        reply(socket, { return: {}, id });
        reply(socket, { event: 'MIGRATION', data: { status: 'failed' }, timestamp: { seconds: 1, microseconds: 0 } });
        return true;
      }
      if (!held || !/^query-(status|migrate)$/.test(execute)) return false;
      const status = { status: 'finish-migrate', running: false };
      reply(socket, { return: execute === 'query-status' ? status : { status: 'device' }, id });
      return true;
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'uncertain',
      guestRunningOn: 'unknown',
    });
    expect(changes(here)).not.toContain('cont');
  });

  it('is uncertain when the source is gone for good, and starts nothing', async () => {
    const { there } = await listeningDestination();
    const here = await monitor(idle, ({ execute }) => {
      if (execute === 'migrate') here.close();
      return execute === 'migrate';
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'uncertain',
      guestRunningOn: 'unknown',
      error: { code: 'source-failed', message: expect.stringContaining('must not be') as string },
    });
    expect(changes(there)).not.toContain('cont');
  });

  it('that is cancelled before it has begun never starts to migrate', async () => {
    const { there } = await listeningDestination();
    const here = await monitor(idle);
    const { report, states, session } = migrate(here.path, there.path);
    session.cancel();
    session.cancel();
    const { status, guestRunningOn, error } = await report;
    expect({ status, guestRunningOn, error }).toEqual({
      status: 'cancelled',
      guestRunningOn: 'source',
      error: undefined,
    });
    expect(states).toEqual(['preparing', 'cancelling', 'cancelled']);
    expect(changes(here)).not.toContain('migrate');
    session.cancel();
    expect(session.snapshot().state).toBe('cancelled');
  });
});
