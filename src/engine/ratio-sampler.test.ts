import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { RatioSampler } from './ratio-sampler';
import { until } from './until';

const seen = (sampler: RatioSampler): Promise<number | undefined> =>
  until(() => Promise.resolve(sampler.sample?.ratio), 10_000, 1);

it('says what zstd would make of a part, from a copy of it', async () => {
  const sampler = new RatioSampler();
  const part = Buffer.alloc(64 * 1024, 'a guest wrote this ');
  sampler.offer(part, 0);
  randomBytes(part.length).copy(part);
  expect(await seen(sampler)).toBeLessThan(0.05);
});

it('looks once a second, and never at nothing', async () => {
  const sampler = new RatioSampler();
  sampler.offer(Buffer.alloc(0), 0);
  sampler.offer(randomBytes(4096), 0);
  sampler.offer(Buffer.alloc(4096), 999);
  const first = await seen(sampler);
  expect(first).toBeGreaterThan(0.9);
  sampler.offer(Buffer.alloc(4096), 1000);
  await until(() => Promise.resolve(sampler.sample?.ratio !== first || undefined), 10_000, 1);
  expect(sampler.sample?.ratio).toBeLessThan(0.6);
});
