import { describe, expect, it } from 'vitest';
import { checkNode, describeReport, doctor, type DoctorReport } from './doctor';

describe('doctor', () => {
  it('finds this machine fit for the tests it runs', async () => {
    const report = await doctor();
    expect(Object.keys(report).slice(0, 2)).toEqual(['electron', 'qemu']);
    expect(report.electron).toEqual({
      path: expect.stringMatching(/electron$/i) as string,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      from: expect.stringMatching(/^(downloaded|offline runtime|override)$/) as string,
      ok: true,
    });
    expect(report.qemu.ok).toBe(true);
    expect(report.zstd).toEqual({ ok: true });
    expect(report.simd).toEqual({ ok: true });
  });

  it.each([
    ['16.20.2', false],
    ['18.14.2', false],
    ['18.15.0', true],
    ['20.19.0', true],
    ['25.0.0', true],
  ])('takes Node %s: %s', (version, ok) => {
    const finding = checkNode(version);
    expect(finding.ok).toBe(ok);
    expect(finding.remedy === undefined).toBe(ok);
  });
});

describe('describeReport', () => {
  it('puts the remedy under what is missing', () => {
    const report: DoctorReport = {
      electron: { path: '/e/electron', version: '25.1.1', from: 'offline runtime', ok: true },
      qemu: { ok: false, remedy: 'Install it.' },
      node: { version: '20.19.0', ok: true },
      display: { ok: true, path: ':0' },
      sharedMemory: { path: '/dev/shm', ok: true },
      zstd: { ok: true },
      simd: { ok: true },
    };
    const lines = describeReport(report).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '✓ Electron          25.1.1 /e/electron (offline runtime)',
      '– QEMU              missing',
      '    Install it.',
    ]);
    expect(lines.at(-1)).toBe('Migrations can run here.');
    const unfit = describeReport({ ...report, zstd: { ok: false, remedy: 'Install it anew.' } });
    expect(unfit).toMatch(/^✗ zstd +missing\n {4}Install it anew\.$/m);
    expect(unfit).toMatch(/\nNo migration can run here before what is marked ✗ is there\.$/);
  });
});
